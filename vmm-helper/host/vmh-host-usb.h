/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* USB devices of this computer. Knows no machine. */
#pragma once

#include "devices/vmh-plan.h"

G_BEGIN_DECLS

typedef struct
{
  guint vendor, product;
  guint bus, device; /* where it is now */
  char *name;        /* for a person; NULL where none was asked for */
} VmhUsbDevice;

void vmh_usb_device_free (VmhUsbDevice *device);

/** vmh_usb_list: what is plugged in, hubs left out, by bus and number; @named: with names. Reads
 * sysfs anew, below the folder VMH_USB_ROOT where that is set. */
GPtrArray *vmh_usb_list (gboolean named); /* (element-type VmhUsbDevice) */
gboolean vmh_usb_is_meant (const VmhPlanUsb *usb, const VmhUsbDevice *device);
/** vmh_usb_watch: @func is called in the main loop when something has been plugged in or out, or
 * may be used by others than before, some VMH_REPLUG_MS later, once for all; NULL: no longer. */
void vmh_usb_watch (void (*func) (void));
/** vmh_usb_open: for QEMU to use; -1 with a sentence. */
int vmh_usb_open (const VmhUsbDevice *device, GError **error);

G_END_DECLS
