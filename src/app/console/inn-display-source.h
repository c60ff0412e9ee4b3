/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Where a guest's picture comes from and its input goes: VNC now, QEMU's D-Bus display beside it.
 * InnDisplay draws any. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define INN_TYPE_DISPLAY_SOURCE (inn_display_source_get_type ())
G_DECLARE_DERIVABLE_TYPE (InnDisplaySource, inn_display_source, INN, DISPLAY_SOURCE, GObject)

/* signals, in the main thread, coalesced: "resized", "damaged" (cairo_region_t *, guest pixels),
 * "cursor", "closed" (GError * or NULL). Properties: "absolute" (pointer), "can-resize". */
struct _InnDisplaySourceClass
{
  GObjectClass parent_class;

  void (*start) (InnDisplaySource *self, int fd); /* takes the fd over */
  void (*stop) (InnDisplaySource *self);
  void (*key) (InnDisplaySource *self, guint keyval, guint qnum, gboolean down);
  void (*motion) (InnDisplaySource *self,
                  double x,
                  double y); /* guest pixels, or deltas where not absolute */
  void (*button) (InnDisplaySource *self,
                  guint button,
                  gboolean down); /* 1 left, 2 middle, 3 right, 8 back, 9 forward */
  void (*scroll) (InnDisplaySource *self, int dx, int dy);              /* clicks */
  void (*set_size) (InnDisplaySource *self, guint width, guint height); /* wish: guest pixels */
  /* The picture: x8r8g8b8 in host order, owned by the source, valid until "resized". */
  cairo_surface_t *(*get_surface) (InnDisplaySource *self);
};

G_END_DECLS
