/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-read-text.h"

#include <glib/gi18n.h>
#include "app/inn-report.h"
#include "shared/inn-errors.h"

/* A console's letters are 9 pixels wide; tesseract was taught by scans of three times that. */
#define SCALE     3
#define MAX_WIDTH 1600 /* larger screens have larger letters */

typedef struct
{
  GtkWidget *near;
  GBytes *png;
  GSubprocess *reader;
} Reading;

static void
reading_free (Reading *reading)
{
  g_object_unref (reading->near);
  g_clear_pointer (&reading->png, g_bytes_unref);
  g_clear_object (&reading->reader);
  g_free (reading);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

static void
fail (Reading *reading, GError *error)
{
  inn_report_error (reading->near, _ ("The screen’s text could not be read"), error);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Reading) reading = data;
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!g_subprocess_communicate_finish (reading->reader, result, &answer, NULL, &error))
    {
      fail (reading, error);
      return;
    }
  if (!g_subprocess_get_successful (reading->reader))
    {
      error =
          g_error_new_literal (INN_ERROR, INN_ERROR_IO,
                               _ ("The program “tesseract” has ended with an error. Install the "
                                  "package tesseract-ocr-eng, then try again."));
      fail (reading, error);
      return;
    }
  text = g_utf8_make_valid (g_bytes_get_data (answer, NULL), (gssize)g_bytes_get_size (answer));
  g_strstrip (text);
  if (*text == '\0')
    {
      inn_report_note (reading->near, _ ("No text was found on the screen."));
      return;
    }
  gdk_clipboard_set_text (gtk_widget_get_clipboard (reading->near), text);
  inn_report_note (reading->near, _ ("The screen’s text is in the clipboard."));
}

static cairo_status_t
append (void *bytes, const unsigned char *data, unsigned length)
{
  g_byte_array_append (bytes, data, length);
  return CAIRO_STATUS_SUCCESS;
}

static void
enlarge_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GdkTexture *texture = source;
  const int width = gdk_texture_get_width (texture), height = gdk_texture_get_height (texture);
  const int scale = width > MAX_WIDTH ? 1 : SCALE;
  cairo_surface_t *picture = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  cairo_surface_t *large =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, width * scale, height * scale);
  cairo_t *cr = cairo_create (large);
  GByteArray *png = g_byte_array_new ();

  gdk_texture_download (texture, cairo_image_surface_get_data (picture),
                        (gsize)cairo_image_surface_get_stride (picture));
  cairo_surface_mark_dirty (picture);
  cairo_scale (cr, scale, scale);
  cairo_set_source_surface (cr, picture, 0, 0);
  cairo_paint (cr);
  cairo_surface_write_to_png_stream (large, append, png);
  cairo_destroy (cr);
  cairo_surface_destroy (large);
  cairo_surface_destroy (picture);
  g_task_return_pointer (task, g_byte_array_free_to_bytes (png), (GDestroyNotify)g_bytes_unref);
}

static void
on_enlarged (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Reading) reading = data;
  g_autoptr (GError) error = NULL;

  reading->png = g_task_propagate_pointer (G_TASK (result), NULL);
  /* All on one page, as one block. */
  reading->reader =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                            G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                        &error, "tesseract", "stdin", "stdout", "--psm", "6", NULL);
  if (reading->reader != NULL)
    {
      g_subprocess_communicate_async (reading->reader, reading->png, NULL, on_read, reading);
      reading = NULL;
    }
  else
    fail (reading, error);
}

void
inn_read_text (GtkWidget *near, GdkTexture *texture)
{
  g_autofree char *program = g_find_program_in_path ("tesseract");
  g_autoptr (Reading) reading = g_new0 (Reading, 1);
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;

  reading->near = g_object_ref (near);
  if (program == NULL)
    {
      error = g_error_new_literal (INN_ERROR, INN_ERROR_NOT_FOUND,
                                   _ ("The program “tesseract” reads it, and is not there. Install "
                                      "the package tesseract-ocr, then try again."));
      fail (reading, error);
      return;
    }
  task = g_task_new (texture, NULL, on_enlarged, g_steal_pointer (&reading));
  g_task_set_source_tag (task, inn_read_text);
  g_task_run_in_thread (task, enlarge_thread);
}
