/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Keyboards, mice, tablets. PS/2 ones are part of every PC. */
#include "devices/vmh-plan-private.h"

#include <string.h>

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *type = inn_element_dup (element, "type");
  gboolean usb = inn_element_is (element, "bus", "usb");
  g_autofree char *driver =
      usb ? g_strdup_printf ("usb-%s", g_str_equal (type, "keyboard") ? "kbd" : type)
          : g_strdup_printf ("virtio-%s-pci", type);
  g_autoptr (JsonObject) device = NULL;

  if (inn_element_is (element, "bus", "ps2"))
    {
      if (g_str_equal (type, "tablet"))
        return vmh_plan_refuse (error, _ ("There is no PS/2 tablet. Choose USB or VirtIO."));
      return TRUE;
    }
  device = vmh_json ("driver=s", driver, "id=s", id, NULL);
  if (usb)
    {
      if (!vmh_plan_need_usb (plan, error))
        return FALSE;
      json_object_set_string_member (device, "bus", "usb.0");
    }
  else if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_input_ops = { "input", build };
