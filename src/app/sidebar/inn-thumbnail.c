/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Small pictures of guests' screens. Knows no machine and no row. */
#include "inn-thumbnail.h"

#include <fcntl.h>
#include <unistd.h>
#include "shared/inn-picture.h"

/* One pixel of the list is four of a thumbnail's; three colours each. */
#define VISIBLE (4 * 3 * 255)

/* It may be mapped where nobody can cut it. */
static GBytes *
map (int fd, GError **error)
{
  const int seals = F_SEAL_SHRINK | F_SEAL_WRITE;
  g_autoptr (GMappedFile) file = NULL;

  if ((fcntl (fd, F_GET_SEALS) & seals) != seals)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The picture may change.");
      return NULL;
    }
  file = g_mapped_file_new_from_fd (fd, FALSE, error);
  return file != NULL ? g_mapped_file_get_bytes (file) : NULL;
}

GdkTexture *
inn_thumbnail_read (int fd, GError **error)
{
  g_autoptr (GBytes) ppm = map (fd, error);
  g_autoptr (GBytes) pixels = NULL;
  const guint8 *data;
  guint width, height;
  gsize length;

  close (fd);
  if (ppm == NULL)
    return NULL;
  data = g_bytes_get_data (ppm, &length);
  pixels = inn_picture_shrink (data, length, INN_THUMBNAIL_WIDTH, INN_THUMBNAIL_HEIGHT, &width,
                               &height, error);
  if (pixels == NULL)
    return NULL;
  return gdk_memory_texture_new ((int)width, (int)height, GDK_MEMORY_R8G8B8, pixels,
                                 (gsize)width * 3);
}

gboolean
inn_thumbnail_differ (GdkTexture *a, GdkTexture *b)
{
  guint32 pixels[2][INN_THUMBNAIL_WIDTH * INN_THUMBNAIL_HEIGHT];
  const guint8 *p = (const guint8 *)pixels[0], *q = (const guint8 *)pixels[1];
  guint difference = 0;
  int width, height;

  if (a == NULL || b == NULL)
    return a != b;
  width = gdk_texture_get_width (a);
  height = gdk_texture_get_height (a);
  if (width != gdk_texture_get_width (b) || height != gdk_texture_get_height (b))
    return TRUE;
  gdk_texture_download (a, (guchar *)pixels[0], (gsize)width * 4);
  gdk_texture_download (b, (guchar *)pixels[1], (gsize)width * 4);
  for (int i = 0; i < width * height * 4; i++)
    difference += (guint)ABS (p[i] - q[i]);
  return difference >= VISIBLE;
}
