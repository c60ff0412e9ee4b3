/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How much memory a running machine has at this moment, and how much of it is used: what the
 * memory page asks for may be reached slowly, or not at all. */
#pragma once

#include <adwaita.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_MEMORY_NOW (inn_memory_now_get_type ())
G_DECLARE_FINAL_TYPE (InnMemoryNow, inn_memory_now, INN, MEMORY_NOW, AdwActionRow)

/** inn_memory_now_new: a row, which is seen while @machine is on. */
GtkWidget *inn_memory_now_new (InnMachine *machine);

G_END_DECLS
