/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A picture that changes in places, drawn as a grid of render nodes that are kept while what they
 * show stays the same. Knows neither where the picture comes from nor what the widget does.
 *
 * The grid is in device pixels: in guest pixels its seams would show when scaled. GTK compares
 * nodes by pointer, so what is kept is not drawn again: 0.7 ms for a small change of a full-HD
 * screen where a texture of the whole costs 33 (measured, GTK 4.8, cairo). */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct _InnTiles InnTiles;

InnTiles *inn_tiles_new (void);
void inn_tiles_free (InnTiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (InnTiles, inn_tiles_free)

/** inn_tiles_set_surface: an image surface, whose pixels may change at any time; NULL: nothing. */
void inn_tiles_set_surface (InnTiles *self, cairo_surface_t *surface);
/** inn_tiles_set_area: where the picture goes, in device pixels of a widget with @scale_factor. */
void inn_tiles_set_area (InnTiles *self, const cairo_rectangle_int_t *area, int scale_factor);
/** inn_tiles_damage: @region: of the surface, what has changed. */
void inn_tiles_damage (InnTiles *self, const cairo_region_t *region);
void inn_tiles_snapshot (InnTiles *self, GtkSnapshot *snapshot);

G_END_DECLS
