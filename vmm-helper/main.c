/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* vmm-helper: options, bus, main loop, and an end that leaves the guests alone. */
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/vmh-limits.h"
#include "core/vmh-registry.h"
#include "core/vmh-spawn.h"
#include "core/vmh-stuck.h"
#include "dbus/vmh-contract.h"
#include "host/vmh-host.h"
#include "host/vmh-systemd.h"
#include "machine/vmh-balloon.h"
#include "machine/vmh-history.h"
#include "machine/vmh-farewell.h"
#include "machine/vmh-manager.h"
#include "machine/vmh-store.h"
#include "shared/inn-locale.h"
#include "shared/inn-names.h"

/* How often an idle system helper looks whether it still is. */
#define IDLE_CHECK 10
/* What was sent before the name was let go arrives within this time. */
#define LAST_CALLS_MS 300

typedef struct
{
  GMainLoop *loop;
  GDBusConnection *connection;
  VmhRegistry *registry;
  VmhManager *manager;
  guint name_id;
  gint64 idle_since; /* monotonic; 0: it is not idle */
  guint last_calls;  /* while the name is let go, and a call may be on its way */
  gboolean ending;   /* we were told to */
  int status;
} Helper;

static void
on_farewell (GObject *source, GAsyncResult *result, gpointer data)
{
  Helper *helper = data;

  g_main_loop_quit (helper->loop);
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  Helper *helper = data;

  if (!vmh_systemd_ask_finish (result))
    {
      g_main_loop_quit (helper->loop);
      return;
    }
  vmh_systemd_take_time (VMH_FAREWELL_SECONDS + 2 * VMH_FAREWELL_END_SECONDS);
  vmh_farewell_async (helper->manager, on_farewell, helper);
}

/* Guests outlive us, but not the computer. */
static gboolean
on_signal (gpointer data)
{
  Helper *helper = data;

  if (helper->ending || helper->manager == NULL)
    g_main_loop_quit (helper->loop);
  else
    vmh_systemd_ask_async (on_asked, helper);
  helper->ending = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer data)
{
  Helper *helper = data;

  if (connection != NULL && !g_dbus_connection_is_closed (connection))
    g_printerr ("vmm-helper: the name %s cannot be had: another helper has it.\n", name);
  helper->status = EXIT_FAILURE;
  g_main_loop_quit (helper->loop);
}

static void
on_connection_closed (GDBusConnection *connection,
                      gboolean remote_peer_vanished,
                      GError *error,
                      gpointer data)
{
  Helper *helper = data;

  g_main_loop_quit (helper->loop);
}

/* The spawn server is lost, and another cannot be forked, for users' files may be here; or those
 * fill our table of files, and hang. Guests run on, the bus starts the next helper, and that has
 * all it needs. */
static void
on_worn_out (gpointer data)
{
  Helper *helper = data;

  helper->status = EXIT_FAILURE;
  g_main_loop_quit (helper->loop);
}

static void
own_name (Helper *helper)
{
  helper->name_id =
      g_bus_own_name_on_connection (helper->connection, INN_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
                                    NULL, on_name_lost, helper, NULL);
}

static gboolean
on_last_calls_over (gpointer data)
{
  Helper *helper = data;

  helper->last_calls = 0;
  if (vmh_manager_is_idle (helper->manager))
    g_main_loop_quit (helper->loop);
  else
    own_name (helper); /* somebody was just in time */
  return G_SOURCE_REMOVE;
}

static gboolean
on_idle_check (gpointer data)
{
  Helper *helper = data;
  gint64 now = g_get_monotonic_time ();

  if (!vmh_manager_is_idle (helper->manager))
    helper->idle_since = 0;
  else if (helper->idle_since == 0)
    helper->idle_since = now;
  if (helper->idle_since == 0 || now - helper->idle_since < VMH_IDLE_EXIT * G_USEC_PER_SEC)
    return G_SOURCE_CONTINUE;
  helper->idle_since = 0;
  /* First the name: who calls from here on makes the bus start the next helper. */
  g_clear_handle_id (&helper->name_id, g_bus_unown_name);
  helper->last_calls = g_timeout_add (LAST_CALLS_MS, on_last_calls_over, helper);
  return G_SOURCE_CONTINUE;
}

static void
on_scanned (GObject *source, GAsyncResult *result, gpointer data)
{
  Helper *helper = data;
  g_autoptr (GError) error = NULL;

  if (!vmh_host_scan_finish (VMH_HOST (source), result, &error))
    g_warning ("%s", error->message);
  if (helper->registry != NULL) /* else we are ending */
    vmh_registry_changed (helper->registry, G_OBJECT (helper->manager), INN_IFACE_HOST, "Emulators",
                          NULL);
}

static gboolean
set_up (Helper *helper, gboolean system_mode, GError **error)
{
  helper->connection =
      g_bus_get_sync (system_mode ? G_BUS_TYPE_SYSTEM : G_BUS_TYPE_SESSION, NULL, error);
  if (helper->connection == NULL)
    return FALSE;
  g_dbus_connection_set_exit_on_close (helper->connection, FALSE);
  g_signal_connect (helper->connection, "closed", G_CALLBACK (on_connection_closed), helper);
  /* At once: it takes care of files that come with messages. */
  helper->registry = vmh_registry_new (helper->connection, system_mode);
  if (!vmh_store_open (system_mode, error))
    return FALSE;
  vmh_store_entrust ();
  vmh_spawn_entrust (g_socket_get_fd (g_socket_connection_get_socket (
      G_SOCKET_CONNECTION (g_dbus_connection_get_stream (helper->connection)))));
  if (system_mode)
    vmh_systemd_begin (helper->connection);
  vmh_contract_declare (helper->registry);
  helper->manager = vmh_manager_new (helper->registry);
  if (!vmh_manager_load (helper->manager, error))
    return FALSE;
  vmh_manager_begin (helper->manager);
  vmh_host_scan_async (vmh_host_get_default (), NULL, on_scanned, helper);
  /* Only now: whoever finds the name finds every machine. */
  own_name (helper);
  return TRUE;
}

static void
tear_down (Helper *helper)
{
  g_clear_handle_id (&helper->last_calls, g_source_remove);
  g_clear_handle_id (&helper->name_id, g_bus_unown_name);
  if (helper->registry != NULL)
    vmh_registry_close (helper->registry);
  /* What was cancelled gets to say so. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&helper->registry);
  if (helper->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (helper->connection, helper);
      g_dbus_connection_flush_sync (helper->connection, NULL, NULL);
      g_dbus_connection_close_sync (helper->connection, NULL, NULL);
    }
  vmh_balloon_end ();
  vmh_history_end ();
  vmh_systemd_end ();
  g_clear_object (&helper->connection);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_object (&helper->manager); /* last of all: callbacks ask for it */
  vmh_store_close ();
  vmh_spawn_end ();
}

/* What users pass may wait long to be closed; nothing here is limited to the usual 1024. */
static void
make_room_for_files (void)
{
  struct rlimit files;

  if (getrlimit (RLIMIT_NOFILE, &files) < 0)
    return;
  files.rlim_cur = files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
}

/* What a large message or file took is given back when it is freed, however many came before: by
 * itself malloc learns to keep such. Two threads of ours allocate, so two arenas. */
static void
keep_memory_small (void)
{
  mallopt (M_MMAP_THRESHOLD, 128 * 1024);
  mallopt (M_TRIM_THRESHOLD, 1024 * 1024);
  mallopt (M_ARENA_MAX, 2);
}

/* GLib before 2.76 keeps what its slices once took, 10 MiB after one list of 1,000 machines, unless
 * it is told so before it begins, which is before main(). */
static void
use_no_slices (char **argv)
{
#if !GLIB_CHECK_VERSION(2, 76, 0)
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);

  if (g_getenv ("G_SLICE") != NULL)
    {
      g_unsetenv ("G_SLICE"); /* nothing that we start has to know */
      return;
    }
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  if (program != NULL)
    execv (program, argv);
  g_unsetenv ("G_SLICE");
#endif
}

/* Definitions are in our memory, and some have passwords. A core, or what a crash reporter makes of
 * one, would be a copy of them that nobody looks after. */
static void
leave_no_core (void)
{
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int
run (gboolean system_mode)
{
  Helper helper = { .loop = g_main_loop_new (NULL, FALSE) };
  guint term = g_unix_signal_add (SIGTERM, on_signal, &helper);
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, &helper);
  guint idle = 0;
  g_autoptr (GError) error = NULL;

  vmh_spawn_on_lost (on_worn_out, &helper);
  vmh_stuck_on_full (on_worn_out, &helper);
  if (set_up (&helper, system_mode, &error))
    {
      if (system_mode)
        idle = g_timeout_add_seconds (IDLE_CHECK, on_idle_check, &helper);
      g_main_loop_run (helper.loop);
    }
  else
    {
      g_printerr ("vmm-helper: %s\n", error->message);
      helper.status = EXIT_FAILURE;
    }
  g_clear_handle_id (&idle, g_source_remove);
  g_source_remove (term);
  g_source_remove (interrupt);
  tear_down (&helper);
  g_main_loop_unref (helper.loop);
  return helper.status;
}

int
main (int argc, char **argv)
{
  gboolean system_mode = FALSE, session_mode = FALSE, version = FALSE;
  const GOptionEntry entries[] = {
    { "system", 0, 0, G_OPTION_ARG_NONE, &system_mode,
      N_ ("Serve all users on the system bus; polkit decides who may do what"), NULL },
    { "session", 0, 0, G_OPTION_ARG_NONE, &session_mode,
      N_ ("Serve this user on the session bus (the default)"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Print the version and exit"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  use_no_slices (argv);
  inn_locale_init ();
  /* What the guests, their disks and logs are made with. */
  umask (0077);
  signal (SIGPIPE, SIG_IGN);
  g_option_context_set_summary (context, _ ("Runs virtual machines for Innkeeper."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc > 1 ||
      (system_mode && session_mode))
    {
      g_printerr ("vmm-helper: %s\n", error != NULL ? error->message : _ ("See --help."));
      return EXIT_FAILURE;
    }
  if (version)
    {
      g_print ("vmm-helper %s\n", INN_VERSION);
      return EXIT_SUCCESS;
    }
  leave_no_core ();
  make_room_for_files ();
  keep_memory_small ();
  if (!vmh_spawn_begin (&error))
    {
      g_printerr ("vmm-helper: %s\n", error->message);
      return EXIT_FAILURE;
    }
  return run (system_mode);
}
