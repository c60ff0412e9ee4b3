/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The memory balloon. It reports free pages unless the XML says otherwise. */
#include "devices/vmh-plan-private.h"

/* The machine begins with what its XML says it has now. */
static void
inflate (VmhPlan *plan)
{
  InnElement memory = inn_domain_get (plan->domain, "memory");
  guint64 now = inn_element_get_uint (&memory, "current");

  if (now > 0 && now < inn_element_get_uint (&memory, "size"))
    vmh_plan_command (plan, "balloon", vmh_json ("value=i", (gint64)now, NULL));
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  gboolean reports = !inn_element_has (element, "free-page-reporting") ||
                     inn_element_get_bool (element, "free-page-reporting");
  guint64 period = inn_element_get_uint (element, "stats-period");
  g_autoptr (JsonObject) device = NULL;

  if (inn_element_is (element, "model", "none"))
    return TRUE;
  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one memory balloon. Remove the others."));
  device = vmh_json ("driver=s", "virtio-balloon-pci", "id=s", "balloon", "deflate-on-oom=b",
                     inn_element_get_bool (element, "autodeflate"), "free-page-reporting=b",
                     reports, NULL);
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  if (period > 0)
    vmh_plan_command (plan, "qom-set",
                      vmh_json ("path=s", "/machine/peripheral/balloon", "property=s",
                                "guest-stats-polling-interval", "value=i", (gint64)period, NULL));
  inflate (plan);
  return TRUE;
}

const VmhDeviceOps vmh_memballoon_ops = { "memballoon", build };
