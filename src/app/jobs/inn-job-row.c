/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One running job: what it does, how far it is, and a button to cancel it. */
#include "inn-job-row.h"

#include "inn-report.h"

#include <glib/gi18n.h>

struct _InnJobRow
{
  GtkListBoxRow parent_instance;

  GtkLabel *title;
  GtkLabel *step;
  GtkProgressBar *progress;

  InnJob *job;
};

G_DEFINE_FINAL_TYPE (InnJobRow, inn_job_row, GTK_TYPE_LIST_BOX_ROW)

/* "about 2 minutes left" */
static char *
format_remaining (guint seconds)
{
  const guint minutes = (seconds + 30) / 60;
  const guint hours = (minutes + 30) / 60;

  if (seconds < 60)
    return g_strdup_printf (
        g_dngettext (GETTEXT_PACKAGE, "%u second left", "%u seconds left", seconds), seconds);
  if (minutes < 60)
    return g_strdup_printf (
        g_dngettext (GETTEXT_PACKAGE, "about %u minute left", "about %u minutes left", minutes),
        minutes);
  return g_strdup_printf (
      g_dngettext (GETTEXT_PACKAGE, "about %u hour left", "about %u hours left", hours), hours);
}

/* "Copying the image · 120 MiB/s · 42 seconds left" */
static void
show (InnJobRow *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) parts = NULL;
  g_autofree char *title = NULL;
  g_autofree char *step = NULL;
  g_autofree char *text = NULL;
  guint64 rate;
  guint remaining;
  double progress;

  g_object_get (self->job, "title", &title, "step", &step, "rate", &rate, "remaining", &remaining,
                "progress", &progress, NULL);
  g_strv_builder_add (builder, step);
  if (rate > 0)
    {
      g_autofree char *amount = g_format_size_full (rate, G_FORMAT_SIZE_IEC_UNITS);
      /* Translators: so many bytes per second. */
      g_autofree char *each_second = g_strdup_printf (_ ("%s/s"), amount);

      g_strv_builder_add (builder, each_second);
    }
  if (remaining > 0)
    {
      g_autofree char *left = format_remaining (remaining);

      g_strv_builder_add (builder, left);
    }
  parts = g_strv_builder_end (builder);
  text = g_strjoinv (" · ", parts);
  gtk_label_set_label (self->title, title);
  gtk_label_set_label (self->step, text);
  gtk_progress_bar_set_fraction (self->progress, CLAMP (progress, 0, 1));
}

static void
on_cancelled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnJobRow) self = data;
  g_autoptr (GError) error = NULL;

  if (!inn_job_cancel_finish (INN_JOB (source), result, &error) &&
      gtk_widget_get_root (GTK_WIDGET (self)) != NULL)
    inn_report_error (GTK_WIDGET (self), _ ("This could not be cancelled"), error);
}

static void
on_cancel_clicked (InnJobRow *self)
{
  inn_job_cancel_async (self->job, on_cancelled, g_object_ref (self));
}

static void
inn_job_row_dispose (GObject *object)
{
  InnJobRow *self = INN_JOB_ROW (object);

  g_clear_object (&self->job);
  G_OBJECT_CLASS (inn_job_row_parent_class)->dispose (object);
}

static void
inn_job_row_class_init (InnJobRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_job_row_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/jobs/inn-job-row.ui");
  gtk_widget_class_bind_template_child (widget_class, InnJobRow, title);
  gtk_widget_class_bind_template_child (widget_class, InnJobRow, step);
  gtk_widget_class_bind_template_child (widget_class, InnJobRow, progress);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel_clicked);
}

static void
inn_job_row_init (InnJobRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
inn_job_row_new (InnJob *job)
{
  InnJobRow *self = g_object_new (INN_TYPE_JOB_ROW, NULL);

  self->job = g_object_ref (job);
  g_signal_connect_object (job, "notify", G_CALLBACK (show), self, G_CONNECT_SWAPPED);
  show (self);
  return GTK_WIDGET (self);
}

InnJob *
inn_job_row_get_job (InnJobRow *self)
{
  g_return_val_if_fail (INN_IS_JOB_ROW (self), NULL);

  return self->job;
}
