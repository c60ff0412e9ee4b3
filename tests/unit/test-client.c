/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The app's side of the bus against a helper that misbehaves on demand. */
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>
#include "client/inn-job.h"
#include "client/inn-machine.h"
#include "fake-helper.h"

#define MACHINE0 INN_MACHINES_PATH "/m0"
#define JOB      INN_JOBS_PATH "/1"

typedef struct
{
  GTestDBus *bus;
  FakeHelper *fake;
  InnConnection *connection;
  GDBusMethodInvocation *held; /* the last call, not answered by itself */
  int fd;
  guint n_changes;
  guint n_notifies;
  gboolean ended;
  GError *error;
} Fixture;

static gboolean G_GNUC_NORETURN
on_deadline (gpointer data)
{
  g_error ("Nothing happened for 20 s in %s", (const char *)data);
}

#define wait_until(condition)                                                                      \
  do                                                                                               \
    {                                                                                              \
      guint deadline = g_timeout_add_seconds (20, on_deadline, #condition);                        \
      while (!(condition))                                                                         \
        g_main_context_iteration (NULL, TRUE);                                                     \
      g_source_remove (deadline);                                                                  \
    }                                                                                              \
  while (FALSE)

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *fixture = data;

  g_assert_null (fixture->held);
  fixture->held = invocation; /* ours until it is answered */
}

static void
reply (Fixture *fixture, GVariant *value)
{
  g_dbus_method_invocation_return_value (g_steal_pointer (&fixture->held), value);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->held);
  g_clear_pointer (&fixture->fake, fake_helper_free);
  g_clear_object (&fixture->connection);
  g_clear_error (&fixture->error);
  g_test_dbus_down (fixture->bus);
  g_clear_object (&fixture->bus);
}

static void
connect_ready (Fixture *fixture, guint n_machines)
{
  fixture->fake = fake_helper_new (INN_PROTOCOL, n_machines, on_call, fixture);
  if (fixture->connection == NULL)
    fixture->connection = inn_connection_new (G_BUS_TYPE_SESSION);
  wait_until (inn_connection_get_state (fixture->connection) == INN_CONNECTION_READY);
}

static void
kill_helper (Fixture *fixture)
{
  g_clear_object (&fixture->held);
  g_clear_pointer (&fixture->fake, fake_helper_free);
  wait_until (inn_connection_get_state (fixture->connection) != INN_CONNECTION_READY);
}

static void
on_items_changed (GListModel *list, guint position, guint removed, guint added, guint *n)
{
  (*n)++;
}

static void
on_notify (GObject *object, GParamSpec *pspec, guint *n)
{
  (*n)++;
}

static void
test_thousand (Fixture *fixture, gconstpointer data)
{
  GListModel *machines;
  InnMachine *machine;
  g_autoptr (GVariant) cpus = NULL;

  fixture->connection = inn_connection_new (G_BUS_TYPE_SESSION);
  machines = inn_connection_get_machines (fixture->connection);
  g_signal_connect (machines, "items-changed", G_CALLBACK (on_items_changed), &fixture->n_changes);
  connect_ready (fixture, 1000);
  g_assert_cmpuint (g_list_model_get_n_items (machines), ==, 1000);
  g_assert_cmpuint (fixture->n_changes, ==, 1);
  machine = inn_connection_lookup_machine (fixture->connection, INN_MACHINES_PATH "/m417");
  g_assert_cmpstr (inn_machine_get_name (machine), ==, "machine 417");
  g_assert_cmpint (inn_machine_get_state (machine), ==, INN_STATE_OFF);
  g_assert_cmpstr (inn_machine_get_displays (machine)[0], ==, "vnc");
  cpus = inn_connection_get_host (fixture->connection, "Cpus");
  g_assert_cmpuint (g_variant_get_uint32 (cpus), ==, 8);
  g_assert_cmpstr (inn_connection_get_mode (fixture->connection), ==, "session");
}

static void
test_changes (Fixture *fixture, gconstpointer data)
{
  InnMachine *machine;
  g_autofree char *text = NULL;

  connect_ready (fixture, 1);
  machine = inn_connection_lookup_machine (fixture->connection, MACHINE0);
  g_signal_connect (machine, "notify", G_CALLBACK (on_notify), &fixture->n_notifies);
  g_assert_true (inn_machine_can (machine, INN_VERB_START));
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("paused"));
  wait_until (inn_machine_get_state (machine) == INN_STATE_PAUSED);
  g_assert_cmpuint (fixture->n_notifies, ==, 2); /* state and state-text */
  g_assert_false (inn_machine_can (machine, INN_VERB_START));
  g_assert_true (inn_machine_can (machine, INN_VERB_RESUME));
  g_object_get (machine, "state-text", &text, NULL);
  g_assert_cmpstr (text, ==, "Paused");

  /* The same again, a wrong type and an unknown state: no notify, no notify, nothing allowed. */
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("paused"));
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "Name", g_variant_new_uint32 (7));
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("levitating"));
  wait_until (inn_machine_get_state (machine) == INN_STATE_UNKNOWN);
  g_assert_cmpuint (fixture->n_notifies, ==, 4);
  g_assert_cmpstr (inn_machine_get_name (machine), ==, "machine 0");
  for (InnVerb verb = 0; verb < INN_N_VERBS; verb++)
    g_assert_false (inn_machine_can (machine, verb));

  fake_helper_add (fixture->fake, INN_MACHINES_PATH "/late", INN_IFACE_MACHINE,
                   g_variant_new_parsed ("{'Name': <'late'>}"));
  wait_until (inn_connection_lookup_machine (fixture->connection, INN_MACHINES_PATH "/late"));
  fake_helper_remove (fixture->fake, MACHINE0, INN_IFACE_MACHINE);
  wait_until (inn_connection_lookup_machine (fixture->connection, MACHINE0) == NULL);
  g_assert_cmpuint (g_list_model_get_n_items (inn_connection_get_machines (fixture->connection)),
                    ==, 1);
}

static void
test_stranger (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDBusConnection) own = NULL;
  g_autoptr (GDBusConnection) stranger = NULL;
  InnMachine *machine;

  connect_ready (fixture, 1);
  machine = inn_connection_lookup_machine (fixture->connection, MACHINE0);
  own = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  stranger =
      g_dbus_connection_new_for_address_sync (g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, NULL);
  g_dbus_connection_emit_signal (
      stranger, g_dbus_connection_get_unique_name (own), MACHINE0,
      "org.freedesktop.DBus.Properties", "PropertiesChanged",
      g_variant_new_parsed ("(%s, {'Name': <'forged'>}, @as [])", INN_IFACE_MACHINE), NULL);
  g_dbus_connection_flush_sync (stranger, NULL, NULL);
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "Title",
                      g_variant_new_string ("true"));
  g_signal_connect (machine, "notify::title", G_CALLBACK (on_notify), &fixture->n_notifies);
  wait_until (fixture->n_notifies > 0);
  g_assert_cmpstr (inn_machine_get_name (machine), ==, "machine 0");
  g_dbus_connection_close_sync (stranger, NULL, NULL);
}

static void
test_missing (Fixture *fixture, gconstpointer data)
{
  const GError *error;

  fixture->connection = inn_connection_new (G_BUS_TYPE_SESSION);
  wait_until (inn_connection_get_state (fixture->connection) == INN_CONNECTION_FAILED);
  error = inn_connection_get_error (fixture->connection);
  g_assert_error (error, INN_ERROR, INN_ERROR_HELPER);
  g_assert_nonnull (strstr (error->message, "Install vmm-helper"));
  connect_ready (fixture, 3);
  g_assert_null (inn_connection_get_error (fixture->connection));
}

/* A thread of GLib's may hold the connection that failed a moment longer, and it is handed out
 * again while that lasts. A person would press once more. */
static gboolean
is_ready_or_retries (InnConnection *connection)
{
  if (inn_connection_get_state (connection) == INN_CONNECTION_FAILED)
    inn_connection_retry (connection);
  return inn_connection_get_state (connection) == INN_CONNECTION_READY;
}

/* The bus is not there, and then it is. */
static void
test_no_bus (Fixture *fixture, gconstpointer data)
{
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  fixture->connection = inn_connection_new (G_BUS_TYPE_SYSTEM);
  wait_until (inn_connection_get_state (fixture->connection) == INN_CONNECTION_FAILED);
  g_assert_false (inn_connection_is_trying (fixture->connection));
  g_assert_true (inn_connection_can_retry (fixture->connection));
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (fixture->bus), TRUE);
  fixture->fake = fake_helper_new (INN_PROTOCOL, 1, on_call, fixture);
  wait_until (is_ready_or_retries (fixture->connection));
  g_assert_false (inn_connection_can_retry (fixture->connection));
}

static void
test_too_old (Fixture *fixture, gconstpointer data)
{
  const GError *error;
  guint n_calls;

  fixture->fake = fake_helper_new (INN_PROTOCOL - 1, 1, on_call, fixture);
  fixture->connection = inn_connection_new (G_BUS_TYPE_SESSION);
  wait_until (inn_connection_get_state (fixture->connection) == INN_CONNECTION_FAILED);
  error = inn_connection_get_error (fixture->connection);
  g_assert_error (error, INN_ERROR, INN_ERROR_HELPER);
  g_assert_nonnull (strstr (error->message, "too old"));
  /* It does not ask again by itself; a person may make it. */
  g_assert_false (inn_connection_is_trying (fixture->connection));
  g_assert_true (inn_connection_can_retry (fixture->connection));
  n_calls = fake_helper_count_calls (fixture->fake, "GetManagedObjects");
  inn_connection_retry (fixture->connection);
  wait_until (fake_helper_count_calls (fixture->fake, "GetManagedObjects") == n_calls + 1 &&
              inn_connection_get_state (fixture->connection) == INN_CONNECTION_FAILED);
  kill_helper (fixture);
  connect_ready (fixture, 1); /* updated and started again */
}

static void
on_machine_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *fixture = data;

  inn_machine_do_finish (INN_MACHINE (source), result, &fixture->error);
  fixture->ended = TRUE;
}

static void
do_verb (Fixture *fixture, InnVerb verb, GCancellable *cancellable)
{
  InnMachine *machine = inn_connection_lookup_machine (fixture->connection, MACHINE0);

  g_clear_error (&fixture->error);
  fixture->ended = FALSE;
  inn_machine_do_async (machine, verb, cancellable, on_machine_done, fixture);
  wait_until (fixture->held != NULL || fixture->ended);
}

static void
test_dies_in_call (Fixture *fixture, gconstpointer data)
{
  InnMachine *machine;

  connect_ready (fixture, 3);
  machine = inn_connection_lookup_machine (fixture->connection, MACHINE0);
  do_verb (fixture, INN_VERB_PAUSE, NULL);
  g_assert_false (fixture->ended);
  kill_helper (fixture);
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_HELPER);
  g_assert_cmpuint (g_list_model_get_n_items (inn_connection_get_machines (fixture->connection)),
                    ==, 3);

  /* The next one has fewer machines; those that stay are the same objects. */
  connect_ready (fixture, 2);
  g_assert_true (inn_connection_lookup_machine (fixture->connection, MACHINE0) == machine);
  g_assert_cmpuint (g_list_model_get_n_items (inn_connection_get_machines (fixture->connection)),
                    ==, 2);
}

static void
test_errors (Fixture *fixture, gconstpointer data)
{
  connect_ready (fixture, 1);
  do_verb (fixture, INN_VERB_PAUSE, NULL);
  g_assert_true (g_dbus_message_get_flags (g_dbus_method_invocation_get_message (fixture->held)) &
                 G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
  g_dbus_method_invocation_return_dbus_error (g_steal_pointer (&fixture->held),
                                              "org.innkeeper.Error.Denied", "No. Ask your aunt.");
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_DENIED);
  g_assert_cmpstr (fixture->error->message, ==, "No. Ask your aunt.");

  do_verb (fixture, INN_VERB_PAUSE, NULL);
  g_dbus_method_invocation_return_dbus_error (
      g_steal_pointer (&fixture->held), "org.freedesktop.DBus.Error.UnknownMethod", "No such");
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_HELPER);
  g_assert_nonnull (strstr (fixture->error->message, "too old"));
}

static void
add_job (Fixture *fixture, const char *state)
{
  fake_helper_add (fixture->fake, JOB, INN_IFACE_JOB,
                   g_variant_new_parsed ("{'Operation': <'start'>, 'MachineName': <'m'>, 'State': "
                                         "<%s>, 'ErrorName': <''>, 'ErrorMessage': <''>}",
                                         state));
}

static void
test_start_waits (Fixture *fixture, gconstpointer data)
{
  InnJob *job;
  g_autofree char *title = NULL;

  connect_ready (fixture, 1);
  do_verb (fixture, INN_VERB_START, NULL);
  add_job (fixture, "running");
  reply (fixture, g_variant_new ("(o)", JOB));
  wait_until (g_list_model_get_n_items (inn_connection_get_jobs (fixture->connection)) == 1);
  job = g_list_model_get_item (inn_connection_get_jobs (fixture->connection), 0);
  g_object_unref (job);
  g_object_get (job, "title", &title, NULL);
  g_assert_cmpstr (title, ==, "Starting “m”");
  g_assert_false (fixture->ended);
  fake_helper_emit (
      fixture->fake, JOB, "org.freedesktop.DBus.Properties", "PropertiesChanged",
      g_variant_new_parsed ("(%s, {'State': <'failed'>, 'ErrorName': "
                            "<'org.innkeeper.Error.NoQemu'>, 'ErrorMessage': <'No.'>}, @as [])",
                            INN_IFACE_JOB));
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_NO_QEMU);
  g_assert_cmpstr (fixture->error->message, ==, "No.");
}

static void
test_start_job_late (Fixture *fixture, gconstpointer data)
{
  connect_ready (fixture, 1);
  do_verb (fixture, INN_VERB_START, NULL);
  reply (fixture, g_variant_new ("(o)", JOB));
  wait_until (fixture->held != NULL); /* Get of the job's state */
  add_job (fixture, "done");
  wait_until (fixture->ended);
  g_assert_no_error (fixture->error);
}

static void
test_start_job_never (Fixture *fixture, gconstpointer data)
{
  connect_ready (fixture, 1);
  do_verb (fixture, INN_VERB_START, NULL);
  reply (fixture, g_variant_new ("(o)", JOB));
  wait_until (fixture->held != NULL);
  g_dbus_method_invocation_return_dbus_error (
      g_steal_pointer (&fixture->held), "org.freedesktop.DBus.Error.UnknownObject", "No such");
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_NOT_FOUND);
}

static void
test_start_job_lost (Fixture *fixture, gconstpointer data)
{
  connect_ready (fixture, 1);
  do_verb (fixture, INN_VERB_START, NULL);
  add_job (fixture, "running");
  reply (fixture, g_variant_new ("(o)", JOB));
  wait_until (g_list_model_get_n_items (inn_connection_get_jobs (fixture->connection)) == 1);
  kill_helper (fixture);
  if (!fixture->ended)
    connect_ready (fixture, 1);
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_HELPER);
}

/* The helper dies after it has named the job, and before it has told of it. */
static void
test_start_job_unseen (Fixture *fixture, gconstpointer data)
{
  connect_ready (fixture, 1);
  do_verb (fixture, INN_VERB_START, NULL);
  reply (fixture, g_variant_new ("(o)", JOB));
  wait_until (fixture->held != NULL); /* Get of the job's state: never answered */
  kill_helper (fixture);
  if (!fixture->ended)
    connect_ready (fixture, 1);
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_HELPER);
}

static void
test_start_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  connect_ready (fixture, 1);
  do_verb (fixture, INN_VERB_START, cancellable);
  add_job (fixture, "running");
  reply (fixture, g_variant_new ("(o)", JOB));
  wait_until (g_list_model_get_n_items (inn_connection_get_jobs (fixture->connection)) == 1);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_cancellable_cancel (cancellable);
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_CANCELLED);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *fixture = data;

  fixture->fd = inn_machine_open_finish (INN_MACHINE (source), result, &fixture->error);
  fixture->ended = TRUE;
}

static void
test_open_display (Fixture *fixture, gconstpointer data)
{
  InnMachine *machine;
  g_autoptr (GUnixFDList) fds = NULL;
  char byte = 0;
  int ends[2];

  connect_ready (fixture, 1);
  machine = inn_connection_lookup_machine (fixture->connection, MACHINE0);
  inn_machine_open_display_async (machine, "vnc", NULL, on_opened, fixture);
  wait_until (fixture->held != NULL);
  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  fds = g_unix_fd_list_new_from_array (ends, 1);
  g_dbus_method_invocation_return_value_with_unix_fd_list (g_steal_pointer (&fixture->held),
                                                           g_variant_new ("(h)", 0), fds);
  wait_until (fixture->ended);
  g_assert_no_error (fixture->error);
  g_assert_cmpint (write (ends[1], "x", 1), ==, 1);
  g_assert_cmpint (read (fixture->fd, &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
  close (ends[1]);
  close (fixture->fd);

  /* A handle that points nowhere is an error, not a crash. */
  fixture->ended = FALSE;
  inn_machine_open_display_async (machine, "vnc", NULL, on_opened, fixture);
  wait_until (fixture->held != NULL);
  g_dbus_method_invocation_return_value_with_unix_fd_list (g_steal_pointer (&fixture->held),
                                                           g_variant_new ("(h)", 5), fds);
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_HELPER);
}

/* A picture for the list comes without anybody having asked: it must not raise a question. */
static void
test_quiet_screenshot (Fixture *fixture, gconstpointer data)
{
  InnMachine *machine;

  connect_ready (fixture, 1);
  machine = inn_connection_lookup_machine (fixture->connection, MACHINE0);
  inn_machine_screenshot_async (machine, NULL, on_opened, fixture);
  wait_until (fixture->held != NULL);
  g_assert_false (g_dbus_message_get_flags (g_dbus_method_invocation_get_message (fixture->held)) &
                  G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
  g_dbus_method_invocation_return_dbus_error (g_steal_pointer (&fixture->held),
                                              "org.innkeeper.Error.AuthRequired", "A password.");
  wait_until (fixture->ended);
  g_assert_error (fixture->error, INN_ERROR, INN_ERROR_AUTH_REQUIRED);
}

static void
test_statistics (Fixture *fixture, gconstpointer data)
{
  InnMachine *machine;
  double use;

  connect_ready (fixture, 1);
  machine = inn_connection_lookup_machine (fixture->connection, MACHINE0);
  inn_connection_set_statistics (fixture->connection, TRUE);
  /* Calls arrive in order: when this one is there, one before it would be, too. */
  do_verb (fixture, INN_VERB_PAUSE, NULL);
  reply (fixture, NULL);
  wait_until (fixture->ended);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "GetStatistics"), ==, 0);
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("running"));
  for (guint64 i = 1; i <= 2; i++)
    {
      wait_until (fixture->held != NULL);
      reply (fixture, g_variant_new_parsed ("([(%o, {'cpu-time': <%t>, 'monotonic': <%t>})],)",
                                            MACHINE0, i * G_GUINT64_CONSTANT (3000000000),
                                            i * G_GUINT64_CONSTANT (2000000000)));
    }
  g_signal_connect (machine, "notify::cpu-use", G_CALLBACK (on_notify), &fixture->n_notifies);
  wait_until (fixture->n_notifies > 0);
  g_object_get (machine, "cpu-use", &use, NULL);
  g_assert_cmpfloat_with_epsilon (use, 1.5, 1e-9);
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("off"));
  wait_until (fixture->n_notifies > 1);
  g_object_get (machine, "cpu-use", &use, NULL);
  g_assert_cmpfloat (use, ==, -1);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "GetStatistics"), ==, 2);
}

/* µs from the last question to this one, which says that the guest has used as much as before. */
static gint64
wait_question (Fixture *fixture, gint64 *last)
{
  static guint64 n;
  gint64 now, waited;

  wait_until (fixture->held != NULL);
  now = g_get_monotonic_time ();
  waited = now - *last;
  *last = now;
  n++;
  reply (fixture, g_variant_new_parsed ("([(%o, {'cpu-time': <%t>, 'monotonic': <%t>})],)",
                                        MACHINE0, n * G_GUINT64_CONSTANT (1000000000),
                                        n * G_GUINT64_CONSTANT (2000000000)));
  return waited;
}

/* Where a while nothing has changed, it is asked for half as often; until something does. */
static void
test_calm_statistics (Fixture *fixture, gconstpointer data)
{
  gint64 last = 0;
  gboolean seldom = FALSE;
  gboolean often = FALSE;

  connect_ready (fixture, 1);
  inn_connection_set_statistics (fixture->connection, TRUE);
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("running"));
  wait_question (fixture, &last);
  for (guint i = 1; i < 10 && !seldom; i++)
    {
      seldom = wait_question (fixture, &last) > 3 * G_USEC_PER_SEC;
      g_assert_false (seldom && i < 4);
    }
  g_assert_true (seldom);
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("paused"));
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("running"));
  wait_question (fixture, &last);
  for (guint i = 0; i < 3 && !often; i++) /* one may be late on a busy computer */
    often = wait_question (fixture, &last) < 3 * G_USEC_PER_SEC;
  g_assert_true (often);
}

int
main (int argc, char **argv)
{
#define ADD(name, function) g_test_add ("/client/" name, Fixture, NULL, set_up, function, tear_down)

  g_test_init (&argc, &argv, NULL);
  ADD ("thousand", test_thousand);
  ADD ("changes", test_changes);
  ADD ("stranger", test_stranger);
  ADD ("missing", test_missing);
  ADD ("no-bus", test_no_bus);
  ADD ("too-old", test_too_old);
  ADD ("dies-in-call", test_dies_in_call);
  ADD ("errors", test_errors);
  ADD ("start/waits", test_start_waits);
  ADD ("start/job-late", test_start_job_late);
  ADD ("start/job-never", test_start_job_never);
  ADD ("start/job-lost", test_start_job_lost);
  ADD ("start/job-unseen", test_start_job_unseen);
  ADD ("start/cancelled", test_start_cancelled);
  ADD ("open-display", test_open_display);
  ADD ("quiet-screenshot", test_quiet_screenshot);
  ADD ("statistics", test_statistics);
  ADD ("calm-statistics", test_calm_statistics);
  return g_test_run ();
}
