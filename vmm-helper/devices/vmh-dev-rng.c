/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Random numbers. The only random device in the guest's room is /dev/urandom, whichever the XML
 * names. */
#include "devices/vmh-plan-private.h"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *source = g_strconcat (id, "-source", NULL);
  gboolean random = inn_element_is (element, "backend", "random");
  guint64 bytes = inn_element_get_uint (element, "bytes");
  guint64 period = inn_element_get_uint (element, "period");
  g_autoptr (JsonObject) device =
      vmh_json ("driver=s", "virtio-rng-pci", "id=s", id, "rng=s", source, NULL);

  vmh_plan_add (plan, VMH_NODE_OBJECT,
                vmh_json ("qom-type=s", random ? "rng-random" : "rng-builtin", "id=s", source,
                          "filename=s", random ? "/dev/urandom" : NULL, NULL));
  if (bytes > 0)
    {
      json_object_set_int_member (device, "max-bytes", (gint64)bytes);
      json_object_set_int_member (device, "period", period > 0 ? (gint64)period : 1000);
    }
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_rng_ops = { "rng", build };
