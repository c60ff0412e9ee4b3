/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Small pictures of guests' screens. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define INN_THUMBNAIL_WIDTH  128 /* pixels at most: twice what is shown, for fine screens */
#define INN_THUMBNAIL_HEIGHT 80

/** inn_thumbnail_differ: of two of at most that size: somebody who looks at the list would see it.
 * A cursor that blinks in a guest's text is less. NULL: no picture. */
gboolean inn_thumbnail_differ (GdkTexture *a, GdkTexture *b);

G_END_DECLS
