/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Controllers, those that the XML names and those that a device needs: one of each sort, "usb",
 * "scsi", "virtio-serial", "sata". PCI topology is the plan's own: what the XML says of it has no
 * meaning without libvirt's addresses. */
#include "devices/vmh-plan-private.h"

static const struct
{
  const char *model; /* in the XML */
  const char *driver;
} drivers[] = {
  { "qemu-xhci", "qemu-xhci" },       { "nec-xhci", "nec-usb-xhci" },
  { "ich9-ehci1", "ich9-usb-ehci1" }, { "ehci", "usb-ehci" },
  { "ich9-uhci1", "ich9-usb-uhci1" }, { "ich9-uhci2", "ich9-usb-uhci2" },
  { "ich9-uhci3", "ich9-usb-uhci3" }, { "piix3-uhci", "piix3-usb-uhci" },
  { "piix4-uhci", "piix4-usb-uhci" }, { "virtio-scsi", "virtio-scsi-pci" },
  { "lsilogic", "lsi53c895a" },       { "lsisas1068", "mptsas1068" },
  { "lsisas1078", "megasas" },        { "vmpvscsi", "pvscsi" },
};

static gboolean
add (VmhPlan *plan, const char *driver, const char *id, guint64 ports, GError **error)
{
  g_autoptr (JsonObject) device = vmh_json ("driver=s", driver, "id=s", id, NULL);

  if (g_str_has_suffix (driver, "xhci"))
    {
      json_object_set_int_member (device, "p2", ports > 0 ? (gint64)ports : 15);
      json_object_set_int_member (device, "p3", ports > 0 ? (gint64)ports : 15);
    }
  else if (ports > 0 && g_str_equal (driver, "virtio-serial-pci"))
    json_object_set_int_member (device, "max_ports", (gint64)ports);
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

gboolean
vmh_plan_need_usb (VmhPlan *plan, GError **error)
{
  if (g_hash_table_contains (plan->once, "no-usb"))
    return vmh_plan_refuse (error,
                            _ ("The machine has USB turned off, but a USB device. Remove the "
                               "one or the other."));
  return !vmh_plan_first (plan, "usb") || add (plan, "qemu-xhci", "usb", 0, error);
}

gboolean
vmh_plan_need_scsi (VmhPlan *plan, GError **error)
{
  return !vmh_plan_first (plan, "scsi") || add (plan, "virtio-scsi-pci", "scsi", 0, error);
}

gboolean
vmh_plan_need_virtio_serial (VmhPlan *plan, GError **error)
{
  return !vmh_plan_first (plan, "virtio-serial") ||
         add (plan, "virtio-serial-pci", "virtio-serial", 0, error);
}

gboolean
vmh_plan_need_ahci (VmhPlan *plan, GError **error)
{
  return !vmh_plan_first (plan, "sata") || add (plan, "ich9-ahci", "sata", 0, error);
}

static const char *
driver_of (const InnElement *element, const char *type)
{
  g_autofree char *model = inn_element_dup (element, "model");

  for (guint i = 0; model && i < G_N_ELEMENTS (drivers); i++)
    if (g_str_equal (drivers[i].model, model))
      return drivers[i].driver;
  if (g_str_equal (type, "usb"))
    return "qemu-xhci";
  return g_str_equal (type, "scsi") ? "virtio-scsi-pci" : "virtio-serial-pci";
}

/* libvirt spreads one USB 2 controller over four elements: the three UHCI companions are of use
 * only to devices slower than any that we plug in, so the EHCI alone stands for them. */
static gboolean
is_companion (const InnElement *element)
{
  return inn_element_is (element, "model", "ich9-uhci1") ||
         inn_element_is (element, "model", "ich9-uhci2") ||
         inn_element_is (element, "model", "ich9-uhci3");
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *type = inn_element_dup (element, "type");
  guint64 number = inn_element_get_uint (element, "index");
  g_autofree char *id =
      number > 0 ? g_strdup_printf ("%s-%" G_GUINT64_FORMAT, type, number) : g_strdup (type);

  if (g_str_equal (type, "sata"))
    return plan->board == VMH_BOARD_Q35 || vmh_plan_need_ahci (plan, error);
  if (!g_str_equal (type, "usb") && !g_str_equal (type, "scsi") &&
      !g_str_equal (type, "virtio-serial"))
    return TRUE;
  if (inn_element_is (element, "model", "none"))
    {
      vmh_plan_first (plan, "no-usb");
      return TRUE;
    }
  if (is_companion (element) || !vmh_plan_first (plan, id))
    return TRUE;
  return add (plan, driver_of (element, type), id, inn_element_get_uint (element, "ports"), error);
}

const VmhDeviceOps vmh_controller_ops = { "controller", build };
