/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Keeps the pictures in the sidebar's rows: asks for those that are seen, less and less often while
 * they stay the same. */
#pragma once

#include "sidebar/inn-machine-row.h"

G_BEGIN_DECLS

typedef struct _InnThumbnailer InnThumbnailer;

/** inn_thumbnailer_new: @viewport: the rows that lie in it are seen. */
InnThumbnailer *inn_thumbnailer_new (GtkScrolledWindow *viewport);
void inn_thumbnailer_free (InnThumbnailer *self);
/** inn_thumbnailer_set_active: @active: the window is seen. */
void inn_thumbnailer_set_active (InnThumbnailer *self, gboolean active);
void inn_thumbnailer_add (InnThumbnailer *self, InnMachineRow *row); /* bound to a machine */
void inn_thumbnailer_remove (InnThumbnailer *self, InnMachineRow *row);
/** inn_thumbnailer_wake: @machine has changed its state. */
void inn_thumbnailer_wake (InnThumbnailer *self, InnMachine *machine);

G_END_DECLS
