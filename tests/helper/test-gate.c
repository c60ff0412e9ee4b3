/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The gate and the registry with an interface of our own on a private session bus: what is refused
 * before a handler runs, who is told what, and what a caller's death does. */
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

#include "../async.h"
#include "core/vmh-limits.h"
#include "core/vmh-registry.h"
#include "core/vmh-turns.h"
#include "shared/inn-errors.h"
#include "shared/inn-names.h"

#define TEST_PATH  INN_MACHINES_PATH "/one"
#define OTHER_PATH INN_MACHINES_PATH "/two"
#define TEST_IFACE "org.innkeeper.Test1"
/* Of a connection to our bus; the system's has 512. */
#define MAX_MATCH_RULES 8

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

static guint bare_calls;
static guint held_cancelled;
static guint count_value;
static GPtrArray *held; /* VmhCall */

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
  bare_calls++;
  vmh_call_return (call, g_variant_new ("(s)", "reached"));
}

static void
on_held_cancelled (GCancellable *cancellable, gpointer data)
{
  held_cancelled++;
}

static void
handle_hold (VmhCall *call)
{
  g_signal_connect (vmh_call_get_cancellable (call), "cancelled", G_CALLBACK (on_held_cancelled),
                    NULL);
  g_ptr_array_add (held, call);
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
  return g_variant_new_uint32 (count_value);
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
static const VmhInterface *const test_interfaces[] = { &test_interface, NULL };

typedef struct
{
  char *address; /* of the bus that main() has started */
  GDBusConnection *service;
  GDBusConnection *client;
  VmhRegistry *registry;
  GObject *mine;
  GObject *others;
} Fixture;

static GDBusConnection *
connect_to (const char *address)
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

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->address = g_strdup (data);
  fixture->service = connect_to (data);
  fixture->client = connect_to (data);
  fixture->registry = vmh_registry_new (fixture->service, FALSE);
  g_assert_true (vmh_registry_declare (fixture->registry, test_xml, &error));
  g_assert_no_error (error);
  fixture->mine = g_object_new (G_TYPE_OBJECT, NULL);
  fixture->others = g_object_new (G_TYPE_OBJECT, NULL);
  vmh_registry_export (fixture->registry, TEST_PATH, geteuid (), fixture->mine, test_interfaces);
  vmh_registry_export (fixture->registry, OTHER_PATH, geteuid () + 1, fixture->others,
                       test_interfaces);
  bare_calls = held_cancelled = 0;
  count_value = 1;
  held = g_ptr_array_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  vmh_registry_close (fixture->registry);
  for (guint i = 0; i < held->len; i++)
    vmh_call_return (g_ptr_array_index (held, i), NULL);
  g_ptr_array_unref (held);
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

static GVariant *
call (Fixture *fixture,
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

static char *
call_refused (Fixture *fixture,
              const char *path,
              const char *interface,
              const char *method,
              GVariant *parameters,
              InnError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (fixture, path, interface, method, parameters, NULL, &error);

  g_assert_null (reply);
  g_assert_error (error, INN_ERROR, (int)code);
  inn_error_strip (error);
  return g_strdup (error->message);
}

static void
test_call (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  const char *text;

  reply = call (fixture, TEST_PATH, TEST_IFACE, "Echo",
                g_variant_new_parsed ("('hé', {'loud': <true>})"), NULL, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(&s)", &text);
  g_assert_cmpstr (text, ==, "hé");
}

static void
test_no_annotation (Fixture *fixture, gconstpointer data)
{
  g_free (call_refused (fixture, TEST_PATH, TEST_IFACE, "Bare", NULL, INN_ERROR_DENIED));
  g_assert_cmpuint (bare_calls, ==, 0);
  g_free (call_refused (fixture, TEST_PATH, TEST_IFACE, "Rowless", NULL, INN_ERROR_UNSUPPORTED));
}

static void
test_invisible (Fixture *fixture, gconstpointer data)
{
  g_autofree char *others =
      call_refused (fixture, OTHER_PATH, TEST_IFACE, "Echo",
                    g_variant_new_parsed ("('x', @a{sv} {})"), INN_ERROR_NOT_FOUND);
  g_autofree char *absent =
      call_refused (fixture, INN_MACHINES_PATH "/six", TEST_IFACE, "Echo",
                    g_variant_new_parsed ("('x', @a{sv} {})"), INN_ERROR_NOT_FOUND);
  g_autofree char *bare =
      call_refused (fixture, OTHER_PATH, TEST_IFACE, "Bare", NULL, INN_ERROR_NOT_FOUND);
  g_autofree char *property =
      call_refused (fixture, OTHER_PATH, "org.freedesktop.DBus.Properties", "Get",
                    g_variant_new ("(ss)", TEST_IFACE, "Count"), INN_ERROR_NOT_FOUND);
  g_autofree char *all =
      call_refused (fixture, OTHER_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                    g_variant_new ("(s)", TEST_IFACE), INN_ERROR_NOT_FOUND);
  g_auto (GStrv) parts = g_strsplit (others, "two", -1);
  g_autofree char *renamed = g_strjoinv ("six", parts);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (renamed, ==, absent);
  g_assert_cmpstr (bare, ==, others);
  g_assert_cmpstr (property, ==, others);
  g_assert_cmpstr (all, ==, others);

  reply = call (fixture, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                NULL, NULL, &error);
  g_assert_no_error (error);
  objects = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (objects), ==, 1);
}

static void
test_introspection_is_blind (Fixture *fixture, gconstpointer data)
{
  static const char *const paths[] = { INN_ROOT_PATH, INN_MACHINES_PATH };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply = call (fixture, paths[i], "org.freedesktop.DBus.Introspectable",
                                         "Introspect", NULL, NULL, &error);
      const char *xml;

      g_assert_no_error (error);
      g_variant_get (reply, "(&s)", &xml);
      g_assert_null (strstr (xml, "\"one\""));
      g_assert_null (strstr (xml, "\"two\""));
    }
}

static void
test_properties (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) one = NULL;
  g_autoptr (GVariant) all = NULL;
  g_autoptr (GVariant) set = NULL;

  one = call (fixture, TEST_PATH, "org.freedesktop.DBus.Properties", "Get",
              g_variant_new ("(ss)", TEST_IFACE, "Count"), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (one, g_variant_new_parsed ("(<@u 1>,)")));
  all = call (fixture, TEST_PATH, "org.freedesktop.DBus.Properties", "GetAll",
              g_variant_new ("(s)", TEST_IFACE), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (all, g_variant_new_parsed ("({'Count': <@u 1>},)")));
  g_free (call_refused (fixture, TEST_PATH, "org.freedesktop.DBus.Properties", "Set",
                        g_variant_new_parsed ("(%s, 'Open', <@u 9>)", TEST_IFACE),
                        INN_ERROR_UNSUPPORTED));
  /* What the contract says cannot be written GDBus refuses itself. */
  set = call (fixture, TEST_PATH, "org.freedesktop.DBus.Properties", "Set",
              g_variant_new_parsed ("(%s, 'Count', <@u 9>)", TEST_IFACE), NULL, &error);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  g_assert_null (set);
  g_assert_cmpuint (count_value, ==, 1);
}

static void
test_options (Fixture *fixture, gconstpointer data)
{
  static const char *const bad[] = {
    "('x', {'colour': <1>})",
    "('x', {'loud': <1>})",
    "('x', {'loud': <true>, 'loud': <false>})",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_free (call_refused (fixture, TEST_PATH, TEST_IFACE, "Echo", g_variant_new_parsed (bad[i]),
                          INN_ERROR_INVALID_ARGUMENT));
}

static void
test_size (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (VMH_MAX_MESSAGE + 1, 'x');

  g_free (call_refused (fixture, TEST_PATH, TEST_IFACE, "Echo",
                        g_variant_new ("(s@a{sv})", text, g_variant_new_parsed ("@a{sv} {}")),
                        INN_ERROR_LIMIT));
}

static void
test_fd_index (Fixture *fixture, gconstpointer data)
{
  static const gint32 bad[] = { 1, -1, G_MAXINT32, G_MININT32 };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
      g_autoptr (GError) error = NULL;

      g_unix_fd_list_append (fds, 0, NULL);
      g_assert_null (call (fixture, TEST_PATH, TEST_IFACE, "Length", g_variant_new ("(h)", bad[i]),
                           fds, &error));
      g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
    }
}

static void
on_signal (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *signal,
           GVariant *parameters,
           gpointer data)
{
  g_string_append_printf (data, "%s %s;", signal, strrchr (path, '/') + 1);
}

static void
settle (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (fixture, TEST_PATH, TEST_IFACE, "Echo",
                                     g_variant_new_parsed ("('x', @a{sv} {})"), NULL, &error);

  g_assert_no_error (error);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_signals (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GObject) late = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) foreign = g_object_new (G_TYPE_OBJECT, NULL);
  guint id = g_dbus_connection_signal_subscribe (fixture->client, NULL, NULL, NULL, NULL, NULL,
                                                 G_DBUS_SIGNAL_FLAGS_NONE, on_signal, seen, NULL);

  /* Who has not asked is told nothing. */
  settle (fixture);
  g_string_truncate (seen, 0);
  vmh_registry_changed (fixture->registry, fixture->mine, TEST_IFACE, "Count", NULL);
  settle (fixture);
  settle (fixture);
  g_assert_cmpstr (seen->str, ==, "");

  reply = call (fixture, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                NULL, NULL, NULL);
  g_assert_nonnull (reply);
  for (guint i = 0; i < 5; i++)
    vmh_registry_changed (fixture->registry, fixture->mine, TEST_IFACE, "Count", NULL);
  vmh_registry_changed (fixture->registry, fixture->others, TEST_IFACE, "Count", NULL);
  settle (fixture);
  settle (fixture);
  g_assert_cmpstr (seen->str, ==, "PropertiesChanged one;");

  g_string_truncate (seen, 0);
  vmh_registry_export (fixture->registry, INN_MACHINES_PATH "/late", geteuid (), late,
                       test_interfaces);
  vmh_registry_export (fixture->registry, INN_MACHINES_PATH "/foreign", geteuid () + 1, foreign,
                       test_interfaces);
  vmh_registry_changed (fixture->registry, late, TEST_IFACE, "Count", NULL);
  vmh_registry_unexport (fixture->registry, late);
  vmh_registry_unexport (fixture->registry, foreign);
  settle (fixture);
  g_assert_cmpstr (seen->str, ==,
                   "InterfacesAdded Helper1;PropertiesChanged late;InterfacesRemoved Helper1;");
  g_dbus_connection_signal_unsubscribe (fixture->client, id);
}

static gboolean
on_busy (gpointer data)
{
  return ++*(guint *)data < 5000;
}

/* What never lets the helper rest must not keep the clients from knowing. */
static void
test_signals_when_busy (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GVariant) reply = call (fixture, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                                     "GetManagedObjects", NULL, NULL, NULL);
  guint id = g_dbus_connection_signal_subscribe (fixture->client, NULL, NULL, NULL, NULL, NULL,
                                                 G_DBUS_SIGNAL_FLAGS_NONE, on_signal, seen, NULL);
  guint turns = 0;

  settle (fixture);
  g_string_truncate (seen, 0);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_busy, &turns, NULL);
  vmh_registry_changed (fixture->registry, fixture->mine, TEST_IFACE, "Count", NULL);
  while (seen->len == 0 && turns < 5000)
    {
      g_usleep (100); /* for the threads of both connections */
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpstr (seen->str, ==, "PropertiesChanged one;");
  while (turns < 5000)
    g_main_context_iteration (NULL, FALSE);
  g_dbus_connection_signal_unsubscribe (fixture->client, id);
}

static void
test_caller_gone (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *second = connect_to (fixture->address);

  g_dbus_connection_call (second, g_dbus_connection_get_unique_name (fixture->service), TEST_PATH,
                          TEST_IFACE, "Hold", g_variant_new ("(s)", "x"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  while (held->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (vmh_registry_is_idle (fixture->registry));
  g_dbus_connection_close_sync (second, NULL, NULL);
  while (held_cancelled == 0)
    g_main_context_iteration (NULL, TRUE);
  /* Its handler still works: not idle before it has ended, and no answer is sent to nobody. */
  g_assert_false (vmh_registry_is_idle (fixture->registry));
  vmh_call_return (g_ptr_array_index (held, 0), NULL);
  g_ptr_array_set_size (held, 0);
  g_assert_true (vmh_registry_is_idle (fixture->registry));
  g_object_unref (second);
}

static gboolean G_GNUC_NORETURN
on_deadline (gpointer data)
{
  g_error ("%u of the callers were seen leaving within 10 s", held_cancelled);
}

/* The bus lets a connection ask for so many signals and no more: each who leaves is seen all the
 * same. */
static void
test_callers_gone (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *crowd[2 * MAX_MATCH_RULES];
  guint deadline = g_timeout_add_seconds (10, on_deadline, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    {
      crowd[i] = connect_to (fixture->address);
      g_dbus_connection_call (crowd[i], g_dbus_connection_get_unique_name (fixture->service),
                              TEST_PATH, TEST_IFACE, "Hold", g_variant_new ("(s)", "x"), NULL,
                              G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
    }
  while (held->len < G_N_ELEMENTS (crowd))
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    {
      g_dbus_connection_close_sync (crowd[i], NULL, NULL);
      g_object_unref (crowd[i]);
    }
  while (held_cancelled < G_N_ELEMENTS (crowd))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static void
hold (Fixture *fixture, const char *text)
{
  g_dbus_connection_call (fixture->client, g_dbus_connection_get_unique_name (fixture->service),
                          TEST_PATH, TEST_IFACE, "Hold", g_variant_new ("(s)", text), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static void
wait_held (guint n)
{
  while (held->len < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
answer_held (void)
{
  for (guint i = 0; i < held->len; i++)
    vmh_call_return (g_ptr_array_index (held, i), NULL);
  g_ptr_array_set_size (held, 0);
}

/* A limit is one for as long as what fills it is there. */
static void
check_limit (Fixture *fixture, const char *text)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_free (call_refused (fixture, TEST_PATH, TEST_IFACE, "Echo",
                        g_variant_new ("(s@a{sv})", text, g_variant_new_parsed ("@a{sv} {}")),
                        INN_ERROR_LIMIT));
  answer_held ();
  settle (fixture); /* so that the answered calls are freed */
  reply =
      call (fixture, TEST_PATH, TEST_IFACE, "Echo",
            g_variant_new ("(s@a{sv})", text, g_variant_new_parsed ("@a{sv} {}")), NULL, &error);
  g_assert_no_error (error);
}

static void
test_call_limit (Fixture *fixture, gconstpointer data)
{
  settle (fixture); /* so that it is known whose the connection is */
  for (guint i = 0; i < VMH_MAX_CALLS_PER_CLIENT; i++)
    hold (fixture, "x");
  wait_held (VMH_MAX_CALLS_PER_CLIENT);
  check_limit (fixture, "x");
}

static void
test_byte_limit (Fixture *fixture, gconstpointer data)
{
  g_autofree char *half = g_strnfill (VMH_MAX_CALL_BYTES_PER_UID / 2 - 10, 'x');
  g_autofree char *more = g_strnfill (VMH_SMALL_MESSAGE + 1, 'x');
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  settle (fixture);
  hold (fixture, half);
  hold (fixture, half);
  wait_held (2);
  /* Who changes a large machine can still stop it. */
  reply = call (fixture, TEST_PATH, TEST_IFACE, "Echo", g_variant_new_parsed ("('x', @a{sv} {})"),
                NULL, &error);
  g_assert_no_error (error);
  check_limit (fixture, more);
}

static void
on_refused (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, INN_ERROR, INN_ERROR_LIMIT))
    ++*(guint *)data;
}

/* Nobody has said yet whose the connection is: the main loop would ask, and is not run here. */
static void
test_stranger_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  const guint more = 20;
  guint refused = 0;

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < VMH_MAX_CALLS_PER_STRANGER + more; i++)
    g_dbus_connection_call (fixture->client, g_dbus_connection_get_unique_name (fixture->service),
                            TEST_PATH, TEST_IFACE, "Hold", g_variant_new ("(s)", "x"), NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_refused, &refused);
  while (refused < more)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  wait_held (VMH_MAX_CALLS_PER_STRANGER);
  answer_held ();
  settle (fixture);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpuint (refused, ==, more);
}

static void
test_turns (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    uid_t user;
    const char *thing;
  } pushed[] = { { 7, "a1" }, { 7, "a2" }, { 7, "a3" }, { 0, "b1" }, { 9, "c1" }, { 9, "c2" } };
  g_autoptr (GString) order = g_string_new (NULL);
  VmhTurns turns = { 0 };
  const char *thing;

  for (guint i = 0; i < G_N_ELEMENTS (pushed); i++)
    vmh_turns_push (&turns, pushed[i].user, (gpointer)pushed[i].thing);
  while ((thing = vmh_turns_pop (&turns)) != NULL)
    {
      g_string_append (order, thing);
      if (g_str_equal (thing, "c1")) /* who comes back waits for its turn */
        vmh_turns_push (&turns, 0, (gpointer) "b2");
    }
  g_assert_cmpstr (order->str, ==, "a1b1c1a2c2b2a3");
  g_assert_null (turns.users);
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
main (int argc, char **argv)
{
  g_autoptr (GSubprocess) daemon = NULL;
  g_autofree char *address = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  daemon = start_bus (&address);
#define ADD(name, function)                                                                        \
  g_test_add ("/helper/gate/" name, Fixture, address, set_up, function, tear_down)
  ADD ("call", test_call);
  ADD ("no-annotation", test_no_annotation);
  ADD ("invisible", test_invisible);
  ADD ("introspection-is-blind", test_introspection_is_blind);
  ADD ("properties", test_properties);
  ADD ("options", test_options);
  ADD ("size", test_size);
  ADD ("fd-index", test_fd_index);
  ADD ("signals", test_signals);
  ADD ("signals-when-busy", test_signals_when_busy);
  ADD ("caller-gone", test_caller_gone);
  ADD ("callers-gone", test_callers_gone);
  ADD ("call-limit", test_call_limit);
  ADD ("byte-limit", test_byte_limit);
  ADD ("stranger-limit", test_stranger_limit);
  ADD ("turns", test_turns);
  status = g_test_run ();
  g_subprocess_force_exit (daemon);
  g_subprocess_wait (daemon, NULL, NULL);
  return status;
}
