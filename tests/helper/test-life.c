/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a machine's record, processes and QEMU's words for its status lead to where no real QEMU
 * would come at will. */
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/vmh-life.h"
#include "machine/vmh-machine.h"
#include "machine/vmh-store.h"
#include "machine/vmh-trash.h"
#include "qemu/vmh-qemu-private.h"
#include "qemu/vmh-runtime.h"
#include "shared/inn-domain-new.h"
#include "shared/inn-errors.h"
#include "store-folder.h"

#define UUID "11111111-2222-4333-8444-777777777777"

typedef struct
{
  VmhBundle *bundle;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  store_folder_open ();
  fixture->bundle = vmh_bundle_create (UUID, geteuid (), &error);
  g_assert_no_error (error);
  g_assert_true (vmh_bundle_note_place (fixture->bundle, &error));
  g_assert_true (vmh_bundle_commit (fixture->bundle, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  vmh_record_remove (fixture->bundle, NULL);
  vmh_bundle_unref (fixture->bundle);
  vmh_remove_tree (vmh_store_get_machines_fd (), UUID, NULL);
  vmh_store_close ();
}

/* A process that has @pid_of_child as its child, as the shim has bwrap. */
static pid_t
start_family (pid_t *pid_of_child)
{
  int fds[2];
  pid_t pid;

  g_assert_cmpint (pipe (fds), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      pid_t child;

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      child = fork ();
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (child != 0 && write (fds[1], &child, sizeof child) != sizeof child)
        _exit (1);
      for (;;)
        pause ();
    }
  g_assert_cmpint (read (fds[0], pid_of_child, sizeof *pid_of_child), ==, sizeof *pid_of_child);
  close (fds[0]);
  close (fds[1]);
  return pid;
}

static VmhRecord *
make_record (pid_t shim)
{
  VmhRecord *record = g_new0 (VmhRecord, 1);

  record->accelerator = g_strdup ("tcg");
  record->user_network = g_strdup ("");
  if (!vmh_pid_look (shim, &record->shim))
    g_assert_not_reached ();
  return record;
}

static void
test_record_of_another (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VmhRecord) ours = make_record (getpid ());
  g_autoptr (VmhRecord) found = NULL;
  g_autoptr (GError) error = NULL;
  VmhRecord other = *ours;

  g_assert_true (vmh_record_save (ours, fixture->bundle, &error));
  other.shim.start++;
  vmh_record_remove (fixture->bundle, &other);
  found = vmh_record_load (fixture->bundle);
  g_assert_nonnull (found);
  vmh_record_remove (fixture->bundle, ours);
  g_assert_null (vmh_record_load (fixture->bundle));
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (vmh_qemu_connect_finish (VMH_QEMU (source), result, &error));
  *(gboolean *)data = TRUE;
}

/* Its monitors cannot be reached, and so it is to be killed before it has told its pid. */
static void
test_kill_before_pid (Fixture *fixture, gconstpointer data)
{
  pid_t child = 0, shim = start_family (&child);
  VmhQemu *qemu = vmh_qemu_new (fixture->bundle, make_record (shim));
  g_autofree char *info = g_strdup_printf ("{\"child-pid\": %d}\n", (int)child);
  gboolean failed = FALSE, clean;
  int fds[2];

  g_assert_true (vmh_qemu_watch_shim (qemu));
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  vmh_qemu_watch_info (qemu, fds[0]);
  vmh_qemu_connect_async (qemu, NULL, on_connected, &failed);
  while (!failed)
    g_main_context_iteration (NULL, TRUE);
  vmh_qemu_kill (qemu);
  if (data) /* else bwrap ends and has said nothing */
    g_assert_cmpint (write (fds[1], info, strlen (info)), ==, (ssize_t)strlen (info));
  close (fds[1]);
  while (!vmh_qemu_has_ended (qemu, &clean))
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (clean);
  kill (shim, SIGKILL);
  waitpid (shim, NULL, 0);
  while (kill (child, 0) == 0 && waitpid (-1, NULL, WNOHANG) >= 0)
    g_main_context_iteration (NULL, FALSE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (qemu);
}

/* The helper was killed before all was told to QEMU that goes before its first instruction. */
static void
test_find_unfinished (Fixture *fixture, gconstpointer data)
{
  pid_t child = 0, shim = start_family (&child);
  g_autoptr (VmhRecord) record = make_record (shim);
  g_autoptr (GError) error = NULL;
  VmhPid gone;

  g_assert_true (vmh_pid_look (child, &record->qemu));
  record->starting = TRUE;
  g_assert_true (vmh_record_save (record, fixture->bundle, &error));
  g_assert_null (vmh_qemu_find (fixture->bundle));
  g_assert_false (vmh_pid_look (child, &gone));
  g_assert_false (vmh_pid_look (shim, &gone));
  g_assert_null (vmh_record_load (fixture->bundle));
  waitpid (shim, NULL, 0);
}

/* A QEMU that is stopped takes connections and says nothing. */
static VmhMachine *
make_silent (VmhRegistry *registry, InnDomain *domain, guint index)
{
  g_autofree char *uuid = g_strdup_printf ("22222222-2222-4333-8444-%012u", index);
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = vmh_bundle_create (uuid, geteuid (), &error);
  g_autoptr (VmhRecord) record = make_record (getpid ());
  VmhMachine *machine;

  g_assert_no_error (error);
  record->qemu = record->shim;
  g_assert_true (vmh_record_save (record, bundle, &error));
  /* Left open: nobody answers. */
  g_assert_cmpint (vmh_runtime_listen (bundle, "monitor", SOCK_STREAM, &error), >=, 0);
  g_assert_cmpint (vmh_runtime_listen (bundle, "events", SOCK_STREAM, &error), >=, 0);
  machine = vmh_machine_new (registry, uuid, bundle, domain, NULL);
  vmh_life_recover (machine);
  g_assert_cmpint (vmh_machine_get_state (machine), ==, VMH_STATE_RUNNING);
  return machine;
}

static VmhRegistry *
open_registry (const char *address)
{
  g_autoptr (GDBusConnection) connection =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, NULL);

  return vmh_registry_new (connection, FALSE);
}

/* All are waited for together: 1 s, and not that long for each. */
static void
test_silent (gconstpointer address)
{
  VmhRegistry *registry = open_registry (address);
  g_autoptr (InnDomain) domain = inn_domain_new ();
  g_autoptr (GPtrArray) machines = g_ptr_array_new ();
  gint64 begin, end;

  store_folder_open ();
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 8; i++)
    g_ptr_array_add (machines, make_silent (registry, domain, i));
  vmh_life_wait_recovered ();
  end = g_get_monotonic_time ();
  g_assert_cmpint (end - begin, <, 7 * G_USEC_PER_SEC);
}

typedef struct
{
  const char *status;
  VmhState state;
  const char *reason;
} Status;

static const Status statuses[] = {
  { "running", VMH_STATE_RUNNING, "" },
  { "paused", VMH_STATE_PAUSED, "" },
  { "internal-error", VMH_STATE_PAUSED,
    "QEMU, the program that runs it, cannot go on with it. Reset it." },
  { "debug", VMH_STATE_PAUSED, "" },
};

static void
test_status (gconstpointer address)
{
  VmhRegistry *registry = open_registry (address);
  g_autoptr (InnDomain) domain = inn_domain_new ();

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autoptr (VmhMachine) machine = vmh_machine_new (registry, UUID, NULL, domain, NULL);

      /* As the helper that finds it has it, before it asks. */
      vmh_machine_set_state (machine, VMH_STATE_RUNNING, NULL);
      vmh_life_obey_status (machine, statuses[i].status);
      g_assert_cmpint (vmh_machine_get_state (machine), ==, statuses[i].state);
      g_assert_cmpstr (vmh_machine_get_state_reason (machine), ==, statuses[i].reason);
    }
  vmh_registry_close (registry);
}

static void
on_monitor_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(VmhQmp **)data = vmh_qmp_open_finish (result, &error);
  g_assert_no_error (error);
}

static void
say (int fd, const char *line)
{
  g_assert_cmpint (write (fd, line, strlen (line)), ==, (ssize_t)strlen (line));
}

/* The guest is quicker than the last step of its start: it has shut down before that is done. */
static void
test_ends_while_starting (Fixture *fixture, gconstpointer address)
{
  VmhRegistry *registry = open_registry (address);
  pid_t child = 0, shim = start_family (&child);
  g_autoptr (InnDomain) domain = inn_domain_new ();
  g_autoptr (VmhMachine) machine = vmh_machine_new (registry, UUID, fixture->bundle, domain, NULL);
  g_autoptr (VmhQemu) qemu = vmh_qemu_new (fixture->bundle, make_record (shim));
  g_autoptr (JsonObject) none = json_object_new ();
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  say (pair[1], "{\"QMP\": {}}\n{\"return\": {}, \"id\": 0}\n");
  vmh_qmp_open_async (pair[0], NULL, on_monitor_opened, &qemu->monitor);
  while (!qemu->monitor)
    g_main_context_iteration (NULL, TRUE);
  vmh_life_adopt (machine, qemu);
  vmh_machine_set_state (machine, VMH_STATE_STARTING, NULL);
  g_signal_emit_by_name (qemu, "event", "SHUTDOWN", none);
  g_assert_cmpint (vmh_machine_get_state (machine), ==, VMH_STATE_STARTING);
  vmh_life_begin (machine, FALSE);
  say (pair[1], "{\"return\": {\"status\": \"shutdown\"}, \"id\": 1}\n");
  for (int i = 0; i < 500 && vmh_machine_get_state (machine) == VMH_STATE_RUNNING; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (10000);
    }
  g_assert_cmpint (vmh_machine_get_state (machine), ==, VMH_STATE_STOPPING);
  while (waitpid (shim, NULL, WNOHANG) == 0) /* until it was killed */
    g_main_context_iteration (NULL, FALSE);
  vmh_life_settle (machine, VMH_STATE_OFF, NULL);
  close (pair[1]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  vmh_registry_close (registry);
}

int
main (int argc, char **argv)
{
  g_autoptr (GTestDBus) bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  char *folder;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_dbus_up (bus);
  folder = store_folder_new (); /* the bus takes XDG_RUNTIME_DIR away */
#define ADD(path, data, function)                                                                  \
  g_test_add ("/helper/life/" path, Fixture, data, set_up, function, tear_down)
  ADD ("record-of-another", NULL, test_record_of_another);
  ADD ("kill-before-pid", "told later", test_kill_before_pid);
  ADD ("kill-and-no-pid", NULL, test_kill_before_pid);
  ADD ("find-unfinished", NULL, test_find_unfinished);
  ADD ("ends-while-starting", g_test_dbus_get_bus_address (bus), test_ends_while_starting);
  g_test_add_data_func ("/helper/life/silent", g_test_dbus_get_bus_address (bus), test_silent);
  g_test_add_data_func ("/helper/life/status", g_test_dbus_get_bus_address (bus), test_status);
  status = g_test_run ();
  g_test_dbus_down (bus);
  store_folder_free (folder);
  return status;
}
