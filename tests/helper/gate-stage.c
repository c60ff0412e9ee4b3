/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "gate-stage.h"

#include <string.h>
#include <unistd.h>

#include "../async.h"

static const char test_xml[] =
    "<node><interface name='" TEST_IFACE "'>"
    "<property name='Count' type='u' access='read'/>"
    "<property name='Open' type='u' access='readwrite'/>"
    "<method name='Echo'><annotation name='org.innkeeper.Action' value='org.innkeeper.helper.use'/>"
    "<arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='s' direction='out'/></method>"
    "<method name='Bare'><arg type='s' direction='out'/></method>"
    "<method name='Rowless'><annotation name='org.innkeeper.Action' value='a.b'/></method>"
    "<method name='Hold'><annotation name='org.innkeeper.Action' value='a.b'/>"
    "<arg type='s' direction='in'/></method>"
    "<method name='Length'><annotation name='org.innkeeper.Action' value='a.b'/>"
    "<arg type='h' direction='in'/><arg type='t' direction='out'/></method>"
    "</interface></node>";

guint gate_bare_calls;
guint gate_held_cancelled;
guint gate_count;
GPtrArray *gate_held;

static void
handle_echo (VmhCall *call)
{
  static const char *const allowed[] = { "loud", "b", NULL };
  g_autoptr (GVariant) options = NULL;
  const char *text;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(&s@a{sv})", &text, &options);
  g_assert_cmpuint (vmh_call_get_uid (call), ==, geteuid ());
  if (!vmh_call_check_options (options, allowed, &error))
    vmh_call_fail (call, error);
  else
    vmh_call_return (call, g_variant_new ("(s)", text));
}

static void
handle_bare (VmhCall *call)
{
  gate_bare_calls++;
  vmh_call_return (call, g_variant_new ("(s)", "reached"));
}

static void
on_held_cancelled (GCancellable *cancellable, gpointer data)
{
  gate_held_cancelled++;
}

static void
handle_hold (VmhCall *call)
{
  g_signal_connect (vmh_call_get_cancellable (call), "cancelled", G_CALLBACK (on_held_cancelled),
                    NULL);
  g_ptr_array_add (gate_held, call);
}

static void
handle_length (VmhCall *call)
{
  gint32 handle;
  GError *error = NULL;
  int fd;

  g_variant_get (vmh_call_get_parameters (call), "(h)", &handle);
  fd = vmh_call_take_fd (call, handle, &error);
  if (fd < 0)
    {
      vmh_call_fail (call, error);
      return;
    }
  vmh_call_return (call, g_variant_new ("(t)", (guint64)lseek (fd, 0, SEEK_END)));
  close (fd);
}

static GVariant *
get_count (gpointer object)
{
  return g_variant_new_uint32 (gate_count);
}

static const VmhMethod test_methods[] = {
  { "Echo", handle_echo },
  { "Bare", handle_bare },
  { "Hold", handle_hold },
  { "Length", handle_length },
  { 0 },
};
static const VmhProperty test_rows[] = { { "Count", get_count }, { 0 } };
static const VmhInterface test_interface = { TEST_IFACE, test_methods, test_rows };
const VmhInterface *const gate_interfaces[] = { &test_interface, NULL };

GDBusConnection *
gate_stage_connect (const char *address)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

void
gate_stage_set_up (GateStage *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->address = g_strdup (data);
  fixture->service = gate_stage_connect (data);
  fixture->client = gate_stage_connect (data);
  fixture->registry = vmh_registry_new (fixture->service, FALSE);
  g_assert_true (vmh_registry_declare (fixture->registry, test_xml, &error));
  g_assert_no_error (error);
  fixture->mine = g_object_new (G_TYPE_OBJECT, NULL);
  fixture->others = g_object_new (G_TYPE_OBJECT, NULL);
  vmh_registry_export (fixture->registry, TEST_PATH, geteuid (), fixture->mine, gate_interfaces);
  vmh_registry_export (fixture->registry, OTHER_PATH, geteuid () + 1, fixture->others,
                       gate_interfaces);
  gate_bare_calls = gate_held_cancelled = 0;
  gate_count = 1;
  gate_held = g_ptr_array_new ();
}

void
gate_stage_tear_down (GateStage *fixture, gconstpointer data)
{
  vmh_registry_close (fixture->registry);
  for (guint i = 0; i < gate_held->len; i++)
    vmh_call_return (g_ptr_array_index (gate_held, i), NULL);
  g_ptr_array_unref (gate_held);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->mine);
  g_assert_finalize_object (fixture->others);
  g_dbus_connection_close_sync (fixture->client, NULL, NULL);
  g_dbus_connection_close_sync (fixture->service, NULL, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->registry);
  g_object_unref (fixture->client);
  g_object_unref (fixture->service);
  g_free (fixture->address);
}

GVariant *
gate_stage_call (GateStage *fixture,
                 const char *path,
                 const char *interface,
                 const char *method,
                 GVariant *parameters,
                 GUnixFDList *fds,
                 GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_dbus_connection_call_with_unix_fd_list (
      fixture->client, g_dbus_connection_get_unique_name (fixture->service), path, interface,
      method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, 10000, fds, NULL, async_on_ready, &result);
  return g_dbus_connection_call_with_unix_fd_list_finish (fixture->client, NULL,
                                                          async_wait (&result), error);
}

char *
gate_stage_refused (GateStage *fixture,
                    const char *path,
                    const char *interface,
                    const char *method,
                    GVariant *parameters,
                    InnError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      gate_stage_call (fixture, path, interface, method, parameters, NULL, &error);

  g_assert_null (reply);
  g_assert_error (error, INN_ERROR, (int)code);
  inn_error_strip (error);
  return g_strdup (error->message);
}

void
gate_stage_settle (GateStage *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      gate_stage_call (fixture, TEST_PATH, TEST_IFACE, "Echo",
                       g_variant_new_parsed ("('x', @a{sv} {})"), NULL, &error);

  g_assert_no_error (error);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* GTestDBus leaves a watcher behind that holds our output open: a plain child does not. */
static GSubprocess *
start_bus (char **out_address)
{
  static const char config[] =
      "<busconfig><include>/usr/share/dbus-1/session.conf</include>"
      "<limit name='max_match_rules_per_connection'>" G_STRINGIFY (MAX_MATCH_RULES) "</limit>"
                                                                                    "</busconfig>";
  g_autofree char *file = NULL;
  g_autofree char *option = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) lines = NULL;
  GSubprocess *daemon;
  int fd = g_file_open_tmp ("inn-gate-XXXXXX.conf", &file, &error);

  g_assert_no_error (error);
  g_assert_cmpint (write (fd, config, strlen (config)), ==, strlen (config));
  close (fd);
  option = g_strconcat ("--config-file=", file, NULL);
  daemon = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                             &error, "dbus-daemon", option, "--nofork", "--nopidfile",
                             "--print-address=1", NULL);
  g_assert_no_error (error);
  lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (daemon));
  *out_address = g_data_input_stream_read_line (lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (*out_address);
  unlink (file); /* it has read it */
  return daemon;
}

int
gate_stage_run (void (*add) (const char *address))
{
  g_autoptr (GSubprocess) daemon = NULL;
  g_autofree char *address = NULL;
  int status;

  daemon = start_bus (&address);
  add (address);
  status = g_test_run ();
  g_subprocess_force_exit (daemon);
  g_subprocess_wait (daemon, NULL, NULL);
  return status;
}
