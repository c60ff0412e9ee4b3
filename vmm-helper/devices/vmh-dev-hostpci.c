/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* PCI devices of this computer, and mediated ones, each a group of its own. QEMU 7.2 opens a
 * group's node by its number, which it reads from a link below the device's folder in sysfs: both
 * are in the room's VMH_PLAN_VFIO, and nothing else of sysfs. */
#include "devices/vmh-plan-private.h"

#define LOCK_MS 60000

static guint
read_number (const InnElement *element, const char *field, guint most)
{
  g_autofree char *text = inn_element_dup (element, field);

  return text ? (guint)MIN (g_ascii_strtoull (text, NULL, 0), most) : 0;
}

gboolean
vmh_plan_is_mediated (const InnElement *element)
{
  return g_str_equal (element->kind->name, "hostmdev");
}

/* The kernel names it in small letters. */
static char *
dup_uuid (const InnElement *element)
{
  g_autofree char *text = inn_element_dup (element, "uuid");

  return g_ascii_strdown (text ? text : "", -1);
}

char *
vmh_plan_dup_pci (const InnElement *element)
{
  if (vmh_plan_is_mediated (element))
    return dup_uuid (element);
  return g_strdup_printf ("%04x:%02x:%02x.%x", read_number (element, "domain", 0xffff),
                          read_number (element, "bus", 0xff), read_number (element, "slot", 0x1f),
                          read_number (element, "function", 7));
}

/* All of the machine's memory is locked for it, and some may have to come from swap before. */
int
vmh_plan_get_patience (VmhPlan *plan, int usual_ms)
{
  return plan->pci > 0 ? LOCK_MS : usual_ms;
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  const gboolean mediated = vmh_plan_is_mediated (element);
  g_autofree char *address = vmh_plan_dup_pci (element);
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *folder = g_build_filename (VMH_PLAN_VFIO, address, NULL);
  JsonObject *device;

  if (!plan->host.vfio)
    return vmh_plan_refuse (
        error,
        mediated ? _ ("Only a machine of the whole system can have the mediated device %s of this "
                      "computer. Remove it from the machine.")
                 : _ ("Only a machine of the whole system can have the PCI device %s of this "
                      "computer. Remove it from the machine."),
        address);
  if (!vmh_plan_has (plan, "vfio-pci"))
    return vmh_plan_refuse (
        error, mediated
                   ? _ ("This QEMU cannot hand on mediated devices. Remove the mediated device "
                        "of this computer from the machine.")
                   : _ ("This QEMU cannot hand on PCI devices. Remove the PCI device of this "
                        "computer from the machine."));
  if (!plan->host.running && !vmh_plan_first (plan, id))
    return vmh_plan_refuse (error,
                            mediated
                                ? _ ("The machine has the mediated device %s twice. Remove one.")
                                : _ ("The machine has the PCI device %s twice. Remove one."),
                            address);
  device = vmh_json ("driver=s", "vfio-pci", "id=s", id, "sysfsdev=s", folder, NULL);
  if (!vmh_plan_bus (plan, device, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  if (!plan->host.running && plan->pci == 0)
    vmh_plan_note (plan, "%s",
                   mediated ? _ ("Its mediated device may reach all of its memory at any time: it "
                                 "gives none of it back while it runs.")
                            : _ ("Its PCI device of this computer may reach all of its memory at "
                                 "any time: it gives none of it back while it runs."));
  plan->pci++;
  vmh_plan_add (plan, VMH_NODE_DEVICE, device);
  return TRUE;
}

const VmhDeviceOps vmh_hostpci_ops = { "hostpci", build };
const VmhDeviceOps vmh_hostmdev_ops = { "hostmdev", build };
