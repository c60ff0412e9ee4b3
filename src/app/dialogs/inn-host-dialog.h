/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What this computer offers to machines. */
#pragma once

#include <adwaita.h>
#include "client/inn-connection.h"

G_BEGIN_DECLS

GtkWidget *inn_host_dialog_new (GtkWindow *parent, InnConnection *connection);

G_END_DECLS
