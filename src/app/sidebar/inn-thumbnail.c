/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-thumbnail.h"

/* One pixel of the list is four of a thumbnail's; three colours each. */
#define VISIBLE (4 * 3 * 255)

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
