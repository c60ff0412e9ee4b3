/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* An IOMMU for the guest's devices. */
#include "devices/vmh-plan-private.h"

static void
set_switch (const InnElement *element, const char *field, JsonObject *device, const char *property)
{
  if (inn_element_has (element, field))
    json_object_set_string_member (device, property,
                                   inn_element_get_bool (element, field) ? "on" : "off");
}

/* The properties are of three sorts in QEMU: on/off/auto words, and plain booleans. */
static gboolean
build_intel (VmhPlan *plan, const InnElement *element, GError **error)
{
  guint64 width = inn_element_get_uint (element, "aw-bits");
  JsonObject *device;

  if (plan->board != VMH_BOARD_Q35)
    return vmh_plan_refuse (error, _ ("Only the chipset Q35 has Intel’s IOMMU. Choose Q35, or "
                                      "remove it."));
  device = vmh_json ("driver=s", "intel-iommu", "id=s", "iommu", NULL);
  set_switch (element, "intremap", device, "intremap");
  if (g_str_equal (plan->host.accelerator, "kvm"))
    set_switch (element, "eim", device, "eim");
  else if (inn_element_get_bool (element, "eim"))
    vmh_plan_note (plan, _ ("It is emulated, so that its IOMMU has no extended interrupts."));
  if (inn_element_has (element, "caching-mode"))
    json_object_set_boolean_member (device, "caching-mode",
                                    inn_element_get_bool (element, "caching-mode"));
  if (inn_element_has (element, "iotlb"))
    json_object_set_boolean_member (device, "device-iotlb",
                                    inn_element_get_bool (element, "iotlb"));
  if (width > 0)
    json_object_set_int_member (device, "aw-bits", (gint64)width);
  vmh_plan_add (plan, VMH_NODE_DEVICE, device);
  return TRUE;
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  InnElement features = inn_domain_get (plan->domain, "features");
  g_autoptr (JsonObject) device = NULL;

  if (plan->host.running)
    return vmh_plan_refuse_running (error);
  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one IOMMU. Remove the others."));
  if (!inn_element_get_bool (&features, "acpi"))
    return vmh_plan_refuse (error, _ ("A system finds an IOMMU by ACPI only. Turn ACPI on, or "
                                      "remove it."));
  if (inn_element_is (element, "model", "intel"))
    return build_intel (plan, element, error);
  device = vmh_json ("driver=s", "virtio-iommu-pci", "id=s", "iommu", NULL);
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_iommu_ops = { "iommu", build };
