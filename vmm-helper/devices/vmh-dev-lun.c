/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* SCSI disks and drives of this computer, whose commands go to them as they are. No node may be
 * between that would have to understand them: there are no limits. */
#include "devices/vmh-plan-private.h"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *target = inn_element_dup (element, "target");
  g_autofree char *path = inn_element_dup (element, "block");
  g_autofree char *file_name = g_strconcat (target, "-file", NULL);
  g_autofree char *format_name = g_strconcat (target, "-format", NULL);
  g_autofree char *set = NULL;
  g_autoptr (JsonObject) device = NULL;
  gboolean readonly = inn_element_get_bool (element, "readonly");

  if (!path)
    return vmh_plan_refuse (error, _ ("%s: no disk of this computer is chosen. Choose one."),
                            target);
  if (!plan->host.luns)
    return vmh_plan_refuse (error,
                            _ ("Machines of a session cannot have a disk of this computer with its "
                               "SCSI commands, as “%s”. Add a disk image, or make the machine for "
                               "the whole system."),
                            path);
  if (!vmh_plan_need_scsi (plan, error))
    return FALSE;
  if (plan->scsi >= 256)
    return vmh_plan_refuse (error, _ ("%s: too many SCSI disks."), target);
  set = vmh_plan_lun (plan, element, path, !readonly);
  vmh_plan_add (plan, VMH_NODE_BLOCKDEV,
                vmh_json ("driver=s", "host_device", "node-name=s", file_name, "filename=s", set,
                          "read-only=b", readonly, NULL));
  vmh_plan_add (plan, VMH_NODE_BLOCKDEV,
                vmh_json ("driver=s", "raw", "node-name=s", format_name, "file=s", file_name,
                          "read-only=b", readonly, NULL));
  device = vmh_json ("driver=s", "scsi-block", "bus=s", "scsi.0", "id=s", id, "drive=s",
                     format_name, NULL);
  if (!plan->host.running) /* which has one left */
    json_object_set_int_member (device, "scsi-id", plan->scsi++);
  vmh_plan_boot (plan, element, device);
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_lun_ops = { "lun", build };
