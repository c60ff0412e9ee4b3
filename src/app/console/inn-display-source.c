/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-display-source.h"

#include <cairo-gobject.h>

typedef struct
{
  gboolean absolute;
  gboolean can_resize;
  GdkTexture *cursor;
  int hot_x;
  int hot_y;
} InnDisplaySourcePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (InnDisplaySource, inn_display_source, G_TYPE_OBJECT)

enum
{
  PROP_ABSOLUTE = 1,
  PROP_CAN_RESIZE,
  N_PROPS
};

enum
{
  RESIZED,
  DAMAGED,
  CURSOR,
  CLOSED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static void
inn_display_source_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  InnDisplaySourcePrivate *priv =
      inn_display_source_get_instance_private (INN_DISPLAY_SOURCE (object));

  switch (id)
    {
    case PROP_ABSOLUTE:
      g_value_set_boolean (value, priv->absolute);
      break;
    case PROP_CAN_RESIZE:
      g_value_set_boolean (value, priv->can_resize);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
inn_display_source_finalize (GObject *object)
{
  InnDisplaySourcePrivate *priv =
      inn_display_source_get_instance_private (INN_DISPLAY_SOURCE (object));

  g_clear_object (&priv->cursor);
  G_OBJECT_CLASS (inn_display_source_parent_class)->finalize (object);
}

static void
inn_display_source_class_init (InnDisplaySourceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GType type = G_TYPE_FROM_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = inn_display_source_get_property;
  object_class->finalize = inn_display_source_finalize;
  properties[PROP_ABSOLUTE] = g_param_spec_boolean ("absolute", NULL, NULL, TRUE, flags);
  properties[PROP_CAN_RESIZE] = g_param_spec_boolean ("can-resize", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[RESIZED] =
      g_signal_new ("resized", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[DAMAGED] = g_signal_new ("damaged", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, CAIRO_GOBJECT_TYPE_REGION);
  signals[CURSOR] =
      g_signal_new ("cursor", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[CLOSED] = g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
inn_display_source_init (InnDisplaySource *self)
{
  InnDisplaySourcePrivate *priv = inn_display_source_get_instance_private (self);

  priv->absolute = TRUE;
}

void
inn_display_source_start (InnDisplaySource *self, int fd)
{
  g_return_if_fail (INN_IS_DISPLAY_SOURCE (self));
  INN_DISPLAY_SOURCE_GET_CLASS (self)->start (self, fd);
}

void
inn_display_source_stop (InnDisplaySource *self)
{
  g_return_if_fail (INN_IS_DISPLAY_SOURCE (self));
  INN_DISPLAY_SOURCE_GET_CLASS (self)->stop (self);
}

void
inn_display_source_key (InnDisplaySource *self, guint keyval, guint qnum, gboolean down)
{
  g_return_if_fail (INN_IS_DISPLAY_SOURCE (self));
  INN_DISPLAY_SOURCE_GET_CLASS (self)->key (self, keyval, qnum, down);
}

void
inn_display_source_motion (InnDisplaySource *self, double x, double y)
{
  g_return_if_fail (INN_IS_DISPLAY_SOURCE (self));
  INN_DISPLAY_SOURCE_GET_CLASS (self)->motion (self, x, y);
}

void
inn_display_source_button (InnDisplaySource *self, guint button, gboolean down)
{
  g_return_if_fail (INN_IS_DISPLAY_SOURCE (self));
  INN_DISPLAY_SOURCE_GET_CLASS (self)->button (self, button, down);
}

void
inn_display_source_scroll (InnDisplaySource *self, int dx, int dy)
{
  g_return_if_fail (INN_IS_DISPLAY_SOURCE (self));
  INN_DISPLAY_SOURCE_GET_CLASS (self)->scroll (self, dx, dy);
}

void
inn_display_source_set_size (InnDisplaySource *self, guint width, guint height)
{
  g_return_if_fail (INN_IS_DISPLAY_SOURCE (self));
  INN_DISPLAY_SOURCE_GET_CLASS (self)->set_size (self, width, height);
}

cairo_surface_t *
inn_display_source_get_surface (InnDisplaySource *self)
{
  g_return_val_if_fail (INN_IS_DISPLAY_SOURCE (self), NULL);
  return INN_DISPLAY_SOURCE_GET_CLASS (self)->get_surface (self);
}

void
inn_display_source_set_seen (InnDisplaySource *self, gboolean seen)
{
  InnDisplaySourceClass *klass = INN_DISPLAY_SOURCE_GET_CLASS (self);

  if (klass->set_seen != NULL)
    klass->set_seen (self, seen);
}

gboolean
inn_display_source_get_locks (InnDisplaySource *self, InnLocks *out_locks)
{
  InnDisplaySourceClass *klass = INN_DISPLAY_SOURCE_GET_CLASS (self);

  return klass->get_locks != NULL && klass->get_locks (self, out_locks);
}

gboolean
inn_display_source_get_absolute (InnDisplaySource *self)
{
  InnDisplaySourcePrivate *priv = inn_display_source_get_instance_private (self);

  g_return_val_if_fail (INN_IS_DISPLAY_SOURCE (self), TRUE);
  return priv->absolute;
}

gboolean
inn_display_source_get_can_resize (InnDisplaySource *self)
{
  InnDisplaySourcePrivate *priv = inn_display_source_get_instance_private (self);

  g_return_val_if_fail (INN_IS_DISPLAY_SOURCE (self), FALSE);
  return priv->can_resize;
}

GdkTexture *
inn_display_source_get_cursor (InnDisplaySource *self, int *out_hot_x, int *out_hot_y)
{
  InnDisplaySourcePrivate *priv = inn_display_source_get_instance_private (self);

  g_return_val_if_fail (INN_IS_DISPLAY_SOURCE (self), NULL);
  *out_hot_x = priv->hot_x;
  *out_hot_y = priv->hot_y;
  return priv->cursor;
}

void
inn_display_source_set_absolute (InnDisplaySource *self, gboolean absolute)
{
  InnDisplaySourcePrivate *priv = inn_display_source_get_instance_private (self);

  if (priv->absolute == absolute)
    return;
  priv->absolute = absolute;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ABSOLUTE]);
}

void
inn_display_source_set_can_resize (InnDisplaySource *self, gboolean can_resize)
{
  InnDisplaySourcePrivate *priv = inn_display_source_get_instance_private (self);

  if (priv->can_resize == can_resize)
    return;
  priv->can_resize = can_resize;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAN_RESIZE]);
}

void
inn_display_source_set_cursor (InnDisplaySource *self, GdkTexture *cursor, int hot_x, int hot_y)
{
  InnDisplaySourcePrivate *priv = inn_display_source_get_instance_private (self);

  g_set_object (&priv->cursor, cursor);
  priv->hot_x = hot_x;
  priv->hot_y = hot_y;
  g_signal_emit (self, signals[CURSOR], 0);
}

void
inn_display_source_emit_resized (InnDisplaySource *self)
{
  g_signal_emit (self, signals[RESIZED], 0);
}

void
inn_display_source_emit_damaged (InnDisplaySource *self, cairo_region_t *region)
{
  g_signal_emit (self, signals[DAMAGED], 0, region);
}

void
inn_display_source_emit_closed (InnDisplaySource *self, const GError *error)
{
  g_signal_emit (self, signals[CLOSED], 0, error);
}
