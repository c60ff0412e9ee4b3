/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Memory is plugged in and out of a running machine, and its balloon takes and gives. */
#include "vmh-live-private.h"

#include "shared/inn-size.h"

#define MIB   (G_GUINT64_CONSTANT (1) << 20)
#define BLOCK (2 * MIB) /* of memory that is plugged in */

static gboolean
is_balloon (const VmhLive *live)
{
  return g_str_equal (live->change->field->name, "current");
}

static void
tell_memory (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  const VmhQmpMemory *memory = &live->memory;
  guint64 now =
      is_balloon (live) ? memory->balloon + memory->plugged : memory->first + memory->plugged;
  g_autofree char *size = inn_size_format (now);

  vmh_live_note_uint (live, now);
  if (is_balloon (live))
    vmh_live_wait (task,
                   _ ("It has %s now. The system in it does not follow: it needs the driver "
                      "virtio-balloon."),
                   size);
  else
    vmh_live_wait (task,
                   _ ("It has %s now. The system in it does not follow: it needs the driver "
                      "virtio-mem, and memory that it can give back. A system without it can get "
                      "more memory in modules, from the next start on."),
                   size);
}

static void
on_request_reduced (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);

  tell_memory (data);
}

/* Less than was asked for, by less than what can be plugged in: so says the live definition. */
static void
end_size (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  InnElement element = inn_domain_get (live->wanted, "memory");
  const guint64 now = live->memory.first + live->memory.plugged;
  g_autofree char *size = inn_size_format (now);

  if (is_balloon (live) || now == inn_element_get_uint (&element, "size"))
    {
      vmh_live_done (task);
      return;
    }
  vmh_live_note_uint (live, now);
  vmh_live_wait (task, _ ("It has %s now: while it runs its memory changes by 2 MiB at a time."),
                 size);
}

static void
on_memory_follows (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;

  if (!vmh_qmp_query_memory_finish (VMH_QMP (source), result, &live->memory, &error))
    vmh_live_fail (data, error);
  else if ((is_balloon (live) ? live->memory.balloon : live->memory.plugged) == live->goal)
    end_size (data);
  else if (vmh_live_look_again (data))
    ;
  else if (is_balloon (live))
    tell_memory (data);
  else /* nothing shall come later that nobody notes */
    vmh_qmp_set_requested_memory_async (live->monitor, live->memory.plugged, on_request_reduced,
                                        data);
}

static gboolean
on_look_at_memory (gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);

  live->look_id = 0;
  vmh_qmp_query_memory_async (live->monitor, on_memory_follows, data);
  return G_SOURCE_REMOVE;
}

/* A balloon that has come where it should. One that is asked at once is on its way: QEMU, busy with
 * it, would answer late. */
static gboolean
on_balloon_told (GTask *task, const char *event, JsonObject *data)
{
  VmhLive *live = g_task_get_task_data (task);
  const guint64 now = (guint64)MAX (vmh_qmp_int (data, "actual", 0), 0);

  if (!g_str_equal (event, "BALLOON_CHANGE") || now != live->goal)
    return FALSE;
  live->memory.balloon = now;
  end_size (task);
  return TRUE;
}

static void
on_memory_asked_for (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply && is_balloon (live))
    live->heard = on_balloon_told;
  if (reply)
    vmh_live_begin_to_look (data, on_look_at_memory);
  else
    vmh_live_fail (data, error);
}

static void
set_balloon (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  InnElement element = inn_domain_get (live->wanted, "memory");
  const VmhQmpMemory *memory = &live->memory;
  guint64 wanted = inn_element_get_uint (&element, "current"); /* 0: all */

  if (memory->balloon == 0)
    {
      vmh_live_wait (task, _ ("It has no memory balloon, which takes memory while it runs."));
      return;
    }
  if (wanted == 0 || wanted > memory->first + memory->plugged)
    live->goal = memory->first;
  else
    live->goal = wanted - MIN (memory->plugged, wanted - MIN (wanted, MIB));
  vmh_qmp_set_balloon_async (live->monitor, live->goal, on_memory_asked_for, task);
}

static void
set_size (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  InnElement element = inn_domain_get (live->wanted, "memory");
  const VmhQmpMemory *memory = &live->memory;
  guint64 wanted = inn_element_get_uint (&element, "size");
  g_autofree char *first = inn_size_format (memory->first);
  g_autofree char *most = inn_size_format (memory->first + memory->most);

  if (!memory->grows)
    vmh_live_wait (task, _ ("It has begun without a place for more memory."));
  else if (wanted < memory->first)
    vmh_live_wait (task,
                   _ ("It has begun with %s and runs with no less. “Memory now” takes some of it "
                      "meanwhile."),
                   first);
  else if (wanted > memory->first + memory->most)
    vmh_live_wait (task, _ ("It can have up to %s while it runs."), most);
  else
    {
      live->goal = (wanted - memory->first) / BLOCK * BLOCK;
      vmh_qmp_set_requested_memory_async (live->monitor, live->goal, on_memory_asked_for, task);
    }
}

/* As it has begun; what the owner has chosen since is for the next start. */
static gboolean
is_modular (VmhLive *live)
{
  InnDomain *domain = vmh_machine_get_live (live->machine);

  return domain && vmh_plan_has_modules (domain);
}

static void
on_memory_known (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;

  if (!vmh_qmp_query_memory_finish (VMH_QMP (source), result, &live->memory, &error))
    vmh_live_fail (data, error);
  else if (is_balloon (live))
    set_balloon (data);
  else if (is_modular (live))
    vmh_live_change_modules (data);
  else
    set_size (data);
}

void
vmh_live_change_memory (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

  vmh_qmp_query_memory_async (live->monitor, on_memory_known, task);
}
