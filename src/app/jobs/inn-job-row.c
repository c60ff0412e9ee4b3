/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One running job: what it does, how far it is, and a button to cancel it. */
#include "inn-job-row.h"

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

/* "Copying the image · 120 MiB/s · 42 s left" */
static void
show (InnJobRow *self)
{
  g_autofree char *title = NULL;
  g_autofree char *step = NULL;
  GString *text;
  guint64 rate;
  guint remaining;
  double progress;

  g_object_get (self->job, "title", &title, "step", &step, "rate", &rate, "remaining", &remaining,
                "progress", &progress, NULL);
  text = g_string_new (step);
  if (rate > 0)
    {
      g_autofree char *amount = g_format_size_full (rate, G_FORMAT_SIZE_IEC_UNITS);

      /* Translators: bytes per second. */
      g_string_append_printf (text, _ (" · %s/s"), amount);
    }
  if (remaining > 0)
    g_string_append_printf (text, _ (" · %u s left"), remaining);
  gtk_label_set_label (self->title, title);
  gtk_label_set_label (self->step, text->str);
  gtk_progress_bar_set_fraction (self->progress, CLAMP (progress, 0, 1));
  g_string_free (text, TRUE);
}

static void
on_cancel_clicked (InnJobRow *self)
{
  inn_job_cancel (self->job);
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
