/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What is set at a device of a running machine. */
#include "vmh-live-private.h"

#include "devices/vmh-plan.h"

void
vmh_live_change_link (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) card = inn_domain_find (live->wanted, live->change->id);
  g_autoptr (GPtrArray) cards = inn_domain_list (vmh_machine_get_live (live->machine), "interface");

  for (guint i = 0; i < cards->len; i++)
    {
      g_autofree char *id = inn_element_dup_id (cards->pdata[i]);
      g_autofree char *name = vmh_plan_id (cards->pdata[i], i);

      if (!g_str_equal (id, live->change->id))
        continue;
      vmh_qmp_set_link_async (live->monitor, name, inn_element_get_bool (card, "link"),
                              vmh_live_on_told, task);
      return;
    }
  vmh_live_end (task, FALSE, NULL); /* it waits itself */
}

void
vmh_live_change_balloon_period (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) balloon = inn_domain_find (live->wanted, live->change->id);

  vmh_qmp_set_balloon_period_async (
      live->monitor, (guint)inn_element_get_uint (balloon, "stats-period"), vmh_live_on_told, task);
}

/* All of a disk's at once: each alone might not go with those of before. */
void
vmh_live_change_limits (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) disk = inn_domain_find (live->wanted, live->change->id);
  g_autofree char *target = inn_element_dup (disk, "target");
  g_autofree char *group = vmh_plan_limits_id (target);

  vmh_qmp_set_limits_async (live->monitor, group, vmh_plan_limits (disk), vmh_live_on_told, task);
}
