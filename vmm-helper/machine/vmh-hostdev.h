/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which machine has which device of this computer. */
#pragma once

#include "devices/vmh-plan.h"
#include "vmh-bundle.h"
#include "vmh-machine.h"

G_BEGIN_DECLS

/** vmh_hostdev_open: a device that @usb, the machine's @element, means: from now on it is that of
 * the machine of @bundle; -1 with a sentence where none is plugged in, or another machine has it.
 */
int
vmh_hostdev_open (VmhBundle *bundle, const char *element, const VmhPlanUsb *usb, GError **error);
/** vmh_hostdev_release: whatever the @element had is free for others. */
void vmh_hostdev_release (VmhMachine *machine, const char *element);
void vmh_hostdev_release_all (VmhMachine *machine); /* it has ended */

/** vmh_hostdev_leave_out: @domain without the devices that may be missing and are; a sentence of
 * each for the machine's log. */
InnDomain *vmh_hostdev_leave_out (InnDomain *domain, GString *notes);
/** vmh_hostdev_is_awaited: the @change, to @domain, is a device that comes when it is plugged in.
 */
gboolean vmh_hostdev_is_awaited (InnDomain *domain, const InnChange *change);
/** vmh_hostdev_find_gone, _find_come: the changes that what is plugged in now (@devices,
 * element-type VmhUsbDevice) makes in a machine that runs. */
GPtrArray *vmh_hostdev_find_gone (VmhMachine *machine, GPtrArray *devices);
GPtrArray *vmh_hostdev_find_come (VmhMachine *machine, GPtrArray *devices);

G_END_DECLS
