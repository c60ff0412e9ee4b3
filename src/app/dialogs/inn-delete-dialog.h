/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Asks what becomes of each disk, then deletes the machine. */
#pragma once

#include <gtk/gtk.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

/** inn_delete_dialog_open: @near: any widget of the window. Tells of failure itself. */
void inn_delete_dialog_open (GtkWidget *near, InnMachine *machine);

G_END_DECLS
