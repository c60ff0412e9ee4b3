/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The gate and the registry with an interface of our own: what is refused before a handler runs,
 * who is told what, and what a caller's death does. */
#include <string.h>
#include <unistd.h>

#include "gate-stage.h"

static void
test_call (GateStage *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  const char *text;

  reply = gate_stage_call (fixture, TEST_PATH, TEST_IFACE, "Echo",
                           g_variant_new_parsed ("('hé', {'loud': <true>})"), NULL, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(&s)", &text);
  g_assert_cmpstr (text, ==, "hé");
}

static void
test_no_annotation (GateStage *fixture, gconstpointer data)
{
  g_free (gate_stage_refused (fixture, TEST_PATH, TEST_IFACE, "Bare", NULL, INN_ERROR_DENIED));
  g_assert_cmpuint (gate_bare_calls, ==, 0);
  g_free (
      gate_stage_refused (fixture, TEST_PATH, TEST_IFACE, "Rowless", NULL, INN_ERROR_UNSUPPORTED));
}

static void
test_invisible (GateStage *fixture, gconstpointer data)
{
  g_autofree char *others =
      gate_stage_refused (fixture, OTHER_PATH, TEST_IFACE, "Echo",
                          g_variant_new_parsed ("('x', @a{sv} {})"), INN_ERROR_NOT_FOUND);
  g_autofree char *absent =
      gate_stage_refused (fixture, INN_MACHINES_PATH "/six", TEST_IFACE, "Echo",
                          g_variant_new_parsed ("('x', @a{sv} {})"), INN_ERROR_NOT_FOUND);
  g_autofree char *bare =
      gate_stage_refused (fixture, OTHER_PATH, TEST_IFACE, "Bare", NULL, INN_ERROR_NOT_FOUND);
  g_autofree char *property =
      gate_stage_refused (fixture, OTHER_PATH, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", TEST_IFACE, "Count"), INN_ERROR_NOT_FOUND);
  g_autofree char *all =
      gate_stage_refused (fixture, OTHER_PATH, "org.freedesktop.DBus.Properties", "GetAll",
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

  reply = gate_stage_call (fixture, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                           "GetManagedObjects", NULL, NULL, &error);
  g_assert_no_error (error);
  objects = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (objects), ==, 1);
}

static void
test_introspection_is_blind (GateStage *fixture, gconstpointer data)
{
  static const char *const paths[] = { INN_ROOT_PATH, INN_MACHINES_PATH };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply =
          gate_stage_call (fixture, paths[i], "org.freedesktop.DBus.Introspectable", "Introspect",
                           NULL, NULL, &error);
      const char *xml;

      g_assert_no_error (error);
      g_variant_get (reply, "(&s)", &xml);
      g_assert_null (strstr (xml, "\"one\""));
      g_assert_null (strstr (xml, "\"two\""));
    }
}

static void
test_properties (GateStage *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) one = NULL;
  g_autoptr (GVariant) all = NULL;
  g_autoptr (GVariant) set = NULL;
  g_autoptr (GVariant) wanted_one = g_variant_ref_sink (g_variant_new_parsed ("(<@u 1>,)"));
  g_autoptr (GVariant) wanted_all =
      g_variant_ref_sink (g_variant_new_parsed ("({'Count': <@u 1>},)"));

  one = gate_stage_call (fixture, TEST_PATH, "org.freedesktop.DBus.Properties", "Get",
                         g_variant_new ("(ss)", TEST_IFACE, "Count"), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (one, wanted_one));
  all = gate_stage_call (fixture, TEST_PATH, "org.freedesktop.DBus.Properties", "GetAll",
                         g_variant_new ("(s)", TEST_IFACE), NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (all, wanted_all));
  g_free (gate_stage_refused (fixture, TEST_PATH, "org.freedesktop.DBus.Properties", "Set",
                              g_variant_new_parsed ("(%s, 'Open', <@u 9>)", TEST_IFACE),
                              INN_ERROR_UNSUPPORTED));
  /* What the contract says cannot be written GDBus refuses itself. */
  set = gate_stage_call (fixture, TEST_PATH, "org.freedesktop.DBus.Properties", "Set",
                         g_variant_new_parsed ("(%s, 'Count', <@u 9>)", TEST_IFACE), NULL, &error);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  g_assert_null (set);
  g_assert_cmpuint (gate_count, ==, 1);
}

static void
test_options (GateStage *fixture, gconstpointer data)
{
  static const char *const bad[] = {
    "('x', {'colour': <1>})",
    "('x', {'loud': <1>})",
    "('x', {'loud': <true>, 'loud': <false>})",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_free (gate_stage_refused (fixture, TEST_PATH, TEST_IFACE, "Echo",
                                g_variant_new_parsed (bad[i]), INN_ERROR_INVALID_ARGUMENT));
}

static void
test_size (GateStage *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (VMH_MAX_MESSAGE + 1, 'x');

  g_free (gate_stage_refused (fixture, TEST_PATH, TEST_IFACE, "Echo",
                              g_variant_new ("(s@a{sv})", text, g_variant_new_parsed ("@a{sv} {}")),
                              INN_ERROR_LIMIT));
}

static void
test_fd_index (GateStage *fixture, gconstpointer data)
{
  static const gint32 bad[] = { 1, -1, G_MAXINT32, G_MININT32 };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
      g_autoptr (GError) error = NULL;

      g_unix_fd_list_append (fds, 0, NULL);
      g_assert_null (gate_stage_call (fixture, TEST_PATH, TEST_IFACE, "Length",
                                      g_variant_new ("(h)", bad[i]), fds, &error));
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
test_signals (GateStage *fixture, gconstpointer data)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GObject) late = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) foreign = g_object_new (G_TYPE_OBJECT, NULL);
  guint id = g_dbus_connection_signal_subscribe (fixture->client, NULL, NULL, NULL, NULL, NULL,
                                                 G_DBUS_SIGNAL_FLAGS_NONE, on_signal, seen, NULL);

  /* Who has not asked is told nothing. */
  gate_stage_settle (fixture);
  g_string_truncate (seen, 0);
  vmh_registry_changed (fixture->registry, fixture->mine, TEST_IFACE, "Count", NULL);
  gate_stage_settle (fixture);
  gate_stage_settle (fixture);
  g_assert_cmpstr (seen->str, ==, "");

  reply = gate_stage_call (fixture, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                           "GetManagedObjects", NULL, NULL, NULL);
  g_assert_nonnull (reply);
  for (guint i = 0; i < 5; i++)
    vmh_registry_changed (fixture->registry, fixture->mine, TEST_IFACE, "Count", NULL);
  vmh_registry_changed (fixture->registry, fixture->others, TEST_IFACE, "Count", NULL);
  gate_stage_settle (fixture);
  gate_stage_settle (fixture);
  g_assert_cmpstr (seen->str, ==, "PropertiesChanged one;");

  g_string_truncate (seen, 0);
  vmh_registry_export (fixture->registry, INN_MACHINES_PATH "/late", geteuid (), late,
                       gate_interfaces);
  vmh_registry_export (fixture->registry, INN_MACHINES_PATH "/foreign", geteuid () + 1, foreign,
                       gate_interfaces);
  vmh_registry_changed (fixture->registry, late, TEST_IFACE, "Count", NULL);
  vmh_registry_unexport (fixture->registry, late);
  vmh_registry_unexport (fixture->registry, foreign);
  gate_stage_settle (fixture);
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
test_signals_when_busy (GateStage *fixture, gconstpointer data)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GVariant) reply =
      gate_stage_call (fixture, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                       "GetManagedObjects", NULL, NULL, NULL);
  guint id = g_dbus_connection_signal_subscribe (fixture->client, NULL, NULL, NULL, NULL, NULL,
                                                 G_DBUS_SIGNAL_FLAGS_NONE, on_signal, seen, NULL);
  guint turns = 0;

  gate_stage_settle (fixture);
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
test_caller_gone (GateStage *fixture, gconstpointer data)
{
  GDBusConnection *second = gate_stage_connect (fixture->address);

  g_dbus_connection_call (second, g_dbus_connection_get_unique_name (fixture->service), TEST_PATH,
                          TEST_IFACE, "Hold", g_variant_new ("(s)", "x"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  while (gate_held->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (vmh_registry_is_idle (fixture->registry));
  g_dbus_connection_close_sync (second, NULL, NULL);
  while (gate_held_cancelled == 0)
    g_main_context_iteration (NULL, TRUE);
  /* Its handler still works: not idle before it has ended, and no answer is sent to nobody. */
  g_assert_false (vmh_registry_is_idle (fixture->registry));
  vmh_call_return (g_ptr_array_index (gate_held, 0), NULL);
  g_ptr_array_set_size (gate_held, 0);
  g_assert_true (vmh_registry_is_idle (fixture->registry));
  g_object_unref (second);
}

static gboolean G_GNUC_NORETURN
on_deadline (gpointer data)
{
  g_error ("%u of the callers were seen leaving within 10 s", gate_held_cancelled);
}

/* The bus lets a connection ask for so many signals and no more: each who leaves is seen all the
 * same. */
static void
test_callers_gone (GateStage *fixture, gconstpointer data)
{
  GDBusConnection *crowd[2 * MAX_MATCH_RULES];
  guint deadline = g_timeout_add_seconds (10, on_deadline, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    {
      crowd[i] = gate_stage_connect (fixture->address);
      g_dbus_connection_call (crowd[i], g_dbus_connection_get_unique_name (fixture->service),
                              TEST_PATH, TEST_IFACE, "Hold", g_variant_new ("(s)", "x"), NULL,
                              G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
    }
  while (gate_held->len < G_N_ELEMENTS (crowd))
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    {
      g_dbus_connection_close_sync (crowd[i], NULL, NULL);
      g_object_unref (crowd[i]);
    }
  while (gate_held_cancelled < G_N_ELEMENTS (crowd))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (deadline);
}

static void
add (const char *address)
{
#define ADD(name, function) GATE_ADD ("/helper/gate/" name, address, function)
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
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return gate_stage_run (add);
}
