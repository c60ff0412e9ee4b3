/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Saves a machine's definition as libvirt takes it. */
#pragma once

#include <gtk/gtk.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

/** inn_export_open: asks where to, and saves it there, without passwords. @near: any widget of the
 * window. Tells of success and failure itself. */
void inn_export_open (GtkWidget *near, InnMachine *machine);

G_END_DECLS
