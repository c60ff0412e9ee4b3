/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-screenshot.h"

#include <fcntl.h>
#include <unistd.h>
#include "shared/inn-picture.h"

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
inn_screenshot_read (int fd, guint max_width, guint max_height, GError **error)
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
  pixels = inn_picture_shrink (data, length, max_width, max_height, &width, &height, error);
  if (pixels == NULL)
    return NULL;
  return gdk_memory_texture_new ((int)width, (int)height, GDK_MEMORY_R8G8B8, pixels,
                                 (gsize)width * 3);
}
