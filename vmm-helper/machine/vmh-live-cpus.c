/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Processors are plugged in and out of a running machine. */
#include "vmh-live-private.h"

#include "devices/vmh-plan.h"
#include "qemu/vmh-qemu.h"
#include "vmh-life.h"
#include "vmh-share.h"

#define CPU "cpu-" /* as a plan's vmh_plan_cpu() names them */

static void plug_next (GTask *task);

/* What was reached, and why no more. */
static void
tell_cpus (GTask *task, const char *why)
{
  VmhLive *live = g_task_get_task_data (task);

  vmh_live_note_uint (live, live->reached);
  vmh_live_wait (task, _ ("It has %u processors now. %s"), (guint)live->reached, why);
}

/* QEMU does not tell everywhere that a processor is gone. */
static void
on_cpus_left (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autoptr (GError) error = NULL;
  VmhQmpCpus cpus;

  if (!vmh_qmp_query_cpus_finish (VMH_QMP (source), result, &cpus, &error))
    {
      tell_cpus (data, error->message);
      return;
    }
  g_free (cpus.driver);
  if (cpus.plugged < live->reached)
    {
      live->reached = cpus.plugged;
      plug_next (data);
    }
  else if (live->refused)
    tell_cpus (data, _ ("The system in it refuses to give up another one: something in it needs "
                        "that. End programs in it and try again, or restart it."));
  else if (!vmh_live_look_again (data))
    tell_cpus (data, _ ("The system in it has not given up another one so far. It goes when that "
                        "does, or with the next restart."));
}

static gboolean
on_look_at_cpus (gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);

  live->look_id = 0;
  vmh_qmp_query_cpus_async (live->monitor, on_cpus_left, data);
  return G_SOURCE_REMOVE;
}

static void
on_event (VmhQemu *qemu, const char *name, JsonObject *data, gpointer user_data)
{
  VmhLive *live = g_task_get_task_data (user_data);
  g_autofree char *id = g_strdup_printf (CPU "%u", (guint)live->reached - 1);

  if (vmh_live_is_refusal (name, data, id))
    live->refused = TRUE;
}

static void
on_cpu_asked_for (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply)
    vmh_live_begin_to_look (data, on_look_at_cpus);
  else
    tell_cpus (data, error->message);
}

static void
on_cpu_plugged (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    {
      tell_cpus (data, error->message);
      return;
    }
  live->reached++;
  plug_next (data);
}

static void
on_pinned (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_share_pin_finish (VMH_MACHINE (source), result, &error))
    vmh_live_done (data);
  else
    vmh_live_fail (data, error);
}

/* One after the other, always the last; then each runs where it shall. */
static void
plug_next (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  InnDomain *domain = vmh_machine_get_live (live->machine);

  if (!domain) /* where it has ended meanwhile all is as wanted */
    vmh_live_done (task);
  else if (live->reached == live->goal)
    {
      if (live->goal > live->cpus.plugged)
        vmh_guest_follow_cpus (live->machine, (guint)live->goal);
      vmh_share_pin_async (live->machine, domain, on_pinned, task);
    }
  else if (live->reached < live->goal)
    vmh_qmp_add_device_async (
        live->monitor,
        vmh_plan_cpu (domain, live->cpus.driver, live->cpus.places, (guint)live->reached),
        on_cpu_plugged, task);
  else
    {
      g_autofree char *id = g_strdup_printf (CPU "%u", (guint)live->reached - 1);

      vmh_qmp_remove_device_async (live->monitor, id, on_cpu_asked_for, task);
    }
}

static void
on_cpus_known (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;
  gboolean emulated = g_str_equal (vmh_machine_get_accelerator (live->machine), "tcg");

  g_clear_pointer (&live->cpus.driver, g_free);
  if (!vmh_qmp_query_cpus_finish (VMH_QMP (source), result, &live->cpus, &error))
    {
      vmh_live_fail (data, error);
      return;
    }
  live->reached = live->cpus.plugged;
  if (live->goal > live->cpus.places)
    vmh_live_wait (data, _ ("It has begun with places for %u processors."), live->cpus.places);
  else if (live->goal < live->reached && emulated)
    /* After one has gone QEMU 7.2 dies of whatever is plugged in next: its heap is damaged. */
    vmh_live_wait (data, _ ("An emulated machine keeps its processors while it runs."));
  else
    {
      live->refused = FALSE;
      live->refused_id = g_signal_connect (vmh_machine_get_qemu (live->machine), "event",
                                           G_CALLBACK (on_event), data);
      plug_next (data);
    }
}

void
vmh_live_change_cpus (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  InnElement cpu = inn_domain_get (live->wanted, "cpu");
  gboolean apart = inn_element_has (&cpu, "current");

  if (apart && g_str_equal (live->change->field->name, "vcpus"))
    {
      vmh_live_end (task, FALSE, NULL); /* the number of places */
      return;
    }
  live->goal = inn_element_get_uint (&cpu, apart ? "current" : "vcpus");
  vmh_qmp_query_cpus_async (live->monitor, on_cpus_known, task);
}

/* ---- late ---- */

static void
on_late_counted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhMachine) machine = data;
  VmhQmpCpus cpus;

  if (!vmh_qmp_query_cpus_finish (VMH_QMP (source), result, &cpus, NULL))
    return;
  g_free (cpus.driver);
  vmh_live_note_cpus (machine, cpus.plugged);
}

gboolean
vmh_live_let_cpu_go (VmhMachine *machine, const char *id)
{
  VmhQmp *monitor;

  if (!g_str_has_prefix (id, CPU))
    return FALSE;
  monitor = vmh_life_get_monitor (machine, NULL);
  /* While something is under way, that looks for itself. */
  if (!monitor || !vmh_machine_get_live (machine) || !vmh_machine_begin (machine, NULL))
    return TRUE;
  vmh_machine_end (machine);
  vmh_qmp_query_cpus_async (monitor, on_late_counted, g_object_ref (machine));
  return TRUE;
}

/* ---- where they run, and how much ---- */

void
vmh_live_change_cpuset (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

  vmh_share_pin_async (live->machine, live->wanted, on_pinned, task);
}

static void
on_limited (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_share_limit_finish (VMH_MACHINE (source), result, &error))
    vmh_live_done (data);
  else
    vmh_live_fail (data, error);
}

void
vmh_live_change_share (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

  vmh_share_limit_async (live->machine, live->wanted, TRUE, on_limited, task);
}
