/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Crash memory. QEMU maps it by name only, and has no files in its room: it is memory without a
 * name, which lasts as long as QEMU does. */
#include "devices/vmh-plan-private.h"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autoptr (JsonObject) device = NULL;
  InnElement features = inn_domain_get (plan->domain, "features");

  if (plan->host.running)
    return vmh_plan_refuse_running (error);
  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one crash memory. Remove the others."));
  if (!inn_element_get_bool (&features, "acpi"))
    return vmh_plan_refuse (error, _ ("A system finds its crash memory by ACPI only. Turn ACPI on, "
                                      "or remove it."));
  vmh_plan_add (plan, VMH_NODE_OBJECT,
                vmh_json ("qom-type=s", "memory-backend-memfd", "id=s", "pstore-ram", "size=i",
                          (gint64)inn_element_get_uint (element, "size"), "share=b", TRUE, NULL));
  device = vmh_json ("driver=s", "acpi-erst", "id=s", "pstore", "memdev=s", "pstore-ram", NULL);
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_pstore_ops = { "pstore", build };
