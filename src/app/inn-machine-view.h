/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The chosen machine: its console, its details, and what to tell about it. */
#pragma once

#include <adwaita.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_MACHINE_VIEW (inn_machine_view_get_type ())
G_DECLARE_FINAL_TYPE (InnMachineView, inn_machine_view, INN, MACHINE_VIEW, GtkWidget)

/* Signal "back": a person wants to see the list again (only while folded). */

/** inn_machine_view_set_machine: NULL: none is chosen. */
void inn_machine_view_set_machine (InnMachineView *self, InnMachine *machine);
InnMachine *inn_machine_view_get_machine (InnMachineView *self);
/** inn_machine_view_show_tab: "console", "details", "performance". */
void inn_machine_view_show_tab (InnMachineView *self, const char *name);
void inn_machine_view_set_folded (InnMachineView *self, gboolean folded);

/** inn_machine_view_set_connection: what is told of while no machine is chosen. */
void inn_machine_view_set_connection (InnMachineView *self, InnConnection *connection);

G_END_DECLS
