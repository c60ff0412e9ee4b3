/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-still.h"

struct _InnStill
{
  GskRenderNode *node;
  cairo_surface_t *picture; /* which the node shows */
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

/* GTK asks only when something below has changed. */
void
inn_still_snapshot (InnStill *self, GtkWidget *widget, gpointer parent_class, GtkSnapshot *snapshot)
{
  GskRenderer *renderer = gtk_native_get_renderer (gtk_widget_get_native (widget));
  g_autoptr (GskRenderNode) content = NULL;
  GtkSnapshot *below;

  if (!GSK_IS_CAIRO_RENDERER (renderer))
    {
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
