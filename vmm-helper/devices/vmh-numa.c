/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The machine's memory: of what pages it is, and in which NUMA cells. */
#include "devices/vmh-plan-private.h"

#include <string.h>

#define MAX_CELLS    4
#define FAR          20 /* ACPI's usual distance */
#define NAME_OF_CELL "%s-%u"

static char *
dup_field (const InnElement *numa, const char *what, guint cell)
{
  g_autofree char *name = g_strdup_printf (NAME_OF_CELL, what, cell);

  return inn_element_dup (numa, name);
}

guint
vmh_numa_count (InnDomain *domain)
{
  InnElement numa = inn_domain_get (domain, "numa");
  guint count = 0;

  for (; count < MAX_CELLS; count++)
    {
      g_autofree char *memory = dup_field (&numa, "memory", count);

      if (!memory)
        break;
    }
  return count;
}

JsonObject *
vmh_memory_backend (VmhPlan *plan, const char *id, guint64 size)
{
  InnElement memory = inn_domain_get (plan->domain, "memory");
  guint64 page = inn_element_get_uint (&memory, "huge-page-size");
  JsonObject *backend =
      vmh_json ("qom-type=s", "memory-backend-memfd", "id=s", id, "size=i", (gint64)size, "share=b",
                !inn_element_is (&memory, "access", "private"), NULL);

  if (inn_element_get_bool (&memory, "huge-pages"))
    {
      json_object_set_boolean_member (backend, "hugetlb", TRUE);
      if (page > 0)
        json_object_set_int_member (backend, "hugetlbsize", (gint64)page);
    }
  return backend;
}

static gboolean
is_in (const char *cpus, guint64 number)
{
  g_auto (GStrv) ranges = g_strsplit (cpus ? cpus : "", ",", -1);

  for (char **range = ranges; *range; range++)
    {
      const char *dash = strchr (*range, '-');
      guint64 first = g_ascii_strtoull (*range, NULL, 10);
      guint64 last = dash ? g_ascii_strtoull (dash + 1, NULL, 10) : first;

      if (first <= number && number <= last)
        return TRUE;
    }
  return FALSE;
}

/* What is in no cell is in the first. */
static guint
cell_of (const InnElement *numa, guint count, guint64 cpu)
{
  for (guint cell = 1; cell < count; cell++)
    {
      g_autofree char *cpus = dup_field (numa, "cpus", cell);

      if (is_in (cpus, cpu))
        return cell;
    }
  return 0;
}

static void
place_processors (VmhPlan *plan, const InnElement *numa, guint count, guint places)
{
  static const char *const parts[] = { "socket-id", "die-id", "core-id", "thread-id" };
  InnElement cpu = inn_domain_get (plan->domain, "cpu");
  gboolean dies = inn_element_get_uint (&cpu, "dies") > 1; /* else QEMU knows none here */

  for (guint i = 0; i < places; i++)
    {
      g_autoptr (JsonObject) place = vmh_plan_cpu (plan->domain, "", places, i);
      g_autoptr (GString) value = g_string_new (NULL);

      g_string_append_printf (value, "cpu,node-id=%u", cell_of (numa, count, i));
      for (guint k = 0; k < G_N_ELEMENTS (parts); k++)
        if (k != 1 || dies)
          g_string_append_printf (value, ",%s=%d", parts[k],
                                  (int)json_object_get_int_member (place, parts[k]));
      vmh_plan_option (plan, "-numa", value->str);
    }
}

/* QEMU wants all distances, or none. */
static void
add_distances (VmhPlan *plan, const InnElement *numa, guint count)
{
  gboolean any = FALSE;

  for (int pass = 0; pass < (any ? 2 : 1); pass++)
    for (guint from = 0; from < count; from++)
      for (guint to = from + 1; to < count; to++)
        {
          g_autofree char *name = g_strdup_printf ("distance-%u-%u", from, to);
          guint64 distance = inn_element_get_uint (numa, name);
          g_autofree char *value = g_strdup_printf ("dist,src=%u,dst=%u,val=%" G_GUINT64_FORMAT,
                                                    from, to, distance > 0 ? distance : FAR);

          any |= distance > 0;
          if (pass == 1)
            vmh_plan_option (plan, "-numa", value);
        }
}

gboolean
vmh_numa_build (VmhPlan *plan, guint64 size, guint places, GError **error)
{
  InnElement numa = inn_domain_get (plan->domain, "numa");
  guint count = vmh_numa_count (plan->domain);
  guint64 sum = 0;

  if (count == 0)
    {
      vmh_plan_add (plan, VMH_NODE_OBJECT, vmh_memory_backend (plan, "ram", size));
      return TRUE;
    }
  for (guint cell = 0; cell < count; cell++)
    {
      g_autofree char *name = g_strdup_printf (NAME_OF_CELL, "memory", cell);
      g_autofree char *id = g_strdup_printf ("ram-%u", cell);
      g_autofree char *value = g_strdup_printf ("node,nodeid=%u,memdev=%s", cell, id);
      guint64 part = inn_element_get_uint (&numa, name);

      sum += part;
      vmh_plan_add (plan, VMH_NODE_OBJECT, vmh_memory_backend (plan, id, part));
      vmh_plan_option (plan, "-numa", value);
    }
  place_processors (plan, &numa, count, places);
  add_distances (plan, &numa, count);
  return sum == size ||
         vmh_plan_refuse (error, _ ("The memory of all NUMA cells together must be the machine’s. "
                                    "Change one of them."));
}
