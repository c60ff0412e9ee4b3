/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest's screen as a widget: draws an InnDisplaySource and sends it keys and pointer. Knows no
 * protocol and no machine.
 *
 * While it has the keyboard ("captured") every key goes to the guest, GTK's shortcuts included;
 * pressing and releasing Ctrl+Alt, with nothing in between, gives it back, a click takes it again.
 */
#pragma once

#include <gtk/gtk.h>
#include "inn-display-source.h"

G_BEGIN_DECLS

typedef enum
{
  INN_SCALE_FIT,    /* as large as the widget allows; the guest's shape is kept */
  INN_SCALE_ACTUAL, /* a guest pixel is a device pixel; put it into a scrolled window */
} InnScale;

#define INN_TYPE_DISPLAY (inn_display_get_type ())
G_DECLARE_FINAL_TYPE (InnDisplay, inn_display, INN, DISPLAY, GtkWidget)

/** InnDisplay: properties "source" (InnDisplaySource), "captured" and "typing" (gboolean,
 * read-only). */
GtkWidget *inn_display_new (void);
void inn_display_set_source (InnDisplay *self, InnDisplaySource *source);
void inn_display_set_scale (InnDisplay *self, InnScale scale);
/** inn_display_set_resize_guest: ask the guest to take the widget's size, where it can. */
void inn_display_set_resize_guest (InnDisplay *self, gboolean resize_guest);
/** inn_display_set_view_only: nothing that is done here reaches the guest, its size included. */
void inn_display_set_view_only (InnDisplay *self, gboolean view_only);
gboolean inn_display_get_view_only (InnDisplay *self);
gboolean inn_display_get_captured (InnDisplay *self);
/** inn_display_send_keys: presses @keycodes (hardware, evdev + 8; 0 ends) in order, releases them
 * backwards. */
void inn_display_send_keys (InnDisplay *self, const guint *keycodes);
/** inn_display_type: @text (UTF-8), key by key, until it is done, a key is pressed or the source
 * goes; see inn_typing_new(). Nothing where there is no source. */
gboolean inn_display_type (InnDisplay *self, const char *text, GError **error);
gboolean inn_display_get_typing (InnDisplay *self);
/** inn_display_dup_texture: the picture now; NULL before the first. */
GdkTexture *inn_display_dup_texture (InnDisplay *self);
/** inn_display_map_point: from the widget's coordinates to the guest's pixel under it, clamped to
 * the picture. FALSE: there is no picture. */
gboolean inn_display_map_point (InnDisplay *self, double x, double y, double *out_x, double *out_y);

/** inn_display_prepare: first thing in main(), before GTK is initialized: without a graphics card,
 * GTK shall not load OpenGL's libraries only to find that there is none (30 ms of each start). */
void inn_display_prepare (void);

/** inn_display_prefer_software: before the first window: where OpenGL would be computed by the CPU,
 * GTK's cairo renderer draws a console with a tenth of the work. */
void inn_display_prefer_software (GdkDisplay *display);

G_END_DECLS
