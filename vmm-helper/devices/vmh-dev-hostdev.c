/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* USB devices of this computer. The helper opens the one that is meant; QEMU's room has no USB bus,
 * only the fd. */
#include "devices/vmh-plan-private.h"

/* By the schema's pattern; 0 where it is not there. */
static guint
read_id (const InnElement *element, const char *field)
{
  g_autofree char *text = inn_element_dup (element, field);

  return text ? (guint)g_ascii_strtoull (text, NULL, 16) & 0xffff : 0;
}

VmhPlanUsb
vmh_plan_read_usb (const InnElement *element)
{
  return (VmhPlanUsb){ .by_model = inn_element_has (element, "vendor"),
                       .vendor = read_id (element, "vendor"),
                       .product = read_id (element, "product"),
                       .bus = (guint)inn_element_get_uint (element, "bus"),
                       .device = (guint)inn_element_get_uint (element, "device") };
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  const VmhPlanUsb usb = vmh_plan_read_usb (element);
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *file = NULL;

  if (!vmh_plan_has (plan, "usb-host"))
    return vmh_plan_refuse (error, _ ("This QEMU cannot hand on USB devices. Remove the USB device "
                                      "of this computer from the machine."));
  if (!vmh_plan_need_usb (plan, error))
    return FALSE;
  file = vmh_plan_usb (plan, element, &usb);
  vmh_plan_add (
      plan, VMH_NODE_DEVICE,
      vmh_json ("driver=s", "usb-host", "id=s", id, "bus=s", "usb.0", "hostdevice=s", file, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_hostdev_ops = { "hostdev", build };
