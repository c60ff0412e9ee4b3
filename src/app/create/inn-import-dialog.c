/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The import's window: where definitions are found, what becomes of one, and the wait while it is
 * made. What is told of it is the page's. */
#include "inn-import-dialog.h"

#include "client/inn-create.h"
#include "client/inn-found-media.h"
#include "client/inn-import.h"
#include "inn-banner.h"
#include "inn-choice-button.h"
#include "inn-create-chooser.h"
#include "inn-create-job.h"
#include "inn-drop.h"
#include "inn-import-page.h"

#include "app/inn-report.h"
#include "shared/inn-errors.h"

#include <glib/gi18n.h>

struct _InnImportDialog
{
  AdwWindow parent_instance;

  GtkWidget *back, *import, *cancel;
  AdwWindowTitle *heading;
  InnBanner *banner;
  GtkStack *stack;
  GtkBox *found, *choices;
  GtkWidget *found_box, *denied;
  InnImportPage *page;
  GtkLabel *step;

  InnConnection *connection;
  GSignalGroup *connection_signals;
  GCancellable *looking;     /* of the list */
  GCancellable *cancellable; /* of what the busy page waits for */
  char *shown;               /* the name of the file that is looked at */
  GFile *waiting;            /* to be read when it is known whose machine it will be */
  InnCreateJob *job;         /* the machine being made, else NULL */
};

G_DEFINE_FINAL_TYPE (InnImportDialog, inn_import_dialog, ADW_TYPE_WINDOW)

enum
{
  CREATED,
  LEFT,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
show_page (InnImportDialog *self, const char *name)
{
  gboolean review = g_str_equal (name, "review");

  adw_window_title_set_title (self->heading,
                              review ? _ ("What Will Be Imported") : _ ("Import a Machine"));
  gtk_widget_set_visible (self->back, review);
  gtk_widget_set_visible (self->import, review);
  gtk_window_set_default_widget (GTK_WINDOW (self), review ? self->import : NULL);
  if (review)
    gtk_widget_grab_focus (self->import);
  gtk_stack_set_visible_child_name (self->stack, name);
}

static void
show_error (InnImportDialog *self, const GError *error)
{
  inn_banner_set (
      self->banner,
      error != NULL && inn_report_level (error) != INN_REPORT_SILENT ? error->message : NULL, NULL);
}

static void
show_busy (InnImportDialog *self, const char *step)
{
  show_error (self, NULL);
  gtk_label_set_label (self->step, step);
  gtk_widget_set_sensitive (self->cancel, TRUE);
  show_page (self, "busy");
  gtk_widget_grab_focus (self->cancel);
}

static void
on_page_changed (InnImportDialog *self)
{
  g_autoptr (GError) error = NULL;

  gtk_widget_set_sensitive (self->import, inn_import_page_check (self->page, &error));
  show_error (self, error);
}

/* ---- reading ---- */

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnImportDialog) self = data;
  g_autoptr (GError) error = NULL;
  InnImported *imported = inn_import_read_finish (result, &error);

  if (g_task_get_cancellable (G_TASK (result)) != self->cancellable)
    {
      g_clear_pointer (&imported, inn_imported_free);
      return; /* another file is looked at by now, or none */
    }
  if (imported == NULL)
    {
      if (g_error_matches (error, INN_ERROR, INN_ERROR_INVALID_XML) ||
          g_error_matches (error, INN_ERROR, INN_ERROR_UNSUPPORTED))
        g_prefix_error (&error, _ ("“%s”: "), self->shown);
      show_page (self, "choose");
      show_error (self, error);
      return;
    }
  show_error (self, NULL);
  inn_import_page_show (self->page, imported, self->connection);
  show_page (self, "review");
}

static void
read_file (InnImportDialog *self, GFile *file)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  inn_import_read_async (file,
                         g_strcmp0 (inn_connection_get_mode (self->connection), "system") == 0,
                         self->cancellable, on_read, g_object_ref (self));
}

static void
on_connection_state (InnImportDialog *self)
{
  g_autoptr (GFile) file = NULL;

  if (self->waiting == NULL ||
      inn_connection_get_state (self->connection) == INN_CONNECTION_CONNECTING)
    return;
  file = g_steal_pointer (&self->waiting);
  if (inn_connection_get_state (self->connection) == INN_CONNECTION_READY)
    {
      read_file (self, file);
      return;
    }
  show_page (self, "choose");
  show_error (self, inn_connection_get_error (self->connection));
}

void
inn_import_dialog_open (InnImportDialog *self, GFile *file)
{
  g_autofree char *name = NULL;
  g_autofree char *step = NULL;

  g_return_if_fail (INN_IS_IMPORT_DIALOG (self));
  g_return_if_fail (G_IS_FILE (file));
  if (self->job != NULL)
    return;
  name = g_file_get_basename (file);
  g_free (self->shown);
  self->shown = g_filename_display_name (name);
  step = g_strdup_printf (_ ("Looking at “%s”…"), self->shown);
  show_busy (self, step);
  g_set_object (&self->waiting, file);
  on_connection_state (self);
}

static void
on_file_chosen (GFile *file, InnMediaWant want, gpointer data)
{
  inn_import_dialog_open (INN_IMPORT_DIALOG (data), file);
}

static void
on_disk_chosen (GFile *file, InnMediaWant want, gpointer data)
{
  inn_import_page_set_file (INN_IMPORT_DIALOG (data)->page, file);
}

static void
on_page_choose (InnImportDialog *self, const char *label)
{
  inn_create_choose_file (GTK_WINDOW (self), INN_SOURCE_DISK, INN_MEDIA_WANT_SOURCE,
                          on_disk_chosen);
}

static void
on_choose_clicked (InnImportDialog *self)
{
  inn_create_choose_definition (GTK_WINDOW (self), on_file_chosen);
}

static void
on_dropped (GFile *file, gpointer data)
{
  inn_import_dialog_open (INN_IMPORT_DIALOG (data), file);
}

/* ---- what is on this computer ---- */

static void
on_found_clicked (InnImportDialog *self, GtkButton *button)
{
  inn_import_dialog_open (self, g_object_get_data (G_OBJECT (button), "inn-file"));
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnImportDialog) self = data;
  gboolean denied = FALSE;
  g_autoptr (GPtrArray) files = inn_import_list_finish (result, &denied, NULL);

  if (files == NULL)
    return;
  for (guint i = 0; i < files->len; i++)
    {
      const InnFoundFile *file = files->pdata[i];
      GtkWidget *button = inn_choice_button_new ("computer-symbolic", file->name, file->folder);

      g_object_set_data_full (G_OBJECT (button), "inn-file", g_object_ref (file->file),
                              g_object_unref);
      g_signal_connect_object (button, "clicked", G_CALLBACK (on_found_clicked), self,
                               G_CONNECT_SWAPPED);
      gtk_box_append (self->found, button);
    }
  gtk_widget_set_visible (self->found_box, files->len > 0);
  gtk_widget_set_visible (self->denied, denied);
}

/* ---- making ---- */

static void
on_job_progress (InnImportDialog *self)
{
  gtk_label_set_label (self->step, inn_create_job_get_step (self->job));
}

static void
on_job_ended (InnImportDialog *self, const GError *error)
{
  g_autoptr (InnCreateJob) job = g_steal_pointer (&self->job);

  if (error == NULL)
    {
      g_signal_emit (self, signals[CREATED], 0, inn_create_job_get_machine (job));
      gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  show_page (self, "review");
  show_error (self, error);
}

static void
on_import_clicked (InnImportDialog *self)
{
  static const InnSource in_place = { .kind = INN_SOURCE_DISK, .in_place = TRUE };
  g_autofree char *name = NULL;
  g_autofree char *step = NULL;

  on_page_changed (self);
  if (!gtk_widget_get_sensitive (self->import))
    return;
  name = inn_domain_dup_name (inn_import_page_get_domain (self->page));
  step = g_strdup_printf (_ ("Making “%s”…"), name);
  show_busy (self, step);
  self->job = inn_create_job_new (self->connection);
  g_signal_connect_object (self->job, "progress", G_CALLBACK (on_job_progress), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->job, "ended", G_CALLBACK (on_job_ended), self, G_CONNECT_SWAPPED);
  inn_create_job_run (self->job, inn_import_page_get_domain (self->page), &in_place, 0, FALSE);
}

static void
on_back_clicked (InnImportDialog *self)
{
  show_error (self, NULL);
  show_page (self, "choose");
}

static void
on_cancel_clicked (InnImportDialog *self)
{
  if (self->job != NULL)
    {
      gtk_widget_set_sensitive (self->cancel, FALSE);
      inn_create_job_cancel (self->job);
      return;
    }
  g_clear_object (&self->waiting);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  show_page (self, "choose");
}

/* Closed, which answers that are still awaited outlive: a machine that is being made is left. */
static void
inn_import_dialog_unrealize (GtkWidget *widget)
{
  InnImportDialog *self = INN_IMPORT_DIALOG (widget);
  g_autoptr (InnCreateJob) job = g_steal_pointer (&self->job);

  g_clear_object (&self->waiting);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (job != NULL)
    {
      g_autofree char *name = inn_domain_dup_name (inn_import_page_get_domain (self->page));

      g_signal_handlers_disconnect_by_data (job, self);
      g_signal_emit (self, signals[LEFT], 0, job, name);
    }
  GTK_WIDGET_CLASS (inn_import_dialog_parent_class)->unrealize (widget);
}

static void
inn_import_dialog_dispose (GObject *object)
{
  InnImportDialog *self = INN_IMPORT_DIALOG (object);

  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->connection_signals);
  g_clear_object (&self->connection);
  g_clear_object (&self->waiting);
  g_clear_object (&self->job);
  g_clear_pointer (&self->shown, g_free);
  G_OBJECT_CLASS (inn_import_dialog_parent_class)->dispose (object);
}

static void
inn_import_dialog_class_init (InnImportDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_import_dialog_dispose;
  widget_class->unrealize = inn_import_dialog_unrealize;
  signals[LEFT] = g_signal_new ("left", INN_TYPE_IMPORT_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, INN_TYPE_CREATE_JOB, G_TYPE_STRING);
  signals[CREATED] = g_signal_new ("created", INN_TYPE_IMPORT_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_type_ensure (INN_TYPE_BANNER);
  g_type_ensure (INN_TYPE_IMPORT_PAGE);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/create/inn-import-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, back);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, import);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, cancel);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, heading);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, banner);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, choices);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, found);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, found_box);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, denied);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, page);
  gtk_widget_class_bind_template_child (widget_class, InnImportDialog, step);
  gtk_widget_class_bind_template_callback (widget_class, on_back_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_import_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_page_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_page_choose);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
inn_import_dialog_init (InnImportDialog *self)
{
  GtkWidget *choice;

  gtk_widget_init_template (GTK_WIDGET (self));
  choice = inn_choice_button_new ("document-open-symbolic", _ ("Definition File…"),
                                  _ ("Choose the machine’s XML, as “virsh dumpxml” writes it."));
  g_signal_connect_object (choice, "clicked", G_CALLBACK (on_choose_clicked), self,
                           G_CONNECT_SWAPPED);
  gtk_box_append (self->choices, choice);
  self->connection_signals = g_signal_group_new (INN_TYPE_CONNECTION);
  g_signal_group_connect_swapped (self->connection_signals, "notify::state",
                                  G_CALLBACK (on_connection_state), self);
  inn_drop_attach (GTK_WIDGET (self), on_dropped, self);
  self->looking = g_cancellable_new ();
  inn_import_list_async (self->looking, on_listed, g_object_ref (self));
  show_page (self, "choose");
}

GtkWidget *
inn_import_dialog_new (GtkWindow *parent, InnConnection *connection)
{
  InnImportDialog *self = g_object_new (INN_TYPE_IMPORT_DIALOG, "transient-for", parent, NULL);

  self->connection = g_object_ref (connection);
  g_signal_group_set_target (self->connection_signals, connection);
  return GTK_WIDGET (self);
}
