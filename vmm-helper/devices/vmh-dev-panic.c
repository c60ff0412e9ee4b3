/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The crash notifier: the guest tells that it has crashed. */
#include "devices/vmh-plan-private.h"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autoptr (JsonObject) device = NULL;

  if (inn_element_is (element, "model", "hyperv")) /* a part of the processor */
    return TRUE;
  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one crash notifier. Remove the others."));
  if (inn_element_is (element, "model", "pvpanic"))
    {
      device = vmh_json ("driver=s", "pvpanic-pci", "id=s", "panic", NULL);
      if (!vmh_plan_bus (plan, device, error))
        return FALSE;
      vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
      return TRUE;
    }
  vmh_plan_add (plan, VMH_NODE_DEVICE, vmh_json ("driver=s", "pvpanic", "id=s", "panic", NULL));
  return TRUE;
}

const VmhDeviceOps vmh_panic_ops = { "panic", build };
