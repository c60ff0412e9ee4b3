/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the calls to systemd and the messages to its notification socket. */
#include "host/vmh-systemd.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/types.h>

#include "shared/inn-schema.h"

#define NAME           "org.freedesktop.systemd1"
#define PATH           "/org/freedesktop/systemd1"
#define MANAGER        NAME ".Manager"
#define ANSWER_MS      2000
#define SCOPE_STOP_SEC 10 /* QEMU needs less to write what it holds */
/* Ended after us, who ask the guests to shut down first. */
#define OUR_UNIT "vmm-helper.service"

static GDBusConnection *bus; /* NULL: no systemd */

void
vmh_systemd_begin (GDBusConnection *connection)
{
  /* as sd_booted() looks */
  if (g_file_test ("/run/systemd/system", G_FILE_TEST_IS_DIR))
    g_set_object (&bus, connection);
}

void
vmh_systemd_end (void)
{
  g_clear_object (&bus);
}

/* Of the one hierarchy there is with cgroup 2, or what systemd has in the others. */
static char *
dup_control_group (const char *process)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/cgroup", process);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static gboolean
is_with_us (pid_t pid)
{
  g_autofree char *number = g_strdup_printf ("%d", (int)pid);
  g_autofree char *theirs = dup_control_group (number);
  g_autofree char *ours = dup_control_group ("self");

  return theirs && g_strcmp0 (theirs, ours) == 0;
}

static void
on_set_apart (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* systemd.resource-control(5); G_MAXUINT64: as what is not set. */
static void
add_share (GVariantBuilder *properties, const VmhShare *share)
{
  const guint64 limit =
      share->limit > 0 ? share->limit * (G_USEC_PER_SEC / INN_CPU_PERIOD) : G_MAXUINT64;
  const guint64 weight = share->weight > 0 ? vmh_cgroup_get_weight (share) : G_MAXUINT64;

  g_variant_builder_add (properties, "(sv)", "CPUQuotaPerSecUSec", g_variant_new_uint64 (limit));
  g_variant_builder_add (properties, "(sv)", "CPUWeight", g_variant_new_uint64 (weight));
}

static GVariant *
make_scope (const char *name, const GArray *pids, const char *description, const VmhShare *share)
{
  static const char *const after_us[] = { OUR_UNIT, NULL };
  GVariantBuilder properties, numbers;

  g_variant_builder_init (&numbers, G_VARIANT_TYPE ("au"));
  for (guint i = 0; i < pids->len; i++)
    g_variant_builder_add (&numbers, "u", (guint32)g_array_index (pids, pid_t, i));
  g_variant_builder_init (&properties, G_VARIANT_TYPE ("a(sv)"));
  g_variant_builder_add (&properties, "(sv)", "PIDs", g_variant_builder_end (&numbers));
  g_variant_builder_add (&properties, "(sv)", "Description", g_variant_new_string (description));
  g_variant_builder_add (&properties, "(sv)", "Slice", g_variant_new_string ("machine.slice"));
  g_variant_builder_add (&properties, "(sv)", "Before", g_variant_new_strv (after_us, -1));
  g_variant_builder_add (&properties, "(sv)", "TasksMax", g_variant_new_uint64 (G_MAXUINT64));
  g_variant_builder_add (&properties, "(sv)", "TimeoutStopUSec",
                         g_variant_new_uint64 (SCOPE_STOP_SEC * G_USEC_PER_SEC));
  g_variant_builder_add (&properties, "(sv)", "CollectMode",
                         g_variant_new_string ("inactive-or-failed"));
  if (share)
    add_share (&properties, share);
  return g_variant_new ("(ssa(sv)a(sa(sv)))", name, "fail", &properties, NULL);
}

void
vmh_systemd_set_apart_async (const GArray *pids,
                             const char *id,
                             const char *description,
                             const VmhShare *share,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  g_autofree char *name = g_strdup_printf ("innkeeper-%s.scope", id);
  const char *method = NULL;
  GVariant *arguments = NULL;

  if (bus && pids->len > 0 && is_with_us (g_array_index (pids, pid_t, 0)))
    {
      method = "StartTransientUnit";
      arguments = make_scope (name, pids, description, share);
    }
  else if (bus && share)
    {
      GVariantBuilder properties;

      g_variant_builder_init (&properties, G_VARIANT_TYPE ("a(sv)"));
      add_share (&properties, share);
      method = "SetUnitProperties";
      arguments = g_variant_new ("(sba(sv))", name, TRUE, &properties);
    }
  if (method)
    g_dbus_connection_call (bus, NAME, PATH, MANAGER, method, arguments, NULL,
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS, NULL, on_set_apart, task);
  else
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

gboolean
vmh_systemd_set_apart_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
vmh_systemd_is_there (void)
{
  return bus != NULL;
}

static void
on_state (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_autoptr (GVariant) value = NULL;

  if (reply)
    g_variant_get (reply, "(v)", &value);
  g_task_return_boolean (task, value && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) &&
                                   g_str_equal (g_variant_get_string (value, NULL), "stopping"));
}

/* modprobe@.service(8): systemd has it for what may load no module itself. */
void
vmh_systemd_load_module (const char *name)
{
  g_autofree char *unit = g_strdup_printf ("modprobe@%s.service", name);

  if (bus)
    g_dbus_connection_call (bus, NAME, PATH, MANAGER, "StartUnit",
                            g_variant_new ("(ss)", unit, "replace"), NULL,
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS, NULL, NULL, NULL);
}

void
vmh_systemd_ask_async (GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  if (bus)
    g_dbus_connection_call (bus, NAME, PATH, "org.freedesktop.DBus.Properties", "Get",
                            g_variant_new ("(ss)", MANAGER, "SystemState"), G_VARIANT_TYPE ("(v)"),
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS, NULL, on_state, task);
  else
    {
      g_task_return_boolean (task, FALSE);
      g_object_unref (task);
    }
}

gboolean
vmh_systemd_ask_finish (GAsyncResult *result)
{
  return g_task_propagate_boolean (G_TASK (result), NULL);
}

void
vmh_systemd_take_time (guint seconds)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");
  g_autofree char *text = g_strdup_printf ("EXTEND_TIMEOUT_USEC=%u000000", seconds);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  if (!bus || !path)
    return;
  address = g_unix_socket_address_new_with_type (path[0] == '@' ? path + 1 : path, -1,
                                                 path[0] == '@' ? G_UNIX_SOCKET_ADDRESS_ABSTRACT
                                                                : G_UNIX_SOCKET_ADDRESS_PATH);
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT,
                         &error);
  if (!socket || g_socket_send_to (socket, address, text, strlen (text), NULL, &error) < 0)
    g_warning ("systemd is not told that our end takes time: %s", error->message);
}
