/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-picture.h"

#define SAMPLES 4 /* in each direction, at most, of the pixels that one small pixel stands for */

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
  for (; p < end && g_ascii_isdigit (*p) && number <= INN_PICTURE_MAX_SIDE; p++)
    number = number * 10 + (*p - '0');
  *at = p;
  *out_number = number;
  return TRUE;
}

static gboolean
refuse (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "This is no picture.");
  return FALSE;
}

gboolean
inn_picture_read_head (const guint8 *ppm, gsize length, InnPictureHead *out_head, GError **error)
{
  const guint8 *at = ppm, *end = ppm + length;
  InnPictureHead head = { 0 };
  guint depth;

  if (length < 2 || at[0] != 'P' || at[1] != '6')
    return refuse (error);
  at += 2;
  if (!read_number (&at, end, &head.width) || !read_number (&at, end, &head.height) ||
      !read_number (&at, end, &depth) || depth != 255 || at == end || head.width == 0 ||
      head.width > INN_PICTURE_MAX_SIDE || head.height == 0 || head.height > INN_PICTURE_MAX_SIDE)
    return refuse (error);
  head.offset = (gsize)(at + 1 - ppm); /* one blank */
  head.length = head.offset + (gsize)head.width * head.height * 3;
  if (head.length > INN_PICTURE_MAX_BYTES)
    return refuse (error);
  *out_head = head;
  return TRUE;
}

/* A sum of so many bytes, times this, >> 16 is their mean, rounded down as by a division. */
#define SHARE(count) (65536 / (count) + 1)

static const guint shares[SAMPLES * SAMPLES + 1] = {
  0,          SHARE (1),  SHARE (2),  SHARE (3),  SHARE (4),  SHARE (5),
  SHARE (6),  SHARE (7),  SHARE (8),  SHARE (9),  SHARE (10), SHARE (11),
  SHARE (12), SHARE (13), SHARE (14), SHARE (15), SHARE (16),
};

/* The mean of up to SAMPLES × SAMPLES pixels of that part of the picture. */
static inline void
mix (const guint8 *pixels,
     guint width,
     guint left,
     guint right,
     guint top,
     guint bottom,
     guint8 *to)
{
  const guint across = right - left > SAMPLES ? (right - left + SAMPLES - 1) / SAMPLES : 1;
  const guint down = bottom - top > SAMPLES ? (bottom - top + SAMPLES - 1) / SAMPLES : 1;
  guint red = 0, green = 0, blue = 0, count = 0;

  for (guint y = top; y < bottom; y += down)
    for (guint x = left; x < right; x += across)
      {
        const guint8 *p = pixels + ((gsize)y * width + x) * 3;

        red += p[0];
        green += p[1];
        blue += p[2];
        count++;
      }
  to[0] = (guint8)(red * shares[count] >> 16);
  to[1] = (guint8)(green * shares[count] >> 16);
  to[2] = (guint8)(blue * shares[count] >> 16);
}

GBytes *
inn_picture_shrink (const guint8 *ppm,
                    gsize length,
                    guint max_width,
                    guint max_height,
                    guint *out_width,
                    guint *out_height,
                    GError **error)
{
  InnPictureHead head;
  double scale;
  guint width, height;
  g_autofree guint *from = NULL; /* columns */
  guint8 *to;

  if (!inn_picture_read_head (ppm, length, &head, error))
    return NULL;
  if (length < head.length)
    {
      refuse (error);
      return NULL;
    }
  scale = MIN (1.0, MIN ((double)max_width / head.width, (double)max_height / head.height));
  width = MAX (1, (guint)(head.width * scale));
  height = MAX (1, (guint)(head.height * scale));
  to = g_malloc ((gsize)width * height * 3);
  from = g_new (guint, width + 1);
  for (guint x = 0; x <= width; x++)
    from[x] = x * head.width / width;
  for (guint y = 0; y < height; y++)
    {
      const guint top = y * head.height / height;
      const guint bottom = (y + 1) * head.height / height;

      for (guint x = 0; x < width; x++)
        mix (ppm + head.offset, head.width, from[x], from[x + 1], top, bottom,
             to + ((gsize)y * width + x) * 3);
    }
  *out_width = width;
  *out_height = height;
  return g_bytes_new_take (to, (gsize)width * height * 3);
}
