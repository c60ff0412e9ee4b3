/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Pictures of guests' screens, as the helper hands them out. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** inn_screenshot_read: the picture in @fd, which it closes, made to fit: a sealed memfd with a
 * binary PPM. What it holds comes from a guest: everything is checked. NULL: it is none. */
GdkTexture *inn_screenshot_read (int fd, guint max_width, guint max_height, GError **error);

G_END_DECLS
