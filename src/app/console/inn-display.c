/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-display-private.h"

#include <math.h>

#define RESIZE_DELAY_MS 300 /* a window being dragged asks once, at its end */
#define MIN_WIDTH       160
#define MIN_HEIGHT      120

struct _InnDisplay
{
  GtkWidget parent_instance;

  InnDisplaySource *source;
  GSignalGroup *signals;
  InnTiles *tiles;
  InnInput *input;
  InnScale scale;
  cairo_rectangle_int_t area; /* of the picture, device pixels */
  int guest_width;            /* 0: there is no picture */
  int guest_height;
  gboolean resize_guest;
  gboolean view_only;
  guint resize;
};

enum
{
  PROP_SOURCE = 1,
  PROP_CAPTURED,
  PROP_TYPING,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (InnDisplay, inn_display, GTK_TYPE_WIDGET)

static void
place_picture (InnDisplay *self)
{
  const int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  const int width = gtk_widget_get_width (GTK_WIDGET (self)) * factor;
  const int height = gtk_widget_get_height (GTK_WIDGET (self)) * factor;
  double scale = 1;

  if (self->guest_width == 0 || width == 0 || height == 0)
    return;
  if (self->scale == INN_SCALE_FIT)
    scale = MIN ((double)width / self->guest_width, (double)height / self->guest_height);
  self->area.width = MAX (1, (int)round (self->guest_width * scale));
  self->area.height = MAX (1, (int)round (self->guest_height * scale));
  self->area.x = MAX (0, (width - self->area.width) / 2);
  self->area.y = MAX (0, (height - self->area.height) / 2);
  inn_tiles_set_area (self->tiles, &self->area, factor);
}

static void
on_resized (InnDisplay *self)
{
  cairo_surface_t *surface =
      self->source != NULL ? inn_display_source_get_surface (self->source) : NULL;

  inn_tiles_set_surface (self->tiles, surface);
  self->guest_width = surface != NULL ? cairo_image_surface_get_width (surface) : 0;
  self->guest_height = surface != NULL ? cairo_image_surface_get_height (surface) : 0;
  place_picture (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
on_damaged (InnDisplay *self, cairo_region_t *region)
{
  inn_tiles_damage (self->tiles, region);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_cursor (InnDisplay *self)
{
  g_autoptr (GdkCursor) cursor = NULL;
  GdkTexture *texture;
  int x, y;

  if (self->source != NULL && !self->view_only)
    {
      /* Without a picture of its own the guest draws its pointer itself: two would be one too many.
       */
      texture = inn_display_source_get_cursor (self->source, &x, &y);
      cursor = texture != NULL ? gdk_cursor_new_from_texture (texture, x, y, NULL)
                               : gdk_cursor_new_from_name ("none", NULL);
    }
  gtk_widget_set_cursor (GTK_WIDGET (self), cursor);
}

static gboolean
on_resize_due (gpointer data)
{
  InnDisplay *self = data;
  const int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  const int width = gtk_widget_get_width (GTK_WIDGET (self)) * factor;
  const int height = gtk_widget_get_height (GTK_WIDGET (self)) * factor;

  self->resize = 0;
  if (self->source != NULL && !self->view_only &&
      inn_display_source_get_can_resize (self->source) &&
      (width != self->guest_width || height != self->guest_height))
    inn_display_source_set_size (self->source, width, height);
  return G_SOURCE_REMOVE;
}

static void
resize_later (InnDisplay *self)
{
  g_clear_handle_id (&self->resize, g_source_remove);
  if (self->resize_guest && self->scale == INN_SCALE_FIT &&
      gtk_widget_get_width (GTK_WIDGET (self)) > 0)
    self->resize = g_timeout_add (RESIZE_DELAY_MS, on_resize_due, self);
}

static void
inn_display_measure (GtkWidget *widget,
                     GtkOrientation orientation,
                     int for_size,
                     int *minimum,
                     int *natural,
                     int *minimum_baseline,
                     int *natural_baseline)
{
  InnDisplay *self = INN_DISPLAY (widget);
  const gboolean horizontal = orientation == GTK_ORIENTATION_HORIZONTAL;
  const int factor = gtk_widget_get_scale_factor (widget);
  const int guest = horizontal ? self->guest_width : self->guest_height;
  const int least = horizontal ? MIN_WIDTH : MIN_HEIGHT;
  const int size = (guest + factor - 1) / factor;

  *minimum = self->scale == INN_SCALE_ACTUAL ? MAX (size, 1) : least;
  *natural = MAX (size, *minimum);
}

static void
inn_display_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  InnDisplay *self = INN_DISPLAY (widget);

  place_picture (self);
  resize_later (self);
}

static void
inn_display_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  static const GdkRGBA black = { 0, 0, 0, 1 };
  InnDisplay *self = INN_DISPLAY (widget);
  const graphene_rect_t all = GRAPHENE_RECT_INIT (0, 0, (float)gtk_widget_get_width (widget),
                                                  (float)gtk_widget_get_height (widget));

  gtk_snapshot_append_color (snapshot, &black, &all);
  inn_tiles_snapshot (self->tiles, snapshot);
}

static void
on_scale_factor_changed (InnDisplay *self)
{
  place_picture (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
inn_display_map (GtkWidget *widget)
{
  InnDisplay *self = INN_DISPLAY (widget);

  GTK_WIDGET_CLASS (inn_display_parent_class)->map (widget);
  if (self->source != NULL)
    inn_display_source_set_seen (self->source, TRUE);
}

static void
inn_display_unmap (GtkWidget *widget)
{
  InnDisplay *self = INN_DISPLAY (widget);

  GTK_WIDGET_CLASS (inn_display_parent_class)->unmap (widget);
  if (self->source != NULL)
    inn_display_source_set_seen (self->source, FALSE);
}

static void
inn_display_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  InnDisplay *self = INN_DISPLAY (object);

  switch (id)
    {
    case PROP_SOURCE:
      g_value_set_object (value, self->source);
      break;
    case PROP_CAPTURED:
      g_value_set_boolean (value, inn_display_get_captured (self));
      break;
    case PROP_TYPING:
      g_value_set_boolean (value, inn_display_get_typing (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
inn_display_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SOURCE)
    inn_display_set_source (INN_DISPLAY (object), g_value_get_object (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
inn_display_dispose (GObject *object)
{
  InnDisplay *self = INN_DISPLAY (object);

  g_clear_handle_id (&self->resize, g_source_remove);
  if (self->input != NULL)
    inn_display_set_source (self, NULL);
  g_clear_pointer (&self->input, inn_input_free);
  g_clear_object (&self->signals);
  G_OBJECT_CLASS (inn_display_parent_class)->dispose (object);
}

static void
inn_display_finalize (GObject *object)
{
  g_clear_pointer (&INN_DISPLAY (object)->tiles, inn_tiles_free);
  G_OBJECT_CLASS (inn_display_parent_class)->finalize (object);
}

static void
inn_display_class_init (InnDisplayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = inn_display_get_property;
  object_class->set_property = inn_display_set_property;
  object_class->dispose = inn_display_dispose;
  object_class->finalize = inn_display_finalize;
  widget_class->map = inn_display_map;
  widget_class->unmap = inn_display_unmap;
  widget_class->measure = inn_display_measure;
  widget_class->size_allocate = inn_display_size_allocate;
  widget_class->snapshot = inn_display_snapshot;
  properties[PROP_SOURCE] =
      g_param_spec_object ("source", NULL, NULL, INN_TYPE_DISPLAY_SOURCE,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_CAPTURED] =
      g_param_spec_boolean ("captured", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_TYPING] =
      g_param_spec_boolean ("typing", NULL, NULL, FALSE,
                            G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_css_name (widget_class, "display");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
inn_display_init (InnDisplay *self)
{
  self->tiles = inn_tiles_new ();
  self->signals = g_signal_group_new (INN_TYPE_DISPLAY_SOURCE);
  g_signal_group_connect_swapped (self->signals, "resized", G_CALLBACK (on_resized), self);
  g_signal_group_connect_swapped (self->signals, "damaged", G_CALLBACK (on_damaged), self);
  g_signal_group_connect_swapped (self->signals, "cursor", G_CALLBACK (on_cursor), self);
  g_signal_group_connect_swapped (self->signals, "notify::can-resize", G_CALLBACK (resize_later),
                                  self);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  g_signal_connect (self, "notify::scale-factor", G_CALLBACK (on_scale_factor_changed), NULL);
  self->input = inn_input_new (self);
}

GtkWidget *
inn_display_new (void)
{
  return g_object_new (INN_TYPE_DISPLAY, NULL);
}

void
inn_display_set_source (InnDisplay *self, InnDisplaySource *source)
{
  g_return_if_fail (INN_IS_DISPLAY (self));

  if (source == self->source)
    return;
  inn_input_set_source (self->input, source);
  g_set_object (&self->source, source);
  if (source != NULL)
    inn_display_source_set_seen (source, gtk_widget_get_mapped (GTK_WIDGET (self)));
  g_signal_group_set_target (self->signals, source);
  on_resized (self);
  on_cursor (self);
  resize_later (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SOURCE]);
}

void
inn_display_set_scale (InnDisplay *self, InnScale scale)
{
  g_return_if_fail (INN_IS_DISPLAY (self));

  self->scale = scale;
  place_picture (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
  resize_later (self);
}

void
inn_display_set_resize_guest (InnDisplay *self, gboolean resize_guest)
{
  g_return_if_fail (INN_IS_DISPLAY (self));

  self->resize_guest = resize_guest;
  resize_later (self);
}

gboolean
inn_display_type (InnDisplay *self, const char *text, GError **error)
{
  g_return_val_if_fail (INN_IS_DISPLAY (self), FALSE);
  return self->input == NULL || inn_input_type (self->input, text, error);
}

gboolean
inn_display_get_typing (InnDisplay *self)
{
  g_return_val_if_fail (INN_IS_DISPLAY (self), FALSE);
  return self->input != NULL && inn_input_get_typing (self->input);
}

void
inn_display_set_view_only (InnDisplay *self, gboolean view_only)
{
  g_return_if_fail (INN_IS_DISPLAY (self));
  if (self->view_only == view_only)
    return;
  self->view_only = view_only;
  inn_input_set_view_only (self->input, view_only);
  on_cursor (self);
  resize_later (self);
}

gboolean
inn_display_get_view_only (InnDisplay *self)
{
  g_return_val_if_fail (INN_IS_DISPLAY (self), FALSE);
  return self->view_only;
}

gboolean
inn_display_get_captured (InnDisplay *self)
{
  g_return_val_if_fail (INN_IS_DISPLAY (self), FALSE);
  return self->input != NULL && inn_input_get_captured (self->input);
}

GdkTexture *
inn_display_dup_texture (InnDisplay *self)
{
  cairo_surface_t *surface =
      self->source != NULL ? inn_display_source_get_surface (self->source) : NULL;
  g_autoptr (GBytes) bytes = NULL;
  guint32 *pixels;
  gsize n;

  if (surface == NULL)
    return NULL;
  n = (gsize)self->guest_width * self->guest_height;
  pixels = g_new (guint32, n);
  for (int y = 0; y < self->guest_height; y++)
    {
      const guint32 *row = (const guint32 *)(cairo_image_surface_get_data (surface) +
                                             (gsize)y * cairo_image_surface_get_stride (surface));
      for (int x = 0; x < self->guest_width; x++)
        pixels[(gsize)y * self->guest_width + x] = row[x] | 0xff000000u; /* GTK 4.8: no x8r8g8b8 */
    }
  bytes = g_bytes_new_take (pixels, n * 4);
  return gdk_memory_texture_new (self->guest_width, self->guest_height, GDK_MEMORY_DEFAULT, bytes,
                                 (gsize)self->guest_width * 4);
}

gboolean
inn_display_map_point (InnDisplay *self, double x, double y, double *out_x, double *out_y)
{
  const int factor = gtk_widget_get_scale_factor (GTK_WIDGET (self));

  if (self->guest_width == 0 || self->area.width == 0)
    return FALSE;
  x = (x * factor - self->area.x) * self->guest_width / self->area.width;
  y = (y * factor - self->area.y) * self->guest_height / self->area.height;
  *out_x = CLAMP (floor (x), 0, self->guest_width - 1);
  *out_y = CLAMP (floor (y), 0, self->guest_height - 1);
  return TRUE;
}
