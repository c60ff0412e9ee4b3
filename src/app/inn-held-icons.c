/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-held-icons.h"

/* As -gtk-icon-size of Adwaita's style has them. */
#define NORMAL_SIZE 16
#define LARGE_SIZE  32

static int
get_size (GtkImage *image)
{
  const int size = gtk_image_get_pixel_size (image);

  if (size > 0)
    return size;
  return gtk_image_get_icon_size (image) == GTK_ICON_SIZE_LARGE ? LARGE_SIZE : NORMAL_SIZE;
}

static GIcon *
create_icon (GtkImage *image)
{
  if (gtk_image_get_storage_type (image) == GTK_IMAGE_ICON_NAME)
    return g_themed_icon_new (gtk_image_get_icon_name (image));
  if (gtk_image_get_storage_type (image) == GTK_IMAGE_GICON)
    return g_object_ref (gtk_image_get_gicon (image));
  return NULL;
}

/* Of @theme, as a set; emptied when the theme is another: then they are looked up anew. */
static GHashTable *
get_held (GtkIconTheme *theme)
{
  static const char key[] = "inn-held-icons";
  GHashTable *held = g_object_get_data (G_OBJECT (theme), key);

  if (held != NULL)
    return held;
  held = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  g_object_set_data_full (G_OBJECT (theme), key, held, (GDestroyNotify)g_hash_table_unref);
  g_signal_connect_swapped (theme, "changed", G_CALLBACK (g_hash_table_remove_all), held);
  return held;
}

static gboolean
on_map (GSignalInvocationHint *hint, guint n_values, const GValue *values, gpointer data)
{
  GtkWidget *widget = g_value_get_object (&values[0]);
  g_autoptr (GIcon) icon = GTK_IS_IMAGE (widget) ? create_icon (GTK_IMAGE (widget)) : NULL;
  GtkIconTheme *theme;

  if (icon == NULL)
    return G_SOURCE_CONTINUE;
  theme = gtk_icon_theme_get_for_display (gtk_widget_get_display (widget));
  /* With the arguments of gtkiconhelper.c, which preloads an image as soon as it has a size. */
  g_hash_table_add (get_held (theme),
                    gtk_icon_theme_lookup_by_gicon (theme, icon, get_size (GTK_IMAGE (widget)),
                                                    gtk_widget_get_scale_factor (widget),
                                                    gtk_widget_get_direction (widget),
                                                    GTK_ICON_LOOKUP_PRELOAD));
  return G_SOURCE_CONTINUE;
}

void
inn_held_icons_begin (void)
{
  gpointer widget_class = g_type_class_ref (GTK_TYPE_WIDGET); /* its signals are there with it */

  g_signal_add_emission_hook (g_signal_lookup ("map", GTK_TYPE_WIDGET), 0, on_map, NULL, NULL);
  g_type_class_unref (widget_class);
}
