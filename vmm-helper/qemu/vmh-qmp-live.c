/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-qmp-live.h"

#include <string.h>

#include "devices/vmh-json.h"
#include "devices/vmh-plan.h"

static void
call (VmhQmp *qmp,
      const char *command,
      JsonObject *arguments,
      GAsyncReadyCallback callback,
      gpointer data)
{
  vmh_qmp_call_async (qmp, command, arguments, -1, VMH_QMP_TIMEOUT_MS, NULL, callback, data);
}

/* ---- commands ---- */

void
vmh_qmp_set_link_async (VmhQmp *qmp,
                        const char *id,
                        gboolean up,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  call (qmp, "set_link", vmh_json ("name=s", id, "up=b", up, NULL), callback, data);
}

void
vmh_qmp_set_balloon_async (VmhQmp *qmp, guint64 bytes, GAsyncReadyCallback callback, gpointer data)
{
  call (qmp, "balloon", vmh_json ("value=i", (gint64)bytes, NULL), callback, data);
}

void
vmh_qmp_set_watchdog_async (VmhQmp *qmp,
                            const char *action,
                            GAsyncReadyCallback callback,
                            gpointer data)
{
  call (qmp, "set-action", vmh_json ("watchdog=s", action, NULL), callback, data);
}

void
vmh_qmp_resize_async (VmhQmp *qmp,
                      const char *node,
                      guint64 size,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  call (qmp, "block_resize", vmh_json ("node-name=s", node, "size=i", (gint64)size, NULL), callback,
        data);
}

static void
set_property (VmhQmp *qmp,
              const char *path,
              const char *property,
              gint64 value,
              GAsyncReadyCallback callback,
              gpointer data)
{
  call (qmp, "qom-set", vmh_json ("path=s", path, "property=s", property, "value=i", value, NULL),
        callback, data);
}

void
vmh_qmp_set_balloon_period_async (VmhQmp *qmp,
                                  guint seconds,
                                  GAsyncReadyCallback callback,
                                  gpointer data)
{
  set_property (qmp, "/machine/peripheral/balloon", "guest-stats-polling-interval", seconds,
                callback, data);
}

void
vmh_qmp_set_requested_memory_async (VmhQmp *qmp,
                                    guint64 bytes,
                                    GAsyncReadyCallback callback,
                                    gpointer data)
{
  set_property (qmp, "/machine/peripheral/memory", "requested-size", (gint64)bytes, callback, data);
}

void
vmh_qmp_set_limits_async (VmhQmp *qmp,
                          const char *group,
                          JsonObject *limits,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autofree char *path = g_strconcat ("/objects/", group, NULL);

  call (qmp, "qom-set", vmh_json ("path=s", path, "property=s", "limits", "value=o", limits, NULL),
        callback, data);
}

typedef struct
{
  JsonObject *group, *limits, *throttle;
  char *left;
} Throttling;

static void
throttling_free (gpointer data)
{
  Throttling *it = data;

  json_object_unref (it->group);
  json_object_unref (it->limits);
  json_object_unref (it->throttle);
  g_free (it->left);
  g_free (it);
}

/* That it was left behind harms nobody. */
static void
on_left (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);

  g_task_return_boolean (task, TRUE);
}

static void
on_throttled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Throttling *it = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    g_task_return_error (task, error);
  else if (it->left)
    call (VMH_QMP (source), "object-del", vmh_json ("id=s", it->left, NULL), on_left,
          g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_group_limited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Throttling *it = g_task_get_task_data (task);
  JsonArray *nodes;
  JsonObject *options;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    {
      g_task_return_error (task, error);
      return;
    }
  nodes = json_array_new ();
  json_array_add_object_element (nodes, json_object_ref (it->throttle));
  options = json_object_new ();
  json_object_set_array_member (options, "options", nodes);
  call (VMH_QMP (source), "blockdev-reopen", options, on_throttled, g_steal_pointer (&task));
}

/* That it is there already is an error. */
static void
on_group_there (GObject *source, GAsyncResult *result, gpointer data)
{
  Throttling *it = g_task_get_task_data (data);
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);

  vmh_qmp_set_limits_async (VMH_QMP (source), json_object_get_string_member (it->group, "id"),
                            json_object_ref (it->limits), on_group_limited, data);
}

void
vmh_qmp_throttle_async (VmhQmp *qmp,
                        JsonObject *group,
                        JsonObject *limits,
                        JsonObject *throttle,
                        const char *left,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (qmp, NULL, callback, data);
  Throttling *it = g_new (Throttling, 1);

  *it = (Throttling){ group, limits, throttle, g_strdup (left) };
  g_task_set_source_tag (task, vmh_qmp_throttle_async);
  g_task_set_task_data (task, it, throttling_free);
  call (qmp, "object-add", json_object_ref (group), on_group_there, task);
}

gboolean
vmh_qmp_throttle_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
vmh_qmp_add_device_async (VmhQmp *qmp,
                          JsonObject *device,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  call (qmp, "device_add", device, callback, data);
}

void
vmh_qmp_remove_device_async (VmhQmp *qmp,
                             const char *id,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  call (qmp, "device_del", vmh_json ("id=s", id, NULL), callback, data);
}

/* ---- processors ---- */

void
vmh_qmp_query_cpus_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data)
{
  call (qmp, "query-hotpluggable-cpus", NULL, callback, data);
}

gboolean
vmh_qmp_query_cpus_finish (VmhQmp *qmp, GAsyncResult *result, VmhQmpCpus *cpus, GError **error)
{
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (qmp, result, error);
  JsonArray *places;

  *cpus = (VmhQmpCpus){ 0 };
  if (!reply)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (reply) || json_array_get_length (json_node_get_array (reply)) == 0)
    return vmh_qmp_refuse_shape (error);
  places = json_node_get_array (reply);
  cpus->places = json_array_get_length (places);
  for (guint i = 0; i < cpus->places; i++)
    {
      JsonNode *node = json_array_get_element (places, i);
      JsonObject *place = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

      cpus->plugged += *vmh_qmp_string (place, "qom-path") != '\0';
      if (!cpus->driver)
        cpus->driver = g_strdup (vmh_qmp_string (place, "type"));
    }
  return TRUE;
}

/* ---- memory ---- */

typedef struct
{
  VmhQmpMemory memory;
  VmhQmpQuestions questions;
} MemoryQuery;

static void
memory_query_free (gpointer data)
{
  MemoryQuery *query = data;

  g_clear_error (&query->questions.error);
  g_free (query);
}

static void
read_module (JsonObject *about, VmhQmpMemory *memory)
{
  const char *id = vmh_qmp_string (about, "id");
  const guint64 size = (guint64)MAX (vmh_qmp_int (about, "size", 0), 0);
  guint64 number;

  memory->in_slots += size;
  memory->slots++;
  if (!g_str_has_prefix (id, VMH_PLAN_MODULE) ||
      !g_ascii_string_to_unsigned (id + strlen (VMH_PLAN_MODULE), 10, 0, VMH_QMP_MAX_SLOTS - 1,
                                   &number, NULL) ||
      memory->n_modules == VMH_QMP_MAX_SLOTS)
    return;
  memory->in_modules += size;
  memory->modules[memory->n_modules++] = (VmhQmpModule){ (guint)number, size };
}

void
vmh_qmp_read_memory_devices (JsonNode *reply, VmhQmpMemory *memory)
{
  JsonArray *devices = JSON_NODE_HOLDS_ARRAY (reply) ? json_node_get_array (reply) : NULL;

  for (guint i = 0; devices && i < json_array_get_length (devices); i++)
    {
      JsonObject *device = vmh_qmp_nth (devices, i);
      JsonObject *about = vmh_qmp_object (device, "data");

      if (about && g_str_equal (vmh_qmp_string (device, "type"), "dimm"))
        read_module (about, memory);
      if (!g_str_equal (vmh_qmp_string (about, "id"), "memory"))
        continue;
      memory->grows = TRUE;
      memory->plugged = (guint64)MAX (vmh_qmp_int (about, "size", 0), 0);
      memory->most = (guint64)MAX (vmh_qmp_int (about, "max-size", 0), 0);
    }
  if (memory->first > 0)
    memory->first += memory->in_slots;
}

/* Of one of them; takes @error. */
static void
end_question (GTask *task, GError *error)
{
  MemoryQuery *query = g_task_get_task_data (task);

  if (!vmh_qmp_questions_end (&query->questions, error))
    return;
  if (query->questions.error)
    g_task_return_error (task, g_steal_pointer (&query->questions.error));
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_first (GObject *source, GAsyncResult *result, gpointer data)
{
  MemoryQuery *query = g_task_get_task_data (data);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply && (JSON_NODE_HOLDS_OBJECT (reply) || vmh_qmp_refuse_shape (&error)))
    query->memory.first =
        (guint64)MAX (vmh_qmp_int (json_node_get_object (reply), "base-memory", 0), 0);
  end_question (data, error);
}

/* QEMU's answers come in the order of the questions. */
static void
on_devices (GObject *source, GAsyncResult *result, gpointer data)
{
  MemoryQuery *query = g_task_get_task_data (data);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply && (JSON_NODE_HOLDS_ARRAY (reply) || vmh_qmp_refuse_shape (&error)))
    vmh_qmp_read_memory_devices (reply, &query->memory);
  end_question (data, error);
}

static void
on_balloon (GObject *source, GAsyncResult *result, gpointer data)
{
  MemoryQuery *query = g_task_get_task_data (data);
  /* Without a balloon that is an error. */
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);

  if (reply && JSON_NODE_HOLDS_OBJECT (reply))
    query->memory.balloon =
        (guint64)MAX (vmh_qmp_int (json_node_get_object (reply), "actual", 0), 0);
  end_question (data, NULL);
}

void
vmh_qmp_query_memory_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (qmp, NULL, callback, data);
  MemoryQuery *query = g_new0 (MemoryQuery, 1);

  g_task_set_source_tag (task, vmh_qmp_query_memory_async);
  query->questions.asked = 3;
  g_task_set_task_data (task, query, memory_query_free);
  call (qmp, "query-memory-size-summary", NULL, on_first, task);
  call (qmp, "query-memory-devices", NULL, on_devices, task);
  call (qmp, "query-balloon", NULL, on_balloon, task);
}

gboolean
vmh_qmp_query_memory_finish (VmhQmp *qmp,
                             GAsyncResult *result,
                             VmhQmpMemory *memory,
                             GError **error)
{
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  *memory = ((MemoryQuery *)g_task_get_task_data (G_TASK (result)))->memory;
  return TRUE;
}
