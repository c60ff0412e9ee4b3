/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Serial and parallel ports and consoles: text lines, whose far end the shim holds. */
#include "devices/vmh-plan-private.h"

/* "pty" (libvirt's word for "show me") is a line; "null" leads nowhere. */
static void
add_chardev (VmhPlan *plan, const InnElement *element, const char *id, const char *kind)
{
  if (inn_element_is (element, "type", "null"))
    vmh_plan_add (plan, VMH_NODE_CHARDEV,
                  vmh_json ("id=s", id, "backend=o",
                            vmh_json ("type=s", "null", "data=o", json_object_new (), NULL), NULL));
  else
    vmh_plan_line (plan, id, id, kind);
}

static gboolean
add_serial (VmhPlan *plan, const InnElement *element, const char *type, guint index, GError **error)
{
  g_autofree char *line = g_strdup_printf ("serial%u", index);
  g_autofree char *id = g_strdup_printf ("serial-%u", index);
  g_autoptr (JsonObject) device = vmh_json ("driver=s", type, "id=s", id, "chardev=s", line, NULL);

  add_chardev (plan, element, line, "serial");
  if (g_str_equal (type, "isa-serial"))
    {
      if (index >= 4)
        return vmh_plan_refuse (error, _ ("There can be four PC serial ports. Remove some."));
      json_object_set_int_member (device, "index", index);
    }
  else if (g_str_equal (type, "usb-serial"))
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

static gboolean
build_serial (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *type = inn_element_dup (element, "target-type");

  return add_serial (plan, element, type, index, error);
}

static gboolean
build_console (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *line = g_strdup_printf ("console%u", index);
  g_autofree char *id = g_strdup_printf ("console-%u", index);

  if (inn_element_is (element, "target-type", "serial"))
    {
      g_autoptr (GPtrArray) serials = inn_domain_list (plan->domain, "serial");

      /* libvirt writes the first serial port down a second time, as a console. */
      return serials->len > 0 || index > 0 || add_serial (plan, element, "isa-serial", 0, error);
    }
  if (!vmh_plan_need_virtio_serial (plan, error))
    return FALSE;
  add_chardev (plan, element, line, "console");
  vmh_plan_add (plan, VMH_NODE_DEVICE,
                vmh_json ("driver=s", "virtconsole", "id=s", id, "bus=s", "virtio-serial.0",
                          "chardev=s", line, NULL));
  return TRUE;
}

static gboolean
build_parallel (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *line = g_strdup_printf ("parallel%u", index);
  g_autofree char *id = g_strdup_printf ("parallel-%u", index);

  if (index >= 3)
    return vmh_plan_refuse (error, _ ("There can be three parallel ports. Remove some."));
  add_chardev (plan, element, line, "parallel");
  vmh_plan_add (plan, VMH_NODE_DEVICE,
                vmh_json ("driver=s", "isa-parallel", "id=s", id, "chardev=s", line, "index=i",
                          (gint64)index, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_serial_ops = { "serial", build_serial };
const VmhDeviceOps vmh_console_ops = { "console", build_console };
const VmhDeviceOps vmh_parallel_ops = { "parallel", build_parallel };
