/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-still.h"

/* What has changed twice in such a time moves: no picture is made of it until it has stood still
 * for twice that long. GTK then draws the parts that have changed. */
#define MOVES_MS 500

struct _InnStill
{
  GskRenderNode *node;
  cairo_surface_t *picture; /* which the node shows */
  gint64 changed;           /* when it was asked for last, µs */
  GtkWidget *widget;        /* whose it is */
  guint settle_id;
};

static void
forget (InnStill *self)
{
  /* The node first: destroying a surface that it still shows would copy all of its pixels. */
  g_clear_pointer (&self->node, gsk_render_node_unref);
  g_clear_pointer (&self->picture, cairo_surface_destroy);
}

InnStill *
inn_still_new (void)
{
  return g_new0 (InnStill, 1);
}

void
inn_still_free (InnStill *self)
{
  g_clear_handle_id (&self->settle_id, g_source_remove);
  forget (self);
  g_free (self);
}

static void
draw (InnStill *self, GtkWidget *widget, GskRenderNode *content)
{
  const int width = gtk_widget_get_width (widget);
  const int height = gtk_widget_get_height (widget);
  const int scale = gtk_widget_get_scale_factor (widget);
  cairo_t *cr;

  forget (self);
  self->picture = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width * scale, height * scale);
  cairo_surface_set_device_scale (self->picture, scale, scale);
  cr = cairo_create (self->picture);
  gsk_render_node_draw (content, cr);
  cairo_destroy (cr);

  self->node = gsk_cairo_node_new (&GRAPHENE_RECT_INIT (0, 0, (float)width, (float)height));
  cr = gsk_cairo_node_get_draw_context (self->node);
  cairo_set_source_surface (cr, self->picture, 0, 0);
  cairo_paint (cr);
  cairo_destroy (cr);
}

static gboolean
on_settle (gpointer data)
{
  InnStill *self = data;

  self->settle_id = 0;
  gtk_widget_queue_draw (self->widget);
  return G_SOURCE_REMOVE;
}

static gboolean
moves (InnStill *self)
{
  const gint64 now = g_get_monotonic_time ();
  const gboolean soon = now - self->changed < MOVES_MS * 1000;

  self->changed = now;
  g_clear_handle_id (&self->settle_id, g_source_remove);
  if (soon)
    self->settle_id = g_timeout_add (2 * MOVES_MS, on_settle, self);
  return soon;
}

/* GTK asks only when something below has changed. */
void
inn_still_snapshot (InnStill *self, GtkWidget *widget, gpointer parent_class, GtkSnapshot *snapshot)
{
  GskRenderer *renderer = gtk_native_get_renderer (gtk_widget_get_native (widget));
  g_autoptr (GskRenderNode) content = NULL;
  GtkSnapshot *below;

  self->widget = widget;
  if (!GSK_IS_CAIRO_RENDERER (renderer) || moves (self))
    {
      forget (self);
      GTK_WIDGET_CLASS (parent_class)->snapshot (widget, snapshot);
      return;
    }
  below = gtk_snapshot_new ();
  GTK_WIDGET_CLASS (parent_class)->snapshot (widget, below);
  content = gtk_snapshot_free_to_node (below);
  if (content == NULL)
    return;
  draw (self, widget, content);
  gtk_snapshot_append_node (snapshot, self->node);
}
