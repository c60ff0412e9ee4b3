/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* For a widget that stands still beside one that moves: it is drawn once and kept as a picture
 * until something in it changes. GTK's cairo renderer goes through everything that is in a window
 * for each frame of any part of it, and a list of a thousand machines is much; with a graphics card
 * nothing is done. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef struct _InnStill InnStill;

InnStill *inn_still_new (void);
void inn_still_free (InnStill *self);
/** inn_still_snapshot: the whole of @widget's snapshot(); @parent_class: whose one draws it. */
void inn_still_snapshot (InnStill *self,
                         GtkWidget *widget,
                         gpointer parent_class,
                         GtkSnapshot *snapshot);

G_END_DECLS
