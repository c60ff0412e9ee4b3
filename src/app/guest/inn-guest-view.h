/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The Guest tab: what the system in the chosen machine says of itself. */
#pragma once

#include <adwaita.h>

#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_GUEST_VIEW (inn_guest_view_get_type ())
G_DECLARE_FINAL_TYPE (InnGuestView, inn_guest_view, INN, GUEST_VIEW, GtkWidget)

/** inn_guest_view_set_machine: NULL for none. It asks only while it is seen. */
void inn_guest_view_set_machine (InnGuestView *self, InnMachine *machine);

G_END_DECLS
