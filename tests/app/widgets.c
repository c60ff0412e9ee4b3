/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "widgets.h"

gboolean
widgets_on_deadline (gpointer what)
{
  g_error ("Nothing happened for 60 s: %s", (const char *)what);
}

void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
on_painted (GdkFrameClock *clock, gboolean *painted)
{
  *painted = TRUE;
}

static GskRenderNode *
create_node (GtkWidget *widget)
{
  g_autoptr (GdkPaintable) paintable = NULL;
  GdkFrameClock *clock = gtk_widget_get_frame_clock (widget);
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  gboolean painted = FALSE;
  gulong handler;

  gtk_widget_queue_draw (widget);
  handler = g_signal_connect (clock, "after-paint", G_CALLBACK (on_painted), &painted);
  wait_until (painted);
  g_signal_handler_disconnect (clock, handler);
  paintable = gtk_widget_paintable_new (widget);
  gdk_paintable_snapshot (paintable, snapshot, gtk_widget_get_width (widget),
                          gtk_widget_get_height (widget));
  return gtk_snapshot_free_to_node (snapshot);
}

static GdkTexture *
render_texture (GtkWidget *widget)
{
  g_autoptr (GskRenderNode) node = NULL;
  graphene_rect_t all;

  /* A frame in which the widget got its place has nothing of it yet. */
  wait_until ((node = create_node (widget)) != NULL);
  graphene_rect_init (&all, 0, 0, (float)gtk_widget_get_width (widget),
                      (float)gtk_widget_get_height (widget));
  return gsk_renderer_render_texture (gtk_native_get_renderer (gtk_widget_get_native (widget)),
                                      node, &all);
}

guint32 *
render (GtkWidget *widget, int *out_width, int *out_height)
{
  g_autoptr (GdkTexture) texture = render_texture (widget);
  const int width = gdk_texture_get_width (texture);
  const int height = gdk_texture_get_height (texture);
  guint32 *pixels = g_new (guint32, (gsize)width * height);

  gdk_texture_download (texture, (guchar *)pixels, (gsize)width * 4);
  for (gsize i = 0; i < (gsize)width * height; i++)
    pixels[i] &= 0xffffff;
  *out_width = width;
  *out_height = height;
  return pixels;
}

void
take_picture (GtkWidget *widget, const char *name)
{
  const char *folder = g_getenv ("INN_TEST_PICTURES");
  g_autofree char *file = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  if (folder == NULL)
    return;
  file = g_strconcat (name, ".png", NULL);
  path = g_build_filename (folder, file, NULL);
  texture = render_texture (widget);
  g_assert_true (gdk_texture_save_to_png (texture, path));
}
