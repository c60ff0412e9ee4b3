/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A text line of a machine's, on its way into the console. */
#pragma once

#include "client/inn-machine.h"
#include "inn-screens.h"

G_BEGIN_DECLS

/** inn_open_line: asks @machine for the line @name; @screens shows it, or why it does not come,
 * unless @cancellable is cancelled. */
void inn_open_line (InnScreens *screens,
                    InnMachine *machine,
                    const char *name,
                    GCancellable *cancellable);

G_END_DECLS
