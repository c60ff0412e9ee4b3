/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard's window: which page is shown and what happens between them. The pages know neither
 * one another nor the helper. */
#include "inn-create-dialog.h"

#include "client/inn-create.h"
#include "client/inn-import.h"
#include "client/inn-job.h"
#include "inn-banner.h"
#include "inn-create-chooser.h"
#include "inn-create-job.h"
#include "inn-drop.h"
#include "inn-kernel-page.h"
#include "inn-os-page.h"
#include "inn-replace-question.h"
#include "inn-source-page.h"
#include "inn-summary-page.h"
#include "inn-wizard-page.h"

#include "app/inn-report.h"

#include <glib/gi18n.h>

struct _InnCreateDialog
{
  AdwWindow parent_instance;

  GtkWidget *back, *create, *cancel;
  AdwWindowTitle *heading;
  InnBanner *banner;
  GtkStack *stack;
  InnSourcePage *source_page;
  InnKernelPage *kernel_page;
  InnSummaryPage *summary_page;
  InnOsPage *os_page;
  GtkLabel *step;
  GtkProgressBar *progress;

  InnConnection *connection;
  GSignalGroup *connection_signals;
  GCancellable *cancellable; /* of what the busy page waits for */
  InnOsDb *db;               /* NULL: still being read */
  GFile *waiting;            /* to be looked at when the helper has answered */
  InnSource source;
  InnOs *os;
  gboolean summary_waits; /* for the list of systems */
  gboolean os_chosen;     /* by hand */
  InnCreateJob *job;      /* the machine being made, else NULL */
  GFile *next;            /* from outside, for when that is done or the question answered */
  GtkWidget *question;    /* or NULL */
};

G_DEFINE_FINAL_TYPE (InnCreateDialog, inn_create_dialog, ADW_TYPE_WINDOW)

enum
{
  CREATED,
  IMPORT,
  LEFT,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static gboolean
is_page (InnCreateDialog *self, const char *name)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), name) == 0;
}

static void
show_page (InnCreateDialog *self, const char *name)
{
  const InnWizardPage *page = inn_wizard_page_find (name);
  gboolean summary = g_str_equal (name, "summary");

  adw_window_title_set_title (self->heading, _ (page->heading));
  gtk_widget_set_visible (self->back, page->back != NULL);
  gtk_widget_set_visible (self->create, summary);
  gtk_window_set_default_widget (GTK_WINDOW (self), summary ? self->create : NULL);
  /* Before the page is shown: the stack would give the focus to its first entry, and mark all that
   * is written there. */
  if (summary)
    gtk_widget_grab_focus (self->create);
  gtk_stack_set_visible_child_name (self->stack, name);
}

static void
show_busy (InnCreateDialog *self, const char *step)
{
  inn_banner_set (self->banner, NULL, NULL);
  gtk_label_set_label (self->step, step);
  gtk_progress_bar_set_fraction (self->progress, 0);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), FALSE);
  gtk_widget_set_sensitive (self->cancel, TRUE);
  show_page (self, "busy");
  gtk_widget_grab_focus (self->cancel);
}

static GCancellable *
renew_cancellable (InnCreateDialog *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  return self->cancellable;
}

static void
fill_summary (InnCreateDialog *self)
{
  g_autoptr (GError) error = NULL;

  inn_summary_page_fill (self->summary_page, self->connection, &self->source, self->os, &error);
  if (error != NULL)
    inn_banner_set (self->banner, error->message, NULL);
}

/* The last page, once it is known which systems there are. */
static void
show_summary (InnCreateDialog *self)
{
  self->summary_waits = self->db == NULL;
  if (self->summary_waits)
    {
      show_busy (self, _ ("Reading which systems there are…"));
      return;
    }
  g_set_object (&self->os, inn_wizard_choose_os (self->db, &self->source));
  self->os_chosen = FALSE;
  inn_banner_set (self->banner, NULL, NULL);
  inn_summary_page_forget (self->summary_page);
  fill_summary (self);
  show_page (self, "summary");
}

static void
on_db_loaded (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnCreateDialog) self = data;

  self->db = inn_os_db_load_finish (result, NULL);
  if (self->db != NULL && self->summary_waits)
    show_summary (self);
}

static void
show_kernel (InnCreateDialog *self)
{
  inn_kernel_page_show (self->kernel_page, &self->source);
  show_page (self, "kernel");
}

static void
on_inspected (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnCreateDialog) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (InnMedia) media = inn_media_inspect_finish (result, &error);
  gboolean kernel = self->source.kind == INN_SOURCE_KERNEL;

  if (g_task_get_cancellable (G_TASK (result)) != self->cancellable)
    return; /* another file is looked at by now, or none */
  if (media == NULL)
    {
      if (inn_report_level (error) == INN_REPORT_SILENT && !is_page (self, "busy"))
        return;
      if (kernel)
        show_kernel (self);
      else
        show_page (self, "source");
      inn_banner_set (self->banner,
                      inn_report_level (error) == INN_REPORT_SILENT ? NULL : error->message, NULL);
      return;
    }
  inn_banner_set (self->banner, NULL, NULL);
  switch (media->kind)
    {
    case INN_MEDIA_OTHER:
      g_clear_pointer (&self->source.initrd, inn_media_unref);
      self->source.initrd = g_steal_pointer (&media);
      show_kernel (self);
      return;
    case INN_MEDIA_KERNEL:
      g_clear_pointer (&self->source.media, inn_media_unref);
      self->source.kind = INN_SOURCE_KERNEL;
      self->source.media = g_steal_pointer (&media);
      show_kernel (self);
      return;
    case INN_MEDIA_ISO:
    case INN_MEDIA_DISK:
      break;
    }
  inn_source_clear (&self->source);
  self->source.kind = media->kind == INN_MEDIA_ISO ? INN_SOURCE_ISO : INN_SOURCE_DISK;
  self->source.media = g_steal_pointer (&media);
  show_summary (self);
}

static void
inspect (InnCreateDialog *self, GFile *file, InnMediaWant want)
{
  g_autofree char *name = g_file_get_basename (file);
  g_autofree char *shown = g_filename_display_name (name);
  g_autofree char *step = g_strdup_printf (_ ("Looking at “%s”…"), shown);

  show_busy (self, step);
  if (want == INN_MEDIA_WANT_SOURCE)
    inn_source_clear (&self->source);
  inn_media_inspect_async (self->connection, file, want, renew_cancellable (self), on_inspected,
                           g_object_ref (self));
}

static void
on_connection_state (InnCreateDialog *self)
{
  const GError *error = inn_connection_get_error (self->connection);
  g_autoptr (GFile) file = NULL;

  if (self->waiting == NULL ||
      inn_connection_get_state (self->connection) == INN_CONNECTION_CONNECTING)
    return;
  file = g_steal_pointer (&self->waiting);
  if (inn_connection_get_state (self->connection) == INN_CONNECTION_READY)
    {
      inspect (self, file, INN_MEDIA_WANT_SOURCE);
      return;
    }
  show_page (self, "source");
  inn_banner_set (self->banner, error != NULL ? error->message : NULL, NULL);
}

static void
import_instead (InnCreateDialog *self, GFile *file)
{
  g_signal_emit (self, signals[IMPORT], 0, file);
  gtk_window_destroy (GTK_WINDOW (self));
}

/* Which disk images there are formats for only the helper knows; at the program's start it may
 * still be on its way. */
static void
take_file (InnCreateDialog *self, GFile *file)
{
  if (self->job != NULL)
    return;
  if (inn_import_is_definition (file))
    {
      import_instead (self, file);
      return;
    }
  show_busy (self, _ ("Waiting for the helper that runs the machines…"));
  g_set_object (&self->waiting, file);
  on_connection_state (self);
}

static gboolean
is_changed (InnCreateDialog *self)
{
  if (is_page (self, "kernel"))
    return self->source.media != NULL || self->source.initrd != NULL ||
           *inn_kernel_page_get_cmdline (self->kernel_page) != '\0';
  return (is_page (self, "summary") || is_page (self, "system")) &&
         (self->os_chosen || inn_summary_page_is_changed (self->summary_page));
}

static void
on_replace_response (InnCreateDialog *self, const char *response)
{
  g_autoptr (GFile) file = g_steal_pointer (&self->next);

  if (file != NULL && g_str_equal (response, INN_REPLACE_YES))
    take_file (self, file);
}

static void
ask_replace (InnCreateDialog *self)
{
  if (self->question == NULL)
    {
      g_set_weak_pointer (&self->question, inn_replace_question_new (GTK_WINDOW (self)));
      g_signal_connect_object (self->question, "response", G_CALLBACK (on_replace_response), self,
                               G_CONNECT_SWAPPED);
    }
  inn_replace_question_set_file (self->question, self->next);
  gtk_window_present (GTK_WINDOW (self->question));
}

void
inn_create_dialog_open (InnCreateDialog *self, GFile *file)
{
  g_return_if_fail (INN_IS_CREATE_DIALOG (self));
  g_return_if_fail (G_IS_FILE (file));

  if (self->job == NULL && !is_changed (self))
    {
      take_file (self, file);
      return;
    }
  g_set_object (&self->next, file);
  if (self->job == NULL)
    ask_replace (self);
}

static void
on_dropped (GFile *file, gpointer data)
{
  inn_create_dialog_open (INN_CREATE_DIALOG (data), file);
}

static void
on_file_chosen (GFile *file, InnMediaWant want, gpointer data)
{
  inspect (INN_CREATE_DIALOG (data), file, want);
}

static void
on_source_chosen (InnCreateDialog *self, int kind, GFile *file)
{
  inn_banner_set (self->banner, NULL, NULL);
  if (file != NULL)
    {
      take_file (self, file);
      return;
    }
  switch ((InnSourceKind)kind)
    {
    case INN_SOURCE_ISO:
    case INN_SOURCE_DISK:
      inn_create_choose_file (GTK_WINDOW (self), kind, INN_MEDIA_WANT_SOURCE, on_file_chosen);
      break;
    case INN_SOURCE_KERNEL:
      inn_source_clear (&self->source);
      self->source.kind = INN_SOURCE_KERNEL;
      show_kernel (self);
      break;
    case INN_SOURCE_NETWORK:
    case INN_SOURCE_NONE:
      inn_source_clear (&self->source);
      self->source.kind = kind;
      show_summary (self);
      break;
    }
}

static void
on_kernel_choose (InnCreateDialog *self, int want)
{
  inn_create_choose_file (GTK_WINDOW (self), INN_SOURCE_KERNEL, want, on_file_chosen);
}

static void
on_kernel_done (InnCreateDialog *self)
{
  const char *cmdline = inn_kernel_page_get_cmdline (self->kernel_page);

  g_clear_pointer (&self->source.cmdline, g_free);
  self->source.cmdline = cmdline[0] != '\0' ? g_strdup (cmdline) : NULL;
  show_summary (self);
}

static void
on_choose_os (InnCreateDialog *self)
{
  inn_banner_set (self->banner, NULL, NULL);
  show_page (self, "system");
  inn_os_page_open (self->os_page, self->db, self->os);
}

static void
on_os_chosen (InnCreateDialog *self, InnOs *os)
{
  g_set_object (&self->os, os);
  self->os_chosen = TRUE;
  fill_summary (self);
  show_page (self, "summary");
}

static void
on_summary_changed (InnCreateDialog *self)
{
  g_autoptr (GError) error = NULL;
  gboolean good = inn_summary_page_check (self->summary_page, &error);

  gtk_widget_set_sensitive (self->create, good);
  inn_banner_set (self->banner, error != NULL ? error->message : NULL, NULL);
}

static void
on_back_clicked (InnCreateDialog *self)
{
  const char *back = inn_wizard_page_find (gtk_stack_get_visible_child_name (self->stack))->back;

  if (is_page (self, "summary") && self->source.kind == INN_SOURCE_KERNEL)
    back = "kernel";
  if (back == NULL)
    return;
  inn_banner_set (self->banner, NULL, NULL);
  show_page (self, back);
}

static void
on_job_progress (InnCreateDialog *self)
{
  gtk_label_set_label (self->step, inn_create_job_get_step (self->job));
  gtk_widget_set_visible (GTK_WIDGET (self->progress), TRUE);
  gtk_progress_bar_set_fraction (self->progress, inn_create_job_get_progress (self->job));
}

/* The next machine's wizard is this one. */
static void
take_next (InnCreateDialog *self)
{
  g_autoptr (GFile) file = g_steal_pointer (&self->next);

  take_file (self, file);
}

/* A failed one leaves nothing behind, and all values stay as they were. */
static void
on_job_ended (InnCreateDialog *self, const GError *error)
{
  g_autoptr (InnCreateJob) job = g_steal_pointer (&self->job);

  if (error == NULL)
    {
      g_signal_emit (self, signals[CREATED], 0, inn_create_job_get_machine (job));
      if (self->next != NULL)
        take_next (self);
      else
        gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  show_page (self, "summary");
  inn_banner_set (self->banner,
                  inn_report_level (error) != INN_REPORT_SILENT ? error->message : NULL, NULL);
  if (self->next != NULL)
    ask_replace (self);
}

static void
on_create_clicked (InnCreateDialog *self)
{
  g_autofree char *name = NULL;
  g_autofree char *step = NULL;

  on_summary_changed (self);
  if (!gtk_widget_get_sensitive (self->create))
    return;
  name = inn_domain_dup_name (inn_summary_page_get_domain (self->summary_page));
  step = g_strdup_printf (_ ("Making “%s”…"), name);
  show_busy (self, step);
  self->job = inn_create_job_new (self->connection);
  g_signal_connect_object (self->job, "progress", G_CALLBACK (on_job_progress), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->job, "ended", G_CALLBACK (on_job_ended), self, G_CONNECT_SWAPPED);
  inn_create_job_run (self->job, inn_summary_page_get_domain (self->summary_page), &self->source,
                      inn_summary_page_get_disk_size (self->summary_page),
                      inn_summary_page_get_start (self->summary_page));
}

static void
on_cancel_clicked (InnCreateDialog *self)
{
  if (self->job != NULL)
    {
      gtk_widget_set_sensitive (self->cancel, FALSE);
      inn_create_job_cancel (self->job);
      return;
    }
  self->summary_waits = FALSE;
  g_clear_object (&self->waiting);
  g_cancellable_cancel (self->cancellable);
  show_page (self, self->source.kind == INN_SOURCE_KERNEL ? "kernel" : "source");
}

/* Closed, which answers that are still awaited outlive: a machine that is being made is left. */
static void
inn_create_dialog_unrealize (GtkWidget *widget)
{
  InnCreateDialog *self = INN_CREATE_DIALOG (widget);
  g_autoptr (InnCreateJob) job = g_steal_pointer (&self->job);

  self->summary_waits = FALSE;
  g_clear_object (&self->waiting);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (job != NULL)
    {
      g_autofree char *name =
          inn_domain_dup_name (inn_summary_page_get_domain (self->summary_page));

      g_signal_handlers_disconnect_by_data (job, self);
      g_signal_emit (self, signals[LEFT], 0, job, name);
    }
  GTK_WIDGET_CLASS (inn_create_dialog_parent_class)->unrealize (widget);
}

static void
inn_create_dialog_dispose (GObject *object)
{
  InnCreateDialog *self = INN_CREATE_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->connection_signals);
  g_clear_object (&self->connection);
  g_clear_object (&self->waiting);
  g_clear_object (&self->next);
  g_clear_weak_pointer (&self->question);
  g_clear_object (&self->job);
  G_OBJECT_CLASS (inn_create_dialog_parent_class)->dispose (object);
}

static void
inn_create_dialog_finalize (GObject *object)
{
  InnCreateDialog *self = INN_CREATE_DIALOG (object);

  g_clear_object (&self->db);
  g_clear_object (&self->os);
  inn_source_clear (&self->source);
  G_OBJECT_CLASS (inn_create_dialog_parent_class)->finalize (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, back);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, create);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, cancel);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, heading);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, banner);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, source_page);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, kernel_page);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, summary_page);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, os_page);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, step);
  gtk_widget_class_bind_template_child (widget_class, InnCreateDialog, progress);
  gtk_widget_class_bind_template_callback (widget_class, on_back_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_create_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_source_chosen);
  gtk_widget_class_bind_template_callback (widget_class, import_instead);
  gtk_widget_class_bind_template_callback (widget_class, on_kernel_choose);
  gtk_widget_class_bind_template_callback (widget_class, on_kernel_done);
  gtk_widget_class_bind_template_callback (widget_class, on_choose_os);
  gtk_widget_class_bind_template_callback (widget_class, on_os_chosen);
  gtk_widget_class_bind_template_callback (widget_class, on_summary_changed);
}

static void
inn_create_dialog_class_init (InnCreateDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_create_dialog_dispose;
  GTK_WIDGET_CLASS (klass)->unrealize = inn_create_dialog_unrealize;
  G_OBJECT_CLASS (klass)->finalize = inn_create_dialog_finalize;
  signals[LEFT] = g_signal_new ("left", INN_TYPE_CREATE_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, INN_TYPE_CREATE_JOB, G_TYPE_STRING);
  signals[IMPORT] = g_signal_new ("import", INN_TYPE_CREATE_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_FILE);
  signals[CREATED] = g_signal_new ("created", INN_TYPE_CREATE_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  g_type_ensure (INN_TYPE_BANNER);
  g_type_ensure (INN_TYPE_SOURCE_PAGE);
  g_type_ensure (INN_TYPE_KERNEL_PAGE);
  g_type_ensure (INN_TYPE_SUMMARY_PAGE);
  g_type_ensure (INN_TYPE_OS_PAGE);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/create/inn-create-dialog.ui");
  bind_template (widget_class);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
inn_create_dialog_init (InnCreateDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->connection_signals = g_signal_group_new (INN_TYPE_CONNECTION);
  g_signal_group_connect_swapped (self->connection_signals, "notify::state",
                                  G_CALLBACK (on_connection_state), self);
  inn_drop_attach (GTK_WIDGET (self), on_dropped, self);
  inn_os_db_load_async (NULL, on_db_loaded, g_object_ref (self));
  show_page (self, "source");
}

GtkWidget *
inn_create_dialog_new (GtkWindow *parent, InnConnection *connection)
{
  InnCreateDialog *self = g_object_new (INN_TYPE_CREATE_DIALOG, "transient-for", parent, NULL);

  self->connection = g_object_ref (connection);
  g_signal_group_set_target (self->connection_signals, connection);
  return GTK_WIDGET (self);
}
