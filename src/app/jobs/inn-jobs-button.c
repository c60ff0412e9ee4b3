/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The button that tells of running work. Hidden while there is none. Jobs that have ended tell
 * whoever asked for them; here they just go. */
#include "inn-jobs-button.h"

#include "client/inn-job.h"
#include "jobs/inn-job-row.h"

#include <glib/gi18n.h>

struct _InnJobsButton
{
  GtkWidget parent_instance;

  GtkRevealer *revealer;
  GtkLabel *label;
  GtkListBox *list;

  InnConnection *connection;
  GSignalGroup *signals;
};

G_DEFINE_FINAL_TYPE (InnJobsButton, inn_jobs_button, GTK_TYPE_WIDGET)

static GtkListBoxRow *
find_row (InnJobsButton *self, InnJob *job)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL; i++)
    if (inn_job_row_get_job (INN_JOB_ROW (row)) == job)
      return row;
  return NULL;
}

static void
show (InnJobsButton *self)
{
  guint n = inn_jobs_button_get_n_running (self);

  if (n > 0)
    {
      g_autofree char *text = g_strdup_printf (
          g_dngettext (GETTEXT_PACKAGE, "%u job is running", "%u jobs are running", n), n);

      gtk_label_set_label (self->label, text);
    }
  gtk_revealer_set_reveal_child (self->revealer, n > 0);
}

static void
on_job_state (InnJobsButton *self, GParamSpec *pspec, InnJob *job)
{
  GtkListBoxRow *row = find_row (self, job);

  if (inn_job_is_running (job) && row == NULL)
    gtk_list_box_append (self->list, inn_job_row_new (job));
  else if (!inn_job_is_running (job) && row != NULL)
    gtk_list_box_remove (self->list, GTK_WIDGET (row));
  show (self);
}

static void
on_jobs_changed (InnJobsButton *self, guint position, guint removed, guint added, GListModel *jobs)
{
  GtkListBoxRow *row;

  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (InnJob) job = g_list_model_get_item (jobs, i);

      g_signal_connect_object (job, "notify::state", G_CALLBACK (on_job_state), self,
                               G_CONNECT_SWAPPED);
      on_job_state (self, NULL, job);
    }
  /* Rows whose job is no longer listed: its helper has died. */
  for (int i = 0; removed > 0 && (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL;)
    {
      gboolean listed = FALSE;

      for (guint j = 0; j < g_list_model_get_n_items (jobs) && !listed; j++)
        {
          g_autoptr (InnJob) job = g_list_model_get_item (jobs, j);

          listed = job == inn_job_row_get_job (INN_JOB_ROW (row));
        }
      if (listed)
        i++;
      else
        gtk_list_box_remove (self->list, GTK_WIDGET (row));
    }
  show (self);
}

static void
inn_jobs_button_dispose (GObject *object)
{
  InnJobsButton *self = INN_JOBS_BUTTON (object);
  GtkWidget *child;

  g_clear_object (&self->signals);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (inn_jobs_button_parent_class)->dispose (object);
}

static void
inn_jobs_button_class_init (InnJobsButtonClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_jobs_button_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/jobs/inn-jobs-button.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnJobsButton, revealer);
  gtk_widget_class_bind_template_child (widget_class, InnJobsButton, label);
  gtk_widget_class_bind_template_child (widget_class, InnJobsButton, list);
}

static void
inn_jobs_button_init (InnJobsButton *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_swapped (self->signals, "items-changed", G_CALLBACK (on_jobs_changed),
                                  self);
}

/* Jobs of a connection that is not shown must not get a row. */
static void
leave (InnJobsButton *self, GListModel *jobs)
{
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (InnJob) job = g_list_model_get_item (jobs, i);

      g_signal_handlers_disconnect_by_data (job, self);
    }
}

void
inn_jobs_button_set_connection (InnJobsButton *self, InnConnection *connection)
{
  GtkListBoxRow *row;
  GListModel *jobs;

  g_return_if_fail (INN_IS_JOBS_BUTTON (self));
  g_return_if_fail (INN_IS_CONNECTION (connection));

  if (self->connection == connection)
    return;
  if (self->connection != NULL)
    leave (self, inn_connection_get_jobs (self->connection));
  g_set_object (&self->connection, connection);
  while ((row = gtk_list_box_get_row_at_index (self->list, 0)) != NULL)
    gtk_list_box_remove (self->list, GTK_WIDGET (row));
  jobs = inn_connection_get_jobs (connection);
  g_signal_group_set_target (self->signals, jobs);
  on_jobs_changed (self, 0, 0, g_list_model_get_n_items (jobs), jobs);
}

guint
inn_jobs_button_get_n_running (InnJobsButton *self)
{
  guint n = 0;

  g_return_val_if_fail (INN_IS_JOBS_BUTTON (self), 0);

  while (gtk_list_box_get_row_at_index (self->list, (int)n) != NULL)
    n++;
  return n;
}
