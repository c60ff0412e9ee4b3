/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Small pictures of guests' screens. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define INN_THUMBNAIL_WIDTH  128 /* pixels at most: twice what is shown, for fine screens */
#define INN_THUMBNAIL_HEIGHT 80

/** inn_thumbnail_read_async: reads the binary PPM in @fd, which it closes, in a thread, and makes
 * it small. What it holds comes from a guest: everything is checked. */
void inn_thumbnail_read_async (int fd,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer data);
/** inn_thumbnail_read_finish: @out_hash: equal for equal pictures. */
GdkTexture *inn_thumbnail_read_finish (GAsyncResult *result, guint64 *out_hash, GError **error);

/** inn_thumbnail_decode: the same from memory. @out_width and @out_height: of the pixels (RGB, 8
 * bit, no padding) that are answered; NULL with G_IO_ERROR_INVALID_DATA. */
GBytes *inn_thumbnail_decode (const guint8 *ppm,
                              gsize length,
                              int *out_width,
                              int *out_height,
                              GError **error);

G_END_DECLS
