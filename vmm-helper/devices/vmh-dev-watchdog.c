/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Watchdogs, and what is done when one barks. */
#include "devices/vmh-plan-private.h"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *model = inn_element_dup (element, "model");
  g_autofree char *action = inn_element_dup (element, "action");
  g_autoptr (JsonObject) device = vmh_json ("driver=s", model, "id=s", id, NULL);

  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one watchdog. Remove the others."));
  /* The one is a part of the board, the other on a bus without hot-plug. */
  if (plan->host.running && !g_str_equal (model, "i6300esb"))
    return vmh_plan_refuse_running (error);
  if (g_str_equal (model, "itco")) /* a part of Q35 that only has to be let bark */
    {
      if (plan->board != VMH_BOARD_Q35)
        return vmh_plan_refuse (error, _ ("Only the chipset Q35 has this watchdog."));
      vmh_plan_option (plan, "-global", "driver=ICH9-LPC,property=noreboot,value=off");
    }
  else
    {
      if (!g_str_equal (model, "ib700") && !vmh_plan_bus (plan, device, error))
        return FALSE;
      vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
    }
  vmh_plan_command (plan, "set-action", vmh_json ("watchdog=s", action, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_watchdog_ops = { "watchdog", build };
