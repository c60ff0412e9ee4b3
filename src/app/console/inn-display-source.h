/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Where a guest's picture comes from and its input goes: VNC now, QEMU's D-Bus display beside it.
 * InnDisplay draws any. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef enum
{
  INN_LOCKS_NUM = 1 << 0,
  INN_LOCKS_CAPS = 1 << 1,
} InnLocks;

#define INN_TYPE_DISPLAY_SOURCE (inn_display_source_get_type ())
G_DECLARE_DERIVABLE_TYPE (InnDisplaySource, inn_display_source, INN, DISPLAY_SOURCE, GObject)

/* signals, in the main thread, coalesced: "resized", "damaged" (cairo_region_t *, guest pixels),
 * "cursor", "closed" (GError * or NULL; once). Properties: "absolute" (pointer), "can-resize". */
struct _InnDisplaySourceClass
{
  GObjectClass parent_class;

  void (*start) (InnDisplaySource *self, int fd); /* takes the fd over */
  void (*stop) (InnDisplaySource *self);          /* no signal comes after it */
  void (*key) (InnDisplaySource *self, guint keyval, guint qnum, gboolean down);
  void (*motion) (InnDisplaySource *self,
                  double x,
                  double y); /* guest pixels, or deltas where not absolute */
  void (*button) (InnDisplaySource *self,
                  guint button,
                  gboolean down); /* 1 left, 2 middle, 3 right, 8 back, 9 forward */
  void (*scroll) (InnDisplaySource *self, int dx, int dy);              /* clicks */
  void (*set_size) (InnDisplaySource *self, guint width, guint height); /* wish: guest pixels */
  /* The picture: x8r8g8b8 in host order, owned by the source, valid until "resized"; NULL before
   * the first. */
  cairo_surface_t *(*get_surface) (InnDisplaySource *self);
  /* Whether anybody sees it, which somebody does at first: what nobody sees need not come. May be
   * missing. */
  void (*set_seen) (InnDisplaySource *self, gboolean seen);
  /* The lights of the guest's keyboard; FALSE where the guest has not told. May be missing. */
  gboolean (*get_locks) (InnDisplaySource *self, InnLocks *out_locks);
};

void inn_display_source_start (InnDisplaySource *self, int fd);
void inn_display_source_stop (InnDisplaySource *self);
void inn_display_source_key (InnDisplaySource *self, guint keyval, guint qnum, gboolean down);
void inn_display_source_motion (InnDisplaySource *self, double x, double y);
void inn_display_source_button (InnDisplaySource *self, guint button, gboolean down);
void inn_display_source_scroll (InnDisplaySource *self, int dx, int dy);
void inn_display_source_set_size (InnDisplaySource *self, guint width, guint height);
cairo_surface_t *inn_display_source_get_surface (InnDisplaySource *self);
void inn_display_source_set_seen (InnDisplaySource *self, gboolean seen);
gboolean inn_display_source_get_locks (InnDisplaySource *self, InnLocks *out_locks);

gboolean inn_display_source_get_absolute (InnDisplaySource *self);
gboolean inn_display_source_get_can_resize (InnDisplaySource *self);
/** inn_display_source_get_cursor: what the guest's pointer looks like; NULL: the guest draws it
 * into its picture, or shows none. */
GdkTexture *inn_display_source_get_cursor (InnDisplaySource *self, int *out_hot_x, int *out_hot_y);

/* For subclasses. */
#define INN_DISPLAY_MAX_SIDE 16384 /* pixels; what asks for more is no sane server */

void inn_display_source_set_absolute (InnDisplaySource *self, gboolean absolute);
void inn_display_source_set_can_resize (InnDisplaySource *self, gboolean can_resize);
void
inn_display_source_set_cursor (InnDisplaySource *self, GdkTexture *cursor, int hot_x, int hot_y);
void inn_display_source_emit_resized (InnDisplaySource *self);
void inn_display_source_emit_damaged (InnDisplaySource *self, cairo_region_t *region);
void inn_display_source_emit_closed (InnDisplaySource *self, const GError *error);

G_END_DECLS
