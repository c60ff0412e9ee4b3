/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Memory in common with other machines of the same owner: a file that the helper has opened. QEMU
 * opens memory by name alone, and not in fd sets: the name is that of its own open file. */
#include "devices/vmh-plan-private.h"

#define MOST_PLUGGED                                                                               \
  (G_GUINT64_CONSTANT (2) << 20) /* what SeaBIOS leaves room for at a free port */

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  guint64 size = inn_element_get_uint (element, "size");
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *backend = g_strconcat (id, "-ram", NULL);
  g_autofree char *name = inn_element_dup (element, "name");
  g_autofree char *path = NULL;
  g_autoptr (JsonObject) device =
      vmh_json ("driver=s", "ivshmem-plain", "id=s", id, "memdev=s", backend, NULL);

  if (plan->host.running && !plan->host.proc)
    return vmh_plan_refuse (error, _ ("It comes with the next start: a machine that was started "
                                      "without any shared memory has no way to it."));
  if (plan->host.running && size > MOST_PLUGGED)
    return vmh_plan_refuse (error, _ ("It comes with the next start: a machine that runs has no "
                                      "place for more than 2 MiB of shared memory."));
  path = vmh_plan_shmem (plan, element, name, size);
  vmh_plan_add (plan, VMH_NODE_OBJECT,
                vmh_json ("qom-type=s", "memory-backend-file", "id=s", backend, "mem-path=s", path,
                          "size=i", (gint64)size, "share=b", TRUE, NULL));
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_shmem_ops = { "shmem", build };
