/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Memory modules: those of the XML, and those that a machine which grows by modules gets while it
 * runs. The machine's memory says how much it has in all, so what is in modules is not in the
 * memory that it has besides. */
#include "devices/vmh-plan-private.h"

#define ALIGNED (G_GUINT64_CONSTANT (2) << 20) /* as libvirt does on x86 */

static guint64
size_of (const InnElement *module)
{
  return (inn_element_get_uint (module, "size") + ALIGNED - 1) / ALIGNED * ALIGNED;
}

guint64
vmh_modules_sum (InnDomain *domain)
{
  g_autoptr (GPtrArray) modules = inn_domain_list (domain, "dimm");
  guint64 sum = 0;

  for (guint i = 0; i < modules->len; i++)
    sum += size_of (modules->pdata[i]);
  return sum;
}

gboolean
vmh_plan_has_modules (InnDomain *domain)
{
  InnElement memory = inn_domain_get (domain, "memory");
  g_autoptr (GPtrArray) modules = inn_domain_list (domain, "dimm");

  if (inn_element_has (&memory, "growth"))
    return inn_element_is (&memory, "growth", "dimm");
  return modules->len > 0;
}

static void
add (VmhPlan *plan, const char *id, guint64 size, gint64 node)
{
  g_autofree char *backend = g_strconcat (id, "-ram", NULL);

  vmh_plan_add (plan, VMH_NODE_OBJECT, vmh_memory_backend (plan, backend, size));
  vmh_plan_add (
      plan, VMH_NODE_DEVICE,
      vmh_json ("driver=s", "pc-dimm", "id=s", id, "memdev=s", backend, "node=i", node, NULL));
}

void
vmh_plan_build_module (VmhPlan *plan, guint number, guint64 size)
{
  g_autofree char *id = g_strdup_printf (VMH_PLAN_MODULE "%u", number);

  add (plan, id, size, 0);
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  InnElement features = inn_domain_get (plan->domain, "features");
  guint64 node = inn_element_get_uint (element, "node");
  g_autofree char *id = vmh_plan_id (element, index);

  if (plan->host.running)
    return vmh_plan_refuse (error, _ ("What the machine's memory is made of changes with the next "
                                      "start. How much it has, “Memory” changes at once."));
  if (!inn_element_get_bool (&features, "acpi"))
    return vmh_plan_refuse (error, _ ("A system finds memory modules by ACPI only. Turn ACPI on, "
                                      "or remove them."));
  if (node >= MAX (vmh_numa_count (plan->domain), 1))
    return vmh_plan_refuse (error,
                            _ ("There is no NUMA cell %u for a memory module. Choose one "
                               "that there is."),
                            (guint)node);
  add (plan, id, size_of (element), (gint64)node);
  return TRUE;
}

const VmhDeviceOps vmh_dimm_ops = { "dimm", build };
