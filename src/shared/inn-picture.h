/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Pictures of guests' screens: binary PPM (P6, 8 bit), as QEMU writes it. They come from a guest,
 * and from a QEMU that it may have taken over: nothing in them is believed. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define INN_PICTURE_MAX_SIDE  16384               /* pixels of a screen */
#define INN_PICTURE_MAX_BYTES (256 * 1024 * 1024) /* 8192 × 8192 pixels and more */

typedef struct
{
  guint width, height; /* at most INN_PICTURE_MAX_SIDE */
  gsize offset;        /* of the first pixel; three bytes each, no padding */
  gsize length;        /* from the beginning to behind the last pixel */
} InnPictureHead;

/** inn_picture_read_head: FALSE with G_IO_ERROR_INVALID_DATA for what is no picture. Whether there
 * is as much as @out_head says is the caller's to look at. */
gboolean
inn_picture_read_head (const guint8 *ppm, gsize length, InnPictureHead *out_head, GError **error);

/** inn_picture_shrink: to fit into @max_width × @max_height, never larger than it was. What it
 * costs depends on the small one's size alone. Answers the pixels (RGB, 8 bit, no padding), or
 * NULL with G_IO_ERROR_INVALID_DATA. */
GBytes *inn_picture_shrink (const guint8 *ppm,
                            gsize length,
                            guint max_width,
                            guint max_height,
                            guint *out_width,
                            guint *out_height,
                            GError **error);

G_END_DECLS
