/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a device that is plugged in finds in the QEMU that runs. */
#include "qemu/vmh-qmp-plug.h"

#include <string.h>

#include "devices/vmh-json.h"
#include "shared/inn-errors.h"

void
vmh_plan_running_free (VmhPlanRunning *running)
{
  g_strfreev (running->ids);
  g_strfreev (running->ports);
  g_free (running);
}

typedef struct
{
  VmhPlanRunning *running;
  VmhQmpQuestions questions;
} Query;

static void
query_free (gpointer data)
{
  Query *query = data;

  g_clear_pointer (&query->running, vmh_plan_running_free);
  g_clear_error (&query->questions.error);
  g_free (query);
}

/* Of one of them; takes @error. */
static void
end_question (GTask *task, GError *error)
{
  Query *query = g_task_get_task_data (task);

  if (!vmh_qmp_questions_end (&query->questions, error))
    return;
  if (query->questions.error)
    g_task_return_error (task, g_steal_pointer (&query->questions.error));
  else
    g_task_return_pointer (task, g_steal_pointer (&query->running),
                           (GDestroyNotify)vmh_plan_running_free);
  g_object_unref (task);
}

static void
on_sets (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  VmhPlanRunning *running = ((Query *)g_task_get_task_data (task))->running;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = NULL;
  JsonArray *sets = vmh_qmp_take_list (source, result, &reply, &error);

  for (guint i = 0; sets && i < json_array_get_length (sets); i++)
    {
      gint64 set = vmh_qmp_int (vmh_qmp_nth (sets, i), "fdset-id", -1);

      if (set >= running->next_set && set < G_MAXINT)
        running->next_set = (int)set + 1;
    }
  end_question (task, error);
}

static void
on_ids (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  VmhPlanRunning *running = ((Query *)g_task_get_task_data (task))->running;
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  GError *error = NULL;
  g_autoptr (JsonNode) reply = NULL;
  JsonArray *properties = vmh_qmp_take_list (source, result, &reply, &error);

  for (guint i = 0; properties && i < json_array_get_length (properties); i++)
    {
      JsonObject *property = vmh_qmp_nth (properties, i);

      if (g_str_has_prefix (vmh_qmp_string (property, "type"), "child<"))
        g_strv_builder_add (ids, vmh_qmp_string (property, "name"));
    }
  running->ids = g_strv_builder_end (ids);
  end_question (task, error);
}

/* All of it, or what it does not share is missed by whoever shares the rest. */
static void
on_memory (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  VmhPlanRunning *running = ((Query *)g_task_get_task_data (task))->running;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = NULL;
  JsonArray *parts = vmh_qmp_take_list (source, result, &reply, &error);

  running->shared = parts && json_array_get_length (parts) > 0;
  for (guint i = 0; parts && i < json_array_get_length (parts); i++)
    running->shared &= vmh_qmp_flag (vmh_qmp_nth (parts, i), "share");
  end_question (task, error);
}

/* A port has a bus behind it, which tells of devices where there are any. */
static void
add_free_ports (JsonObject *bus, GStrvBuilder *ports)
{
  JsonArray *devices = vmh_qmp_array (bus, "devices");

  for (guint i = 0; devices && i < json_array_get_length (devices); i++)
    {
      JsonObject *device = vmh_qmp_nth (devices, i);
      JsonArray *behind = vmh_qmp_array (vmh_qmp_object (device, "pci_bridge"), "devices");
      const char *id = vmh_qmp_string (device, "qdev_id");

      if (g_str_has_prefix (id, "port-") && (!behind || json_array_get_length (behind) == 0))
        g_strv_builder_add (ports, id);
    }
}

static void
on_buses (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  VmhPlanRunning *running = ((Query *)g_task_get_task_data (task))->running;
  g_autoptr (GStrvBuilder) ports = g_strv_builder_new ();
  GError *error = NULL;
  g_autoptr (JsonNode) reply = NULL;
  JsonArray *buses = vmh_qmp_take_list (source, result, &reply, &error);

  for (guint i = 0; buses && i < json_array_get_length (buses); i++)
    add_free_ports (vmh_qmp_nth (buses, i), ports);
  running->ports = g_strv_builder_end (ports);
  end_question (task, error);
}

void
vmh_qmp_query_running_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (qmp, NULL, callback, data);
  Query *query = g_new0 (Query, 1);

  g_task_set_source_tag (task, vmh_qmp_query_running_async);
  g_task_set_task_data (task, query, query_free);
  query->running = g_new0 (VmhPlanRunning, 1);
  query->questions.asked = 4;
  vmh_qmp_call_async (qmp, "query-pci", NULL, -1, VMH_QMP_TIMEOUT_MS, NULL, on_buses, task);
  vmh_qmp_call_async (qmp, "qom-list", vmh_json ("path=s", "/machine/peripheral", NULL), -1,
                      VMH_QMP_TIMEOUT_MS, NULL, on_ids, task);
  vmh_qmp_call_async (qmp, "query-fdsets", NULL, -1, VMH_QMP_TIMEOUT_MS, NULL, on_sets, task);
  vmh_qmp_call_async (qmp, "query-memdev", NULL, -1, VMH_QMP_TIMEOUT_MS, NULL, on_memory, task);
}

VmhPlanRunning *
vmh_qmp_query_running_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
