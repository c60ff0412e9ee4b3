/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A shared folder. virtiofsd, a program beside the guest with the rights of the machine's owner,
 * has the folder; the guest's QEMU has a socket to it, and its memory in common with it. */
#include "devices/vmh-plan-private.h"

static gboolean
check (VmhPlan *plan, const InnElement *element, GError **error)
{
  const VmhPlanRunning *running = plan->host.running;
  InnElement memory = inn_domain_get (plan->domain, "memory");

  if (running && running->leaves)
    return TRUE;
  /* QEMU's own 9p opens files by their path, and there is none in the guest's room. */
  if (!inn_element_is (element, "driver", "virtiofs"))
    return vmh_plan_refuse (error,
                            _ ("A shared folder cannot be reached by 9p: the machine’s QEMU is "
                               "locked away from this computer’s files. Choose virtiofs."));
  if (!plan->host.virtiofsd)
    return vmh_plan_refuse (error,
                            _ ("Folders are shared by a program that is not installed. Install the "
                               "package “virtiofsd” and start the machine again, or remove the "
                               "shared folder."));
  if (running && !running->shared)
    return vmh_plan_refuse (error,
                            _ ("The machine runs with memory of its own, and a shared folder needs "
                               "memory that it has in common with the program that shares it. "
                               "Choose shared memory, which it has from its next start on."));
  if (!running && inn_element_is (&memory, "access", "private"))
    return vmh_plan_refuse (error,
                            _ ("A shared folder needs memory that the machine has in common with "
                               "the program that shares it. Choose shared memory."));
  return TRUE;
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *tag = inn_element_dup (element, "tag");
  g_autofree char *path = inn_element_dup (element, "source");
  g_autoptr (JsonObject) device = NULL;

  if (!check (plan, element, error))
    return FALSE;
  if (!plan->host.running && !vmh_plan_first (plan, id))
    return vmh_plan_refuse (error,
                            _ ("Two shared folders have the same name in the guest, “%s”. Give one "
                               "of them another."),
                            tag);
  vmh_plan_share (plan, id, path, !inn_element_get_bool (element, "readonly"));
  device =
      vmh_json ("driver=s", "vhost-user-fs-pci", "id=s", id, "chardev=s", id, "tag=s", tag, NULL);
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_filesystem_ops = { "filesystem", build };
