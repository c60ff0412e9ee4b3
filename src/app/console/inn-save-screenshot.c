/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-save-screenshot.h"

#include <glib/gi18n.h>
#include "app/inn-report.h"
#include "app/inn-save-file.h"
#include "shared/inn-errors.h"

/* Packing a large screen takes seconds. */
static void
save_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (GBytes) png = gdk_texture_save_to_png_bytes (GDK_TEXTURE (source));
  g_autoptr (GError) error = NULL;

  if (g_file_replace_contents (data, g_bytes_get_data (png, NULL), g_bytes_get_size (png), NULL,
                               FALSE, G_FILE_CREATE_NONE, NULL, NULL, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_IO,
                             _ ("%s. Save it in another folder, or under another name."),
                             error->message);
}

void
inn_save_screenshot_async (GdkTexture *texture,
                           GFile *file,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  g_autoptr (GTask) task = g_task_new (texture, NULL, callback, data);

  g_task_set_source_tag (task, inn_save_screenshot_async);
  g_task_set_task_data (task, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (task, save_thread);
}

gboolean
inn_save_screenshot_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWidget) near = data;
  g_autoptr (GError) error = NULL;

  if (!inn_save_screenshot_finish (result, &error))
    inn_report_error (near, _ ("The screenshot could not be saved"), error);
}

static void
on_response (GtkNativeDialog *dialog, int response, gpointer data)
{
  g_autoptr (GtkWidget) near = data;
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    {
      file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      inn_save_screenshot_async (g_object_get_data (G_OBJECT (dialog), "inn-texture"), file,
                                 on_saved, g_steal_pointer (&near));
    }
  g_object_unref (dialog);
}

void
inn_save_screenshot (GtkWidget *near, const char *name, GdkTexture *texture)
{
  GtkNativeDialog *dialog = inn_save_dialog_new (near, _ ("Save Screenshot"), name, "png");

  g_object_set_data_full (G_OBJECT (dialog), "inn-texture", g_object_ref (texture), g_object_unref);
  g_signal_connect (dialog, "response", G_CALLBACK (on_response), g_object_ref (near));
  gtk_native_dialog_show (dialog);
}
