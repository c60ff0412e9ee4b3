/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Memory of a machine whose guest has no virtio-mem: whole modules are plugged in and out, one
 * after the other, until what was asked for is reached or the guest or the slots say no. */
#include "vmh-live-private.h"

#include <string.h>

#include "qemu/vmh-qemu.h"
#include "shared/inn-size.h"
#include "vmh-life.h"

#define MIB   (G_GUINT64_CONSTANT (1) << 20)
#define BLOCK (128 * MIB) /* the least that Linux puts online, and what QEMU has room for */
#define PARTS 3           /* so many halves are made of what comes, for what may go later */
#define FEW   4           /* free slots: it comes in one */

static void next_module (GTask *task);

static VmhPlan *
make_plan (VmhLive *live, guint number, guint64 size)
{
  static const VmhPlanRunning running = { 0 };
  VmhPlanHost host = { .accelerator = "", .running = &running };
  VmhPlan *plan = vmh_plan_new (vmh_machine_get_live (live->machine), &host);

  vmh_plan_build_module (plan, number, size);
  return plan;
}

/* What was reached, and why no more. */
static void
tell (GTask *task, const char *why)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autofree char *size = inn_size_format (live->memory.first);

  vmh_live_note_uint (live, live->memory.first);
  vmh_live_wait (task, _ ("It has %s now. %s"), size, why);
}

static void
on_memory_known (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;

  if (vmh_qmp_query_memory_finish (VMH_QMP (source), result, &live->memory, &error))
    next_module (data);
  else
    vmh_live_fail (data, error);
}

/* ---- in ---- */

static void
on_plugged (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autoptr (GError) error = NULL;

  if (!vmh_qmp_plug_finish (VMH_QMP (source), result, &error))
    {
      tell (data, error->message);
      return;
    }
  live->plugs++;
  vmh_qmp_query_memory_async (live->monitor, on_memory_known, data);
}

static void
on_room_made (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;

  if (vmh_qmp_clear_finish (VMH_QMP (source), result, &error))
    vmh_qmp_plug_async (live->monitor, live->plan, NULL, on_plugged, data);
  else
    vmh_live_fail (data, error);
}

static gboolean
is_taken (const VmhQmpMemory *memory, guint number)
{
  for (guint i = 0; i < memory->n_modules; i++)
    if (memory->modules[i].number == number)
      return TRUE;
  return FALSE;
}

/* A helper before this one may have left the memory of a module behind. */
static void
plug (GTask *task, guint64 rest, guint slots)
{
  VmhLive *live = g_task_get_task_data (task);
  const gboolean whole = rest < 2 * BLOCK || live->plugs >= PARTS || slots <= FEW;
  const guint64 size = whole ? rest : rest / 2 / BLOCK * BLOCK;
  g_autofree char *id = NULL;

  live->module = 0;
  while (is_taken (&live->memory, live->module))
    live->module++;
  id = g_strdup_printf (VMH_PLAN_MODULE "%u", live->module);
  g_clear_pointer (&live->plan, vmh_plan_free);
  live->plan = make_plan (live, live->module, size);
  vmh_qmp_clear_async (live->monitor, live->plan, id, on_room_made, task);
}

/* ---- out ---- */

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_qmp_clear_finish (VMH_QMP (source), result, &error))
    next_module (data);
  else
    vmh_live_fail (data, error);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autofree char *id = g_strdup_printf (VMH_PLAN_MODULE "%u", live->module);
  GError *error = NULL;

  if (!vmh_qmp_query_memory_finish (VMH_QMP (source), result, &live->memory, &error))
    vmh_live_fail (data, error);
  else if (!is_taken (&live->memory, live->module))
    vmh_qmp_clear_async (live->monitor, live->plan, id, on_cleared, data);
  else if (live->refused)
    tell (data, _ ("The system in it refuses to let a memory module go: it uses that memory. End "
                   "programs in it and try again, or restart it."));
  else if (!vmh_live_look_again (data))
    tell (data, _ ("The system in it has not let a memory module go so far. It goes when that "
                   "does, or with the next restart."));
}

static gboolean
look_whether_gone (gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);

  live->look_id = 0;
  vmh_qmp_query_memory_async (live->monitor, on_looked, data);
  return G_SOURCE_REMOVE;
}

static void
on_event (VmhQemu *qemu, const char *name, JsonObject *data, gpointer user_data)
{
  VmhLive *live = g_task_get_task_data (user_data);
  g_autofree char *id = g_strdup_printf (VMH_PLAN_MODULE "%u", live->module);

  if (vmh_live_is_refusal (name, data, id))
    live->refused = TRUE;
}

static void
on_asked_for (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply)
    vmh_live_begin_to_look (data, look_whether_gone);
  else
    tell (data, error->message);
}

/* The largest of those that are not more than @rest. */
static const VmhQmpModule *
choose (const VmhQmpMemory *memory, guint64 rest)
{
  const VmhQmpModule *best = NULL;

  for (guint i = 0; i < memory->n_modules; i++)
    if (memory->modules[i].size <= rest && (!best || memory->modules[i].size >= best->size))
      best = &memory->modules[i];
  return best;
}

static void
unplug (GTask *task, const VmhQmpModule *module)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autofree char *id = g_strdup_printf (VMH_PLAN_MODULE "%u", module->number);

  live->module = module->number;
  g_clear_pointer (&live->plan, vmh_plan_free);
  live->plan = make_plan (live, module->number, module->size);
  vmh_qmp_remove_device_async (live->monitor, id, on_asked_for, task);
}

/* ---- both ---- */

static void
next_module (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  InnDomain *domain = vmh_machine_get_live (live->machine);
  const guint64 now = live->memory.first, wanted = live->goal;
  const guint all = domain ? vmh_plan_count_slots (domain) : 0;
  const VmhQmpModule *goes = now > wanted ? choose (&live->memory, now - wanted) : NULL;

  if (!domain || now == wanted) /* where it has ended meanwhile all is as wanted */
    vmh_live_done (task);
  else if (now + BLOCK <= wanted && live->memory.slots >= all)
    tell (task, _ ("All of its slots for memory modules are taken."));
  else if (now + BLOCK <= wanted)
    plug (task, (wanted - now) / BLOCK * BLOCK, all - live->memory.slots);
  else if (goes)
    unplug (task, goes);
  else if (now < wanted)
    tell (task, _ ("While it runs it gets modules of 128 MiB or a multiple of that."));
  else
    tell (task, _ ("Memory modules go as a whole, and it has none as small as that."));
}

void
vmh_live_change_modules (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  InnElement element = inn_domain_get (live->wanted, "memory");
  const VmhQmpMemory *memory = &live->memory;
  const guint64 begun = memory->first - memory->in_modules;
  const guint64 most = vmh_plan_most_memory (vmh_machine_get_live (live->machine), begun);
  g_autofree char *first = inn_size_format (begun);
  g_autofree char *last = inn_size_format (most);

  live->goal = inn_element_get_uint (&element, "size");
  live->plugs = 0;
  live->refused = FALSE;
  if (live->goal < begun)
    vmh_live_wait (task,
                   _ ("It has begun with %s and runs with no less. “Memory now” takes some of it "
                      "meanwhile."),
                   first);
  else if (live->goal > most)
    vmh_live_wait (task, _ ("It can have up to %s while it runs."), last);
  else
    {
      live->refused_id = g_signal_connect (vmh_machine_get_qemu (live->machine), "event",
                                           G_CALLBACK (on_event), task);
      next_module (task);
    }
}

/* ---- late ---- */

typedef struct
{
  VmhMachine *machine;
  VmhPlan *plan;
} Late;

static void
late_free (Late *late)
{
  vmh_plan_free (late->plan);
  g_object_unref (late->machine);
  g_free (late);
}

static void
on_late_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  Late *late = data;
  g_autoptr (GError) error = NULL;

  if (!vmh_qmp_clear_finish (VMH_QMP (source), result, &error))
    g_info ("%s: %s", vmh_machine_get_name (late->machine), error->message);
  late_free (late);
}

static void
on_late_known (GObject *source, GAsyncResult *result, gpointer data)
{
  Late *late = data;
  VmhQmpMemory memory;

  if (!vmh_qmp_query_memory_finish (VMH_QMP (source), result, &memory, NULL))
    {
      late_free (late);
      return;
    }
  vmh_live_note_memory (late->machine, memory.first + memory.plugged);
  vmh_qmp_clear_async (VMH_QMP (source), late->plan, "", on_late_cleared, late);
}

gboolean
vmh_live_let_module_go (VmhMachine *machine, const char *id)
{
  VmhQmp *monitor;
  guint64 number;
  Late *late;
  VmhLive live = { .machine = machine };

  if (!g_str_has_prefix (id, VMH_PLAN_MODULE) ||
      !g_ascii_string_to_unsigned (id + strlen (VMH_PLAN_MODULE), 10, 0, G_MAXINT, &number, NULL))
    return FALSE;
  monitor = vmh_life_get_monitor (machine, NULL);
  /* While something is under way, that looks for itself. */
  if (!monitor || !vmh_machine_get_live (machine) || !vmh_machine_begin (machine, NULL))
    return TRUE;
  vmh_machine_end (machine);
  late = g_new0 (Late, 1);
  late->machine = g_object_ref (machine);
  late->plan = make_plan (&live, (guint)number, BLOCK);
  vmh_qmp_query_memory_async (monitor, on_late_known, late);
  return TRUE;
}
