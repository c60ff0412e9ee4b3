/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How much the helper takes in, and in whose turn. */
#include "core/vmh-turns.h"
#include "gate-stage.h"

static void
hold (GateStage *fixture, const char *text)
{
  g_dbus_connection_call (fixture->client, g_dbus_connection_get_unique_name (fixture->service),
                          TEST_PATH, TEST_IFACE, "Hold", g_variant_new ("(s)", text), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static void
wait_held (guint n)
{
  while (gate_held->len < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
gate_answer_held (void)
{
  for (guint i = 0; i < gate_held->len; i++)
    vmh_call_return (g_ptr_array_index (gate_held, i), NULL);
  g_ptr_array_set_size (gate_held, 0);
}

/* A limit is one for as long as what fills it is there. */
static void
check_limit (GateStage *fixture, const char *text)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_free (gate_stage_refused (fixture, TEST_PATH, TEST_IFACE, "Echo",
                              g_variant_new ("(s@a{sv})", text, g_variant_new_parsed ("@a{sv} {}")),
                              INN_ERROR_LIMIT));
  gate_answer_held ();
  gate_stage_settle (fixture); /* so that the answered calls are freed */
  reply = gate_stage_call (fixture, TEST_PATH, TEST_IFACE, "Echo",
                           g_variant_new ("(s@a{sv})", text, g_variant_new_parsed ("@a{sv} {}")),
                           NULL, &error);
  g_assert_no_error (error);
}

static void
test_call_limit (GateStage *fixture, gconstpointer data)
{
  gate_stage_settle (fixture); /* so that it is known whose the connection is */
  for (guint i = 0; i < VMH_MAX_CALLS_PER_CLIENT; i++)
    hold (fixture, "x");
  wait_held (VMH_MAX_CALLS_PER_CLIENT);
  check_limit (fixture, "x");
}

static void
test_byte_limit (GateStage *fixture, gconstpointer data)
{
  g_autofree char *half = g_strnfill (VMH_MAX_CALL_BYTES_PER_UID / 2 - 10, 'x');
  g_autofree char *more = g_strnfill (VMH_SMALL_MESSAGE + 1, 'x');
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  gate_stage_settle (fixture);
  hold (fixture, half);
  hold (fixture, half);
  wait_held (2);
  /* Who changes a large machine can still stop it. */
  reply = gate_stage_call (fixture, TEST_PATH, TEST_IFACE, "Echo",
                           g_variant_new_parsed ("('x', @a{sv} {})"), NULL, &error);
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
test_stranger_limit (GateStage *fixture, gconstpointer data)
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
  gate_answer_held ();
  gate_stage_settle (fixture);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpuint (refused, ==, more);
}

static void
test_turns (GateStage *fixture, gconstpointer data)
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

static gboolean
is_not_7 (uid_t user)
{
  return user != 7;
}

/* Who may not be next keeps its things. */
static void
test_turns_of_some (GateStage *fixture, gconstpointer data)
{
  VmhTurns turns = { 0 };

  vmh_turns_push (&turns, 7, (gpointer) "a1");
  vmh_turns_push (&turns, 9, (gpointer) "c1");
  vmh_turns_push (&turns, 9, (gpointer) "c2");
  g_assert_cmpstr (vmh_turns_pop_of (&turns, is_not_7), ==, "c1");
  g_assert_cmpstr (vmh_turns_pop_of (&turns, is_not_7), ==, "c2");
  g_assert_null (vmh_turns_pop_of (&turns, is_not_7));
  g_assert_cmpstr (vmh_turns_pop (&turns), ==, "a1");
  g_assert_null (vmh_turns_pop_of (&turns, is_not_7));
  g_assert_null (turns.users);
}

typedef struct
{
  guint *answered;
  guint *refused;
} Watch;

static void
on_watched (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Watch *watch = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  ++*watch->answered;
  if (g_error_matches (error, INN_ERROR, INN_ERROR_LIMIT))
    ++*watch->refused;
  else
    g_assert_no_error (error);
}

static void
watch (GateStage *fixture, GDBusConnection *watcher, guint *answered, guint *refused)
{
  Watch *watch = g_new (Watch, 1);

  *watch = (Watch){ answered, refused };
  g_dbus_connection_call (watcher, g_dbus_connection_get_unique_name (fixture->service),
                          INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                          NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_watched, watch);
}

static void
test_listeners (GateStage *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) watchers = g_ptr_array_new_with_free_func (g_object_unref);
  const guint more = 3;
  guint refused = 0;

  for (guint i = 0; i < VMH_MAX_LISTENERS_PER_UID + more; i++)
    {
      GDBusConnection *watcher = gate_stage_connect (fixture->address);
      guint answered = 0;

      g_ptr_array_add (watchers, watcher);
      watch (fixture, watcher, &answered, &refused);
      while (answered == 0)
        g_main_context_iteration (NULL, TRUE);
    }
  g_assert_cmpuint (refused, ==, more);
  /* One that leaves makes room. */
  g_dbus_connection_close_sync (watchers->pdata[0], NULL, NULL);
  while (refused > 0)
    {
      guint answered = 0;

      refused = 0;
      watch (fixture, watchers->pdata[VMH_MAX_LISTENERS_PER_UID], &answered, &refused);
      while (answered == 0)
        g_main_context_iteration (NULL, TRUE);
    }
  for (guint i = 1; i < watchers->len; i++)
    g_dbus_connection_close_sync (watchers->pdata[i], NULL, NULL);
}

static void
add (const char *address)
{
#define ADD(name, function) GATE_ADD ("/helper/limits/" name, address, function)
  ADD ("calls", test_call_limit);
  ADD ("bytes", test_byte_limit);
  ADD ("strangers", test_stranger_limit);
  ADD ("turns", test_turns);
  ADD ("turns-of-some", test_turns_of_some);
  ADD ("listeners", test_listeners);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return gate_stage_run (add);
}
