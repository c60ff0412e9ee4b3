/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-tiles.h"

#include <math.h>

#define TILE      128 /* device pixels */
#define MARGIN    2   /* device pixels around a change that a scaling filter may touch */
#define MAX_RECTS 64  /* more rectangles than that are taken as one */

struct _InnTiles
{
  cairo_surface_t *surface;
  cairo_rectangle_int_t area;
  int scale_factor;
  int columns;
  int rows;
  GskRenderNode **nodes; /* NULL where the picture has changed since */
};

static void
drop_nodes (InnTiles *self)
{
  for (int i = 0; i < self->columns * self->rows; i++)
    g_clear_pointer (&self->nodes[i], gsk_render_node_unref);
}

InnTiles *
inn_tiles_new (void)
{
  InnTiles *self = g_new0 (InnTiles, 1);

  self->scale_factor = 1;
  return self;
}

void
inn_tiles_free (InnTiles *self)
{
  drop_nodes (self);
  g_free (self->nodes);
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  g_free (self);
}

void
inn_tiles_set_surface (InnTiles *self, cairo_surface_t *surface)
{
  /* Nodes first: destroying a surface that they still show would copy all of its pixels. */
  drop_nodes (self);
  g_clear_pointer (&self->surface, cairo_surface_destroy);
  if (surface != NULL)
    self->surface = cairo_surface_reference (surface);
}

void
inn_tiles_set_area (InnTiles *self, const cairo_rectangle_int_t *area, int scale_factor)
{
  if (self->scale_factor == scale_factor && self->area.x == area->x && self->area.y == area->y &&
      self->area.width == area->width && self->area.height == area->height)
    return;
  drop_nodes (self);
  g_free (self->nodes);
  self->area = *area;
  self->scale_factor = scale_factor;
  self->columns = (area->width + TILE - 1) / TILE;
  self->rows = (area->height + TILE - 1) / TILE;
  self->nodes = g_new0 (GskRenderNode *, (gsize)self->columns * self->rows);
}

static void
damage_rectangle (InnTiles *self, const cairo_rectangle_int_t *changed, double sx, double sy)
{
  const int left = MAX ((int)floor (changed->x * sx) - MARGIN, 0) / TILE;
  const int top = MAX ((int)floor (changed->y * sy) - MARGIN, 0) / TILE;
  const int right =
      MIN (((int)ceil ((changed->x + changed->width) * sx) + MARGIN) / TILE, self->columns - 1);
  const int bottom =
      MIN (((int)ceil ((changed->y + changed->height) * sy) + MARGIN) / TILE, self->rows - 1);

  for (int y = top; y <= bottom; y++)
    for (int x = left; x <= right; x++)
      g_clear_pointer (&self->nodes[y * self->columns + x], gsk_render_node_unref);
}

void
inn_tiles_damage (InnTiles *self, const cairo_region_t *region)
{
  cairo_rectangle_int_t changed;
  double sx, sy;
  int n;

  if (self->surface == NULL)
    return;
  sx = (double)self->area.width / cairo_image_surface_get_width (self->surface);
  sy = (double)self->area.height / cairo_image_surface_get_height (self->surface);
  n = cairo_region_num_rectangles (region);
  if (n > MAX_RECTS)
    {
      cairo_region_get_extents (region, &changed);
      damage_rectangle (self, &changed, sx, sy);
      return;
    }
  for (int i = 0; i < n; i++)
    {
      cairo_region_get_rectangle (region, i, &changed);
      damage_rectangle (self, &changed, sx, sy);
    }
}

static GskRenderNode *
create_node (InnTiles *self, int column, int row)
{
  const double scale = self->scale_factor;
  const double sx = (double)self->area.width / cairo_image_surface_get_width (self->surface);
  const double sy = (double)self->area.height / cairo_image_surface_get_height (self->surface);
  const int x = column * TILE;
  const int y = row * TILE;
  const graphene_rect_t bounds =
      GRAPHENE_RECT_INIT ((float)((self->area.x + x) / scale), (float)((self->area.y + y) / scale),
                          (float)(MIN (TILE, self->area.width - x) / scale),
                          (float)(MIN (TILE, self->area.height - y) / scale));
  GskRenderNode *node = gsk_cairo_node_new (&bounds);
  cairo_t *cr = gsk_cairo_node_get_draw_context (node);

  cairo_rectangle (cr, bounds.origin.x, bounds.origin.y, bounds.size.width, bounds.size.height);
  cairo_clip (cr);
  cairo_translate (cr, self->area.x / scale, self->area.y / scale);
  cairo_scale (cr, sx / scale, sy / scale);
  cairo_set_source_surface (cr, self->surface, 0, 0);
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  /* Whole multiples keep their pixels; anything else is filtered. */
  cairo_pattern_set_filter (cairo_get_source (cr), sx == floor (sx) && sy == floor (sy)
                                                       ? CAIRO_FILTER_NEAREST
                                                       : CAIRO_FILTER_GOOD);
  cairo_paint (cr);
  cairo_destroy (cr);
  return node;
}

void
inn_tiles_snapshot (InnTiles *self, GtkSnapshot *snapshot)
{
  if (self->surface == NULL)
    return;
  for (int row = 0; row < self->rows; row++)
    for (int column = 0; column < self->columns; column++)
      {
        GskRenderNode **node = &self->nodes[row * self->columns + column];

        if (*node == NULL)
          *node = create_node (self, column, row);
        gtk_snapshot_append_node (snapshot, *node);
      }
}
