/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Small pictures of guests' screens. Knows no machine and no row. */
#include "inn-thumbnail.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIDE  16384               /* pixels of a guest's screen */
#define MAX_BYTES (256 * 1024 * 1024) /* of a PPM */

typedef struct
{
  GBytes *pixels;
  int width, height;
} Small;

static void
small_free (Small *small)
{
  g_clear_pointer (&small->pixels, g_bytes_unref);
  g_free (small);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Small, small_free)

/* One number of the head: blanks, perhaps comments, digits. */
static gboolean
read_number (const guint8 **at, const guint8 *end, guint *out_number)
{
  const guint8 *p = *at;
  guint number = 0;

  while (p < end && (g_ascii_isspace (*p) || *p == '#'))
    {
      if (*p == '#')
        while (p < end && *p != '\n')
          p++;
      else
        p++;
    }
  if (p == end || !g_ascii_isdigit (*p))
    return FALSE;
  for (; p < end && g_ascii_isdigit (*p) && number <= MAX_SIDE; p++)
    number = number * 10 + (*p - '0');
  *at = p;
  *out_number = number;
  return TRUE;
}

/* Each pixel is the mean of those that it stands for. */
static GBytes *
shrink (const guint8 *from, guint width, guint height, guint to_width, guint to_height)
{
  guint8 *to = g_malloc (to_width * to_height * 3);

  for (guint y = 0; y < to_height; y++)
    for (guint x = 0; x < to_width; x++)
      {
        guint left = x * width / to_width, right = MAX ((x + 1) * width / to_width, left + 1);
        guint top = y * height / to_height, bottom = MAX ((y + 1) * height / to_height, top + 1);
        guint count = (right - left) * (bottom - top);
        guint sum[3] = { 0, 0, 0 };

        for (guint v = top; v < bottom; v++)
          for (const guint8 *p = from + ((gsize)v * width + left) * 3,
                            *end = from + ((gsize)v * width + right) * 3;
               p < end; p += 3)
            for (guint c = 0; c < 3; c++)
              sum[c] += p[c];
        for (guint c = 0; c < 3; c++)
          to[(y * to_width + x) * 3 + c] = (guint8)(sum[c] / count);
      }
  return g_bytes_new_take (to, to_width * to_height * 3);
}

GBytes *
inn_thumbnail_decode (const guint8 *ppm,
                      gsize length,
                      int *out_width,
                      int *out_height,
                      GError **error)
{
  const guint8 *at = ppm;
  const guint8 *end = ppm + length;
  guint width, height, depth;
  double scale;

  if (length < 2 || at[0] != 'P' || at[1] != '6')
    width = 0;
  else
    {
      at += 2;
      if (!read_number (&at, end, &width) || !read_number (&at, end, &height) ||
          !read_number (&at, end, &depth))
        width = 0;
    }
  if (width == 0 || width > MAX_SIDE || height == 0 || height > MAX_SIDE || depth != 255 ||
      at == end || (gsize)(end - at - 1) < (gsize)width * height * 3)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "This is no picture.");
      return NULL;
    }
  scale =
      MIN (1.0, MIN ((double)INN_THUMBNAIL_WIDTH / width, (double)INN_THUMBNAIL_HEIGHT / height));
  *out_width = MAX (1, (int)(width * scale));
  *out_height = MAX (1, (int)(height * scale));
  return shrink (at + 1, width, height, (guint)*out_width, (guint)*out_height);
}

static guint8 *
read_all (int fd, gsize *out_length, GError **error)
{
  g_autofree guint8 *data = NULL;
  struct stat info;
  gsize done = 0;

  if (fstat (fd, &info) < 0 || info.st_size <= 0 || info.st_size > MAX_BYTES)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "This is no picture.");
      return NULL;
    }
  data = g_try_malloc ((gsize)info.st_size);
  while (data != NULL && done < (gsize)info.st_size)
    {
      gssize n = pread (fd, data + done, (gsize)info.st_size - done, (off_t)done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += (gsize)n;
    }
  if (data == NULL || done < (gsize)info.st_size)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The picture cannot be read.");
      return NULL;
    }
  *out_length = done;
  return g_steal_pointer (&data);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (Small) small = g_new0 (Small, 1);
  g_autofree guint8 *ppm = NULL;
  gsize length;
  GError *error = NULL;

  ppm = read_all (GPOINTER_TO_INT (data), &length, &error);
  if (ppm != NULL)
    small->pixels = inn_thumbnail_decode (ppm, length, &small->width, &small->height, &error);
  if (small->pixels == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&small), (GDestroyNotify)small_free);
}

static void
close_fd (gpointer data)
{
  close (GPOINTER_TO_INT (data));
}

void
inn_thumbnail_read_async (int fd,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, inn_thumbnail_read_async);
  g_task_set_task_data (task, GINT_TO_POINTER (fd), close_fd);
  g_task_run_in_thread (task, read_in_thread);
}

GdkTexture *
inn_thumbnail_read_finish (GAsyncResult *result, guint64 *out_hash, GError **error)
{
  g_autoptr (Small) small = g_task_propagate_pointer (G_TASK (result), error);

  if (small == NULL)
    return NULL;
  *out_hash =
      ((guint64)small->width << 48) ^ ((guint64)small->height << 32) ^ g_bytes_hash (small->pixels);
  return gdk_memory_texture_new (small->width, small->height, GDK_MEMORY_R8G8B8, small->pixels,
                                 (gsize)small->width * 3);
}
