/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One machine in the sidebar's list: picture, name, state, CPU use. */
#pragma once

#include <gtk/gtk.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_MACHINE_ROW (inn_machine_row_get_type ())
G_DECLARE_FINAL_TYPE (InnMachineRow, inn_machine_row, INN, MACHINE_ROW, GtkWidget)

GtkWidget *inn_machine_row_new (void);
/** inn_machine_row_set_machine: rows are used again for other machines as the list scrolls. */
void inn_machine_row_set_machine (InnMachineRow *self, InnMachine *machine);
InnMachine *inn_machine_row_get_machine (InnMachineRow *self);

/** inn_machine_row_set_picture: of its screen; NULL: none. @live: it is on, else the last one. */
void inn_machine_row_set_picture (InnMachineRow *self, GdkTexture *texture, gboolean live);

G_END_DECLS
