/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The contract of data/dbus as it was built in, and the rows that bind it to code. */
#pragma once

#include "core/vmh-registry.h"

G_BEGIN_DECLS

extern const VmhInterface vmh_manager_interface; /* of a VmhManager */
extern const VmhInterface vmh_machine_interface; /* of a VmhMachine */
extern const VmhInterface vmh_console_interface; /* of a VmhMachine */
extern const VmhInterface vmh_guest_interface;   /* of a VmhMachine */

/** vmh_contract_declare: makes all interfaces of data/dbus known to @registry. */
void vmh_contract_declare (VmhRegistry *registry);
/** vmh_contract_interfaces: all that this helper implements, ended by NULL. */
const VmhInterface *const *vmh_contract_interfaces (void);

G_END_DECLS
