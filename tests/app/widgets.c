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

static gboolean
says (GtkWidget *widget, const char *text)
{
  if (text == NULL || g_strcmp0 (gtk_widget_get_tooltip_text (widget), text) == 0)
    return TRUE;
  if (GTK_IS_BUTTON (widget))
    return g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), text) == 0;
  /* Markup that is damaged shows nothing. */
  return GTK_IS_LABEL (widget) && (g_str_equal (gtk_label_get_text (GTK_LABEL (widget)), text) ||
                                   (!gtk_label_get_use_markup (GTK_LABEL (widget)) &&
                                    g_str_equal (gtk_label_get_label (GTK_LABEL (widget)), text)));
}

static GtkWidget *
find (GtkWidget *widget, GType type, const char *text, gboolean shown)
{
  GtkWidget *found = NULL;

  if (shown && !gtk_widget_get_mapped (widget))
    return NULL;
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type) && says (widget, text))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find (child, type, text, shown);
  return found;
}

GtkWidget *
find_widget (GtkWidget *widget, GType type, const char *text)
{
  return find (widget, type, text, FALSE);
}

GtkWidget *
find_shown (GtkWidget *widget, GType type, const char *text)
{
  return find (widget, type, text, TRUE);
}

AdwMessageDialog *
find_dialog (void)
{
  GListModel *all = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (all); i++)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (all, i);

      if (ADW_IS_MESSAGE_DIALOG (window))
        return ADW_MESSAGE_DIALOG (window);
    }
  return NULL;
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
