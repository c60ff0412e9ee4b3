/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What is set at a device of a running machine. */
#include "vmh-live-private.h"

#include "devices/vmh-plan.h"
#include "host/vmh-tap.h"
#include "vmh-bandwidth.h"

#define PULLED_MS 500 /* for a guest to see that the cable is pulled */

/* What QEMU calls the changed card, or NULL: it waits itself. */
static char *
dup_card_name (VmhLive *live)
{
  g_autoptr (GPtrArray) cards = inn_domain_list (vmh_machine_get_live (live->machine), "interface");

  for (guint i = 0; i < cards->len; i++)
    {
      g_autofree char *id = inn_element_dup_id (cards->pdata[i]);

      if (g_str_equal (id, live->change->id))
        return vmh_plan_id (cards->pdata[i], i);
    }
  return NULL;
}

void
vmh_live_change_link (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) card = inn_domain_find (live->wanted, live->change->id);
  g_autofree char *name = dup_card_name (live);

  if (name)
    vmh_qmp_set_link_async (live->monitor, name, inn_element_get_bool (card, "link"),
                            vmh_live_on_told, task);
  else
    vmh_live_end (task, FALSE, NULL);
}

void
vmh_live_change_watchdog (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) watchdog = inn_domain_find (live->wanted, live->change->id);
  g_autofree char *action = inn_element_dup (watchdog, "action");

  vmh_qmp_set_watchdog_async (live->monitor, action, vmh_live_on_told, task);
}

/* ---- how much goes through it ---- */

static void
on_limited (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_runtime_view_finish (result, &error))
    vmh_live_done (data);
  else
    vmh_live_fail (data, error);
}

/* All of a card's at once. */
void
vmh_live_change_bandwidth (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) card = inn_domain_find (live->wanted, live->change->id);
  g_autoptr (InnElement) now =
      inn_domain_find (vmh_machine_get_live (live->machine), live->change->id);
  const VmhCardLimits limits = vmh_bandwidth_read (card);
  g_autofree char *name = dup_card_name (live);
  GError *error = NULL;

  if (!name || !now)
    vmh_live_end (task, FALSE, NULL); /* it waits itself */
  else if (!vmh_plan_is_user_card (now))
    {
      if (vmh_bandwidth_limit_cable (vmh_machine_get_owner (live->machine), now, &limits, &error))
        vmh_live_done (task);
      else
        vmh_live_fail (task, error);
    }
  else if (g_str_equal (vmh_machine_get_user_network (live->machine), "slirp"))
    vmh_live_wait (task, _ ("Only with “passt” can it be limited. Install that, then restart the "
                            "machine."));
  else
    vmh_runtime_limit_card_async (vmh_machine_get_bundle (live->machine), name, &limits, on_limited,
                                  task);
}

/* ---- the cable's other end ---- */

/* @cable's name is @holder's. */
static void
find_cable (VmhLive *live, const InnElement *card, VmhCable *cable, char **holder)
{
  g_autofree char *type = inn_element_dup (card, "type");

  *holder = inn_element_dup (card, type); /* the field has the type's name */
  *cable = (VmhCable){ .owner = vmh_machine_get_owner (live->machine),
                       .isolated = g_str_equal (type, "network"),
                       .direct = g_str_equal (type, "direct"),
                       .name = *holder };
}

static gboolean
plug_cable (gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autofree char *name = vmh_machine_get_live (live->machine) ? dup_card_name (live) : NULL;

  live->look_id = 0;
  if (name)
    vmh_qmp_set_link_async (live->monitor, name, TRUE, vmh_live_on_told, data);
  else
    vmh_live_done (data); /* it has ended meanwhile */
  return G_SOURCE_REMOVE;
}

static void
on_pulled (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);

  live->look_id = g_timeout_add (PULLED_MS, plug_cable, data);
}

/* Its type and what that names change together, by the first of them. The cable is pulled and
 * plugged in again, so that the guest asks for an address there. */
void
vmh_live_change_cable (GTask *task)
{
  static const char *const fields[] = { "type", "network", "bridge", NULL };
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) card = inn_domain_find (live->wanted, live->change->id);
  g_autoptr (InnElement) now =
      inn_domain_find (vmh_machine_get_live (live->machine), live->change->id);
  g_autofree char *name = dup_card_name (live);
  g_autofree char *mac = inn_element_dup (card, "mac");
  g_autofree char *from_name = NULL;
  g_autofree char *to_name = NULL;
  VmhCable from, to;
  GError *error = NULL;

  if (!now || !name || !mac)
    {
      vmh_live_end (task, FALSE, NULL); /* it waits itself */
      return;
    }
  if (vmh_plan_is_user_card (now) != vmh_plan_is_user_card (card))
    {
      vmh_live_wait (task, _ ("To and from the internet through this computer it changes with the "
                              "next restart."));
      return;
    }
  if (vmh_plan_is_user_card (card))
    {
      vmh_live_done (task); /* two words for one thing */
      return;
    }
  find_cable (live, now, &from, &from_name);
  find_cable (live, card, &to, &to_name);
  if (from.isolated == to.isolated && from.direct == to.direct &&
      g_strcmp0 (from.name, to.name) == 0)
    vmh_live_done (task);
  else if (from.direct || to.direct)
    vmh_live_wait (task, _ ("To and from a network card of this computer it changes with the next "
                            "restart."));
  else if (!vmh_tap_move (mac, &from, &to, &error))
    vmh_live_fail (task, error);
  else
    {
      vmh_live_note_fields (live, fields);
      if (inn_element_get_bool (card, "link"))
        vmh_qmp_set_link_async (live->monitor, name, FALSE, on_pulled, task);
      else
        vmh_live_done (task);
    }
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
  g_autofree char *group = vmh_plan_limits_id (disk);

  vmh_qmp_set_limits_async (live->monitor, group, vmh_plan_limits (disk), vmh_live_on_told, task);
}

char *
vmh_live_dup_shared_group (VmhMachine *machine, const InnElement *device)
{
  InnDomain *domain = vmh_machine_get_live (machine);
  const InnField *field = inn_kind_find (device->kind, "limit-group");
  g_autofree char *group = field ? inn_element_dup (device, field->name) : NULL;
  g_autofree char *id = inn_element_dup_id (device);
  g_autoptr (GPtrArray) disks = NULL;

  if (!domain || !group)
    return NULL;
  disks = inn_domain_list (domain, device->kind->name);
  for (guint i = 0; i < disks->len; i++)
    {
      g_autofree char *other = inn_element_dup_id (disks->pdata[i]);

      if (!g_str_equal (other, id) && inn_element_is (disks->pdata[i], field->name, group))
        return vmh_plan_limits_id (disks->pdata[i]);
    }
  return NULL;
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_qmp_throttle_finish (VMH_QMP (source), result, &error))
    vmh_live_done (data);
  else
    vmh_live_fail (data, error);
}

/* From one group of disks, or its own limits, to another. All else of its node stays as it runs. */
void
vmh_live_change_group (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) disk = inn_domain_find (live->wanted, live->change->id);
  g_autoptr (InnElement) old =
      inn_domain_find (vmh_machine_get_live (live->machine), live->change->id);
  g_autofree char *joined = vmh_plan_limits_id (disk);
  g_autofree char *left = old ? vmh_plan_limits_id (old) : NULL;
  g_autofree char *others = old ? vmh_live_dup_shared_group (live->machine, old) : NULL;

  if (old)
    vmh_qmp_throttle_async (live->monitor, vmh_plan_group (disk), vmh_plan_limits (disk),
                            vmh_plan_throttle (old, joined), others ? NULL : left, on_moved, task);
  else
    vmh_live_end (task, FALSE, NULL); /* it waits itself */
}
