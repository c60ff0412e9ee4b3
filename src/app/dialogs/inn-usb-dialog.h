/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which USB devices of this computer are in a machine for as long as the window is open. */
#pragma once

#include <gtk/gtk.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

/** inn_usb_dialog_open: @near: any widget of the window. */
void inn_usb_dialog_open (GtkWidget *near, InnMachine *machine);

G_END_DECLS
