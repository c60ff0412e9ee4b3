/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What stands in the machine's Console tab: screen, serial lines, and what to say when there is
 * neither. */
#pragma once

#include <adwaita.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_CONSOLE_VIEW (inn_console_view_get_type ())
G_DECLARE_FINAL_TYPE (InnConsoleView, inn_console_view, INN, CONSOLE_VIEW, GtkWidget)

GtkWidget *inn_console_view_new (void);
/** inn_console_view_set_machine: NULL closes all; connects while the view is mapped and the machine
 * runs. */
void inn_console_view_set_machine (InnConsoleView *self, InnMachine *machine);

G_END_DECLS
