/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-save-file.h"

#include <glib/gi18n.h>
#include "inn-report.h"
#include "shared/inn-errors.h"

typedef struct
{
  GtkWidget *near;
  GBytes *bytes;
  char *failed;
} Saving;

static void
saving_free (Saving *saving)
{
  g_object_unref (saving->near);
  g_bytes_unref (saving->bytes);
  g_free (saving->failed);
  g_free (saving);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Saving, saving_free)

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Saving) saving = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) told = NULL;

  if (g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    return;
  told = g_error_new (INN_ERROR, INN_ERROR_IO,
                      _ ("%s. Save it in another folder, or under another name."), error->message);
  inn_report_error (saving->near, saving->failed, told);
}

static void
on_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  g_autoptr (Saving) saving = data;
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    {
      file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_file_replace_contents_bytes_async (file, saving->bytes, NULL, FALSE, G_FILE_CREATE_NONE,
                                           NULL, on_saved, saving);
      saving = NULL;
    }
  g_object_unref (dialog);
}

GtkNativeDialog *
inn_save_dialog_new (GtkWidget *near, const char *title, const char *name, const char *suffix)
{
  GtkRoot *root = gtk_widget_get_root (near);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%d %H-%M-%S");
  g_autofree char *file = g_strdup_printf ("%s %s.%s", name != NULL ? name : "", time, suffix);
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (
      title, GTK_WINDOW (root), GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Save"), NULL);

  g_strdelimit (file, G_DIR_SEPARATOR_S, '-');
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), g_strchug (file));
  return GTK_NATIVE_DIALOG (dialog);
}

void
inn_save_file (GtkWidget *near,
               const char *title,
               const char *name,
               const char *suffix,
               GBytes *bytes,
               const char *failed)
{
  GtkNativeDialog *dialog = inn_save_dialog_new (near, title, name, suffix);
  Saving *saving = g_new0 (Saving, 1);

  saving->near = g_object_ref (near);
  saving->bytes = g_bytes_ref (bytes);
  saving->failed = g_strdup (failed);
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), saving);
  gtk_native_dialog_show (dialog);
}
