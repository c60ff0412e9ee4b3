/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns names, arguments and answers of QEMU's commands. */
#include "qemu/vmh-qmp-commands.h"

#include "shared/inn-errors.h"

#define TYPES_MS 10000 /* at a QEMU that has just been started */

static JsonObject *
one_string (const char *name, const char *value)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, name, value);
  return object;
}

static void
call (VmhQmp *qmp,
      const char *command,
      JsonObject *arguments,
      int fd,
      GAsyncReadyCallback callback,
      gpointer data)
{
  vmh_qmp_call_async (qmp, command, arguments, fd, VMH_QMP_TIMEOUT_MS, NULL, callback, data);
}

static void
on_ignored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    g_info ("%s", error->message);
}

/* ---- verbs ---- */

void
vmh_qmp_verb_async (VmhQmp *qmp, VmhQmpVerb verb, GAsyncReadyCallback callback, gpointer data)
{
  static const char *const names[] = {
    [VMH_QMP_CONT] = "cont",
    [VMH_QMP_STOP] = "stop",
    [VMH_QMP_RESET] = "system_reset",
    [VMH_QMP_POWERDOWN] = "system_powerdown",
  };

  call (qmp, names[verb], NULL, -1, callback, data);
}

void
vmh_qmp_verb (VmhQmp *qmp, VmhQmpVerb verb)
{
  vmh_qmp_verb_async (qmp, verb, on_ignored, NULL);
}

void
vmh_qmp_set_restarts (VmhQmp *qmp, gboolean restarts)
{
  call (qmp, "set-action", one_string ("reboot", restarts ? "reset" : "shutdown"), -1, on_ignored,
        NULL);
}

/* ---- status ---- */

void
vmh_qmp_query_status_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data)
{
  call (qmp, "query-status", NULL, -1, callback, data);
}

char *
vmh_qmp_query_status_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (qmp, result, error);

  if (!reply)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (reply))
    {
      vmh_qmp_refuse_shape (error);
      return NULL;
    }
  return g_strdup (vmh_qmp_string (json_node_get_object (reply), "status"));
}

/* ---- viewers ---- */

void
vmh_qmp_add_viewer_async (VmhQmp *qmp,
                          const char *protocol,
                          int socket,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  static guint serial; /* of names in QEMU, never the same twice */
  g_autofree char *name = g_strdup_printf ("innkeeper-%u", ++serial);
  JsonObject *client = one_string ("fdname", name);

  json_object_set_string_member (client, "protocol",
                                 g_str_equal (protocol, "dbus") ? "@dbus-display" : protocol);
  json_object_set_boolean_member (client, "skipauth", TRUE);
  /* At once behind each other: the first one's failure shows in the second's. */
  call (qmp, "getfd", one_string ("fdname", name), socket, on_ignored, NULL);
  call (qmp, "add_client", client, -1, callback, data);
}

/* ---- screendump ---- */

typedef struct
{
  gint64 begun;
  gint64 set;
} Dump;

static void
on_dumped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VmhQmp *qmp = VMH_QMP (source);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (qmp, result, &error);
  JsonObject *arguments = json_object_new ();

  if (reply)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  /* Who wants no more of QEMU than its last picture has ended it now: QEMU 7.2 reads a command byte
   * by byte, each with a turn of its main loop. */
  json_object_set_int_member (arguments, "fdset-id", ((Dump *)g_task_get_task_data (task))->set);
  call (qmp, "remove-fd", arguments, -1, on_ignored, NULL);
}

static void
on_picture_passed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VmhQmp *qmp = VMH_QMP (source);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (qmp, result, &error);
  g_autofree char *file = NULL;
  Dump *dump = g_task_get_task_data (task);
  gint64 took = (g_get_monotonic_time () - dump->begun) / 1000;

  if (!reply || (!JSON_NODE_HOLDS_OBJECT (reply) && !vmh_qmp_refuse_shape (&error)))
    {
      g_task_return_error (task, error);
      return;
    }
  dump->set = vmh_qmp_int (json_node_get_object (reply), "fdset-id", 0);
  file = g_strdup_printf ("/dev/fdset/%" G_GINT64_FORMAT, dump->set);
  vmh_qmp_call_async (qmp, "screendump", one_string ("filename", file), -1,
                      (guint)(VMH_QMP_TIMEOUT_MS - CLAMP (took, 0, VMH_QMP_TIMEOUT_MS - 1)), NULL,
                      on_dumped, g_steal_pointer (&task));
}

void
vmh_qmp_screendump_async (VmhQmp *qmp, int fd, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (qmp, NULL, callback, data);
  Dump *dump = g_new0 (Dump, 1);

  g_task_set_source_tag (task, vmh_qmp_screendump_async);
  dump->begun = g_get_monotonic_time ();
  g_task_set_task_data (task, dump, g_free);
  call (qmp, "add-fd", NULL, fd, on_picture_passed, task);
}

gboolean
vmh_qmp_screendump_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- types ---- */

void
vmh_qmp_query_types_async (VmhQmp *qmp,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_boolean_member (arguments, "abstract", FALSE);
  vmh_qmp_call_async (qmp, "qom-list-types", arguments, -1, TYPES_MS, cancellable, callback, data);
}

char **
vmh_qmp_query_types_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (qmp, result, error);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  JsonArray *types;

  if (!reply)
    return NULL;
  if (!JSON_NODE_HOLDS_ARRAY (reply))
    {
      vmh_qmp_refuse_shape (error);
      return NULL;
    }
  types = json_node_get_array (reply);
  for (guint i = 0; i < json_array_get_length (types); i++)
    {
      JsonNode *type = json_array_get_element (types, i);

      if (JSON_NODE_HOLDS_OBJECT (type))
        g_strv_builder_add (names, vmh_qmp_string (json_node_get_object (type), "name"));
    }
  return g_strv_builder_end (names);
}
