/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A socket to this computer. The kernel's half is opened by the helper: QEMU's room has no such
 * device. */
#include "devices/vmh-plan-private.h"

#define FIRST_CID 3 /* linux/vm_sockets.h: below are the hypervisor's and the host's */

/* Where the XML has none: one that stays the same for this machine, of 2^31. */
static guint64
stable_cid (VmhPlan *plan)
{
  g_autofree char *uuid = inn_domain_dup_uuid (plan->domain);

  return FIRST_CID + (g_str_hash (uuid ? uuid : "") & G_MAXINT32) % (G_MAXINT32 - FIRST_CID);
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  guint64 cid = inn_element_get_bool (element, "auto") ? stable_cid (plan)
                                                       : inn_element_get_uint (element, "cid");
  g_autofree char *number = NULL;
  g_autoptr (JsonObject) device = NULL;

  if (plan->host.running)
    return vmh_plan_refuse_running (error);
  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one socket to this computer. Remove the "
                                      "others."));
  number = vmh_plan_fd_name (plan, vmh_plan_fd (plan, VMH_PLAN_FD_VSOCK, NULL, NULL));
  device = vmh_json ("driver=s", "vhost-vsock-pci", "id=s", "vsock", "guest-cid=i", (gint64)cid,
                     "vhostfd=s", number, NULL);
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_vsock_ops = { "vsock", build };
