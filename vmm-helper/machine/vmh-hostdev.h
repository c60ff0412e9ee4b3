/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which machine has which device of this computer. */
#pragma once

#include "devices/vmh-plan.h"
#include "vmh-bundle.h"

G_BEGIN_DECLS

/** vmh_hostdev_open: the device that @usb means, for the machine of @bundle; -1 with a sentence
 * where it is not plugged in, or another machine has it. */
int vmh_hostdev_open (VmhBundle *bundle, const VmhPlanUsb *usb, GError **error);

G_END_DECLS
