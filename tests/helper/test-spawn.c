/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Processes that are started, and errands: what they get, what they are, and how they end. */
#include "../async.h"
#include "core/vmh-errand.h"
#include "core/vmh-limits.h"
#include "core/vmh-spawn.h"
#include "core/vmh-stuck.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-pid.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define MOST 65536

static VmhSpawn *
shell (const char *script)
{
  VmhSpawn *spawn = vmh_spawn_new ("/bin/sh", geteuid ());

  vmh_spawn_add_args (spawn, "-c", script, NULL);
  vmh_spawn_capture (spawn, 1, MOST);
  return spawn;
}

static VmhProcess *
start (VmhSpawn *owned_spawn)
{
  g_autoptr (VmhSpawn) spawn = owned_spawn;
  g_autoptr (GError) error = NULL;
  VmhProcess *process = vmh_spawn_start (spawn, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (process);
  return process;
}

/* Its output; ended well, or @error. */
static char *
finish (VmhProcess *process, guint seconds, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) output = NULL;

  vmh_process_wait_async (process, seconds, cancellable, async_on_ready, &result);
  vmh_process_wait_finish (process, async_wait (&result), error);
  output = vmh_process_get_output (process);
  return g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output));
}

static char *
run (VmhSpawn *spawn)
{
  g_autoptr (VmhProcess) process = start (spawn);
  g_autoptr (GError) error = NULL;
  char *output = finish (process, 20, NULL, &error);

  g_assert_no_error (error);
  return output;
}

static void
test_room (void)
{
  g_autofree char *said = run (
      shell ("env | sort | grep -v -e ^PWD= -e ^_= -e ^SHLVL=; pwd; umask; ulimit -c; "
             "grep -e ^NoNewPrivs -e ^SigIgn -e ^SigBlk /proc/self/status; "
             "readlink /proc/self/fd/0 /proc/$$/fd/2; cut -d' ' -f 5,6 /proc/$$/stat; echo $$"));
  g_auto (GStrv) lines = g_strsplit (said, "\n", -1);
  const char *const wanted[] = { "LC_ALL=C.UTF-8",
                                 "PATH=/usr/bin",
                                 "/",
                                 "0077",
                                 "0",
                                 "SigBlk:\t0000000000000000",
                                 "SigIgn:\t0000000000000000",
                                 "NoNewPrivs:\t1",
                                 "/dev/null",
                                 "/dev/null" };
  g_autofree char *ids = NULL;

  g_assert_cmpuint (g_strv_length (lines), ==, G_N_ELEMENTS (wanted) + 3);
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    g_assert_true (g_strv_contains ((const char *const *)lines, wanted[i]));
  /* of a session and group of its own */
  ids = g_strdup_printf ("%s %s", lines[11], lines[11]);
  g_assert_cmpstr (lines[10], ==, ids);
}

/* Each fd is at its number, and there are no others. */
static void
test_files (void)
{
  static const int numbers[] = { 40, 3, 4, 7, 0, 200 };
  g_autofree char *folder = g_dir_make_tmp ("inn-spawn-XXXXXX", NULL);
  g_autoptr (VmhSpawn) spawn = vmh_spawn_new ("/usr/bin/find", geteuid ());
  g_autofree char *said = NULL;
  g_autoptr (GString) wanted = g_string_new (NULL);
  int fds[G_N_ELEMENTS (numbers)];

  vmh_spawn_add_args (spawn, "/proc/self/fd", "-type", "l", "-lname", "*inn-spawn*", "-printf",
                      "%f=%l\n", NULL);
  vmh_spawn_capture (spawn, 1, MOST);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d", folder, numbers[i]);
      g_autofree char *line = g_strdup_printf ("%d=%s\n", numbers[i], path);

      fds[i] = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      g_assert_cmpint (fds[i], >=, 0);
      vmh_spawn_pass_fd (spawn, numbers[i], fds[i]);
      g_string_append (wanted, line);
    }
  said = run (g_steal_pointer (&spawn));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d", folder, numbers[i]);
      g_autofree char *line = g_strdup_printf ("%d=%s\n", numbers[i], path);

      g_assert_nonnull (strstr (said, line));
      close (fds[i]);
      g_unlink (path);
    }
  g_assert_cmpuint (strlen (said), ==, wanted->len);
  g_rmdir (folder);
}

static void
test_size (void)
{
  g_autoptr (VmhSpawn) spawn = shell ("echo $# ${#1} ${300}");
  g_autofree char *large = g_strnfill (100000, 'x');
  g_autofree char *said = NULL;

  vmh_spawn_add_args (spawn, "sh", large, NULL);
  for (guint i = 2; i <= 300; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      vmh_spawn_add_arg (spawn, number);
    }
  said = run (g_steal_pointer (&spawn));
  g_assert_cmpstr (said, ==, "300 100000 300\n");
}

static void
test_too_large (void)
{
  g_autoptr (VmhSpawn) spawn = shell ("true");
  g_autofree char *large = g_strnfill (1024 * 1024, 'x');
  g_autoptr (GError) error = NULL;

  vmh_spawn_add_arg (spawn, large);
  g_assert_null (vmh_spawn_start (spawn, NULL, NULL, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_LIMIT);
}

static void
test_user (void)
{
  /* valgrind keeps the limit of files for itself. */
  const gboolean limited = g_getenv ("INN_TEST_VALGRIND") == NULL;
  g_autoptr (VmhSpawn) spawn =
      shell (limited ? "id -u; id -g; id -G; grep -e ^CapEff /proc/self/status; ulimit -n"
                     : "id -u; id -g; id -G; grep -e ^CapEff /proc/self/status; echo 4096");
  g_autofree char *said = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("needs root, to become somebody else");
      return;
    }
  vmh_spawn_become (spawn, 2001000000, 2001000001);
  said = run (g_steal_pointer (&spawn));
  g_assert_cmpstr (said, ==,
                   "2001000000\n2001000001\n2001000001\nCapEff:\t0000000000000000\n4096\n");
}

static void
test_ends (void)
{
  g_autoptr (VmhProcess) bad = start (shell ("echo said; exit 3"));
  g_autoptr (VmhProcess) none = start (vmh_spawn_new ("/nonexistent/program", geteuid ()));
  g_autoptr (VmhProcess) much = start (shell ("while :; do echo 1234567890; done"));
  g_autoptr (VmhProcess) slow = start (shell ("exec sleep 1000"));
  g_autoptr (VmhProcess) dropped = start (shell ("exec sleep 1000"));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *said = finish (bad, 20, NULL, &error);

  g_assert_error (error, G_SPAWN_EXIT_ERROR, 3);
  g_assert_cmpstr (said, ==, "said\n");
  g_clear_error (&error);
  g_free (finish (none, 20, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_free (finish (much, 20, NULL, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED); /* by a signal */
  g_clear_error (&error);
  g_free (finish (slow, 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_timeout_add_once (50, (GSourceOnceFunc)g_cancellable_cancel, cancellable);
  g_free (finish (dropped, 20, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gboolean
refuse (pid_t pid, gpointer data, GError **error)
{
  *(pid_t *)data = pid;
  g_assert_cmpint (kill (pid, 0), ==, 0);
  g_set_error_literal (error, INN_ERROR, INN_ERROR_IO, "no");
  return FALSE;
}

/* Written down first, or never begun. */
static void
test_before (void)
{
  g_autofree char *folder = g_dir_make_tmp ("inn-spawn-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "file", NULL);
  g_autoptr (VmhSpawn) spawn = vmh_spawn_new ("/usr/bin/touch", geteuid ());
  g_autoptr (GError) error = NULL;
  pid_t pid = 0;

  vmh_spawn_add_arg (spawn, path);
  g_assert_null (vmh_spawn_start (spawn, refuse, &pid, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_IO);
  for (guint i = 0; i < 500 && kill (pid, 0) == 0; i++)
    g_usleep (10000);
  g_assert_cmpint (kill (pid, 0), ==, -1); /* and it is no zombie */
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_rmdir (folder);
}

static int
find (int fd, const char *const *paths)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  int found = -2;

  vmh_errand_find_async (geteuid (), fd, paths, NULL, async_on_ready, &result);
  g_assert_true (vmh_errand_finish (async_wait (&result), &found, &error));
  g_assert_no_error (error);
  return found;
}

/* The same file under whatever name. */
static void
test_find (void)
{
  g_autofree char *folder = g_dir_make_tmp ("inn-spawn-XXXXXX", NULL);
  g_autofree char *a = g_build_filename (folder, "a", NULL);
  g_autofree char *b = g_build_filename (folder, "b", NULL);
  g_autofree char *symbolic = g_build_filename (folder, "symbolic", NULL);
  g_autofree char *hard = g_build_filename (folder, "hard", NULL);
  VMH_AUTOFD fd = -1;

  g_assert_true (g_file_set_contents (a, "x", 1, NULL));
  g_assert_true (g_file_set_contents (b, "x", 1, NULL));
  g_assert_no_errno (symlink (a, symbolic));
  g_assert_no_errno (link (a, hard));
  fd = open (a, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (find (fd, (const char *const[]){ b, "/nonexistent", NULL }), ==, -1);
  g_assert_cmpint (find (fd, (const char *const[]){ b, symbolic, NULL }), ==, 1);
  g_assert_cmpint (find (fd, (const char *const[]){ hard, a, NULL }), ==, 0);
  g_unlink (a);
  g_unlink (b);
  g_unlink (symbolic);
  g_unlink (hard);
  g_rmdir (folder);
}

/* The kernel drops a file for which there is no room: that is an error, too. */
static void
test_no_room (void)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit before, none;

  if (g_getenv ("INN_TEST_VALGRIND") != NULL)
    {
      g_test_skip ("valgrind keeps the limit of files for itself");
      return;
    }
  vmh_errand_open_async (geteuid (), "/proc/self/exe", O_RDONLY, NULL, async_on_ready, &result);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  none = before;
  /* What is below stays open, whatever else is closed meanwhile; poll() takes no more than these.
   */
  none.rlim_cur = 4;
  for (int fd = 0; fd < (int)none.rlim_cur; fd++)
    g_assert_no_errno (fcntl (fd, F_GETFD));
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &none));
  async_wait (&result);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  g_assert_cmpint (vmh_errand_open_finish (result, &error), ==, -1);
  g_assert_error (error, VMH_ERRNO, EMFILE);
}

/* The pids of a process and its child, which nothing but a signal to it ends. */
static char *
start_pair (gboolean bound)
{
  VmhSpawn *spawn = shell ("sleep 1000 & echo $$ $!; wait");
  VmhProcess *process;
  g_autoptr (GBytes) output = NULL;

  if (bound)
    vmh_spawn_bind (spawn);
  process = start (spawn);
  do
    {
      g_main_context_iteration (NULL, TRUE);
      g_clear_pointer (&output, g_bytes_unref);
      output = vmh_process_get_output (process);
    }
  while (g_bytes_get_size (output) == 0);
  return g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output));
}

/* Answers the bound one's pid. */
static int
start_pairs (void)
{
  g_autofree char *bound = start_pair (TRUE);
  g_autofree char *others = start_pair (FALSE);
  g_autofree char *text = g_strconcat (bound, others, NULL);

  g_assert_true (g_file_set_contents (g_getenv ("INN_TEST_PIDS"), text, -1, NULL));
  return atoi (bound);
}

static void
test_killed_inside (void)
{
  start_pairs ();
  kill (getpid (), SIGKILL);
}

static void
test_ended_inside (void)
{
  int bound = start_pairs ();
  VmhPid now;

  vmh_spawn_end ();
  g_assert_false (vmh_pid_look (bound, &now));
}

/* What is bound to a helper ends with all that this has started: bubblewrap's child has not asked
 * to die with its parent in its first moments. The others go on. */
static void
check_ends (const char *inside)
{
  g_autofree char *folder = g_dir_make_tmp ("inn-spawn-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "pids", NULL);
  g_autofree char *text = NULL;
  VmhPid now;
  int pids[4];

  g_setenv ("INN_TEST_PIDS", path, TRUE);
  g_test_trap_subprocess (inside, 0, 0);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%d %d %d %d", pids, pids + 1, pids + 2, pids + 3), ==, 4);
  for (guint i = 0; i < 500 && (vmh_pid_look (pids[0], &now) || vmh_pid_look (pids[1], &now)); i++)
    g_usleep (10000);
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    {
      gboolean lives = vmh_pid_look (pids[i], &now);

      if (lives)
        kill (pids[i], SIGKILL);
      g_assert_cmpint (lives, ==, i >= 2);
    }
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_killed (void)
{
  check_ends ("/spawn/killed/subprocess/inside");
}

/* A helper that ends by itself waits for them: nobody sees one after it. */
static void
test_ended (void)
{
  check_ends ("/spawn/ended/subprocess/inside");
  g_test_trap_assert_passed ();
}

/* What should have ended long ago comes to a limit, the user's own. */
static void
test_stuck (void)
{
  VmhStuck *stuck[VMH_MAX_STUCK_PER_UID];
  g_autoptr (VmhSpawn) spawn = vmh_spawn_new ("/bin/true", 4242);
  g_autoptr (VmhProcess) process = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (stuck); i++)
    stuck[i] = vmh_stuck_begin (4242);
  g_assert_true (vmh_stuck_check (4242, &error)); /* they may still end */
  g_usleep (1100000);
  g_assert_false (vmh_stuck_check (4242, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_null (vmh_spawn_start (spawn, NULL, NULL, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_LIMIT);
  g_assert_true (vmh_stuck_check (4243, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (stuck); i++)
    vmh_stuck_end (stuck[i]);
  g_assert_true (vmh_stuck_check (4242, NULL));
}

static void
on_lost (gpointer data)
{
  *(gboolean *)data = TRUE;
}

/* The last case: there is no other server. */
static void
test_lost (void)
{
  g_autoptr (VmhSpawn) spawn = shell ("exec sleep 1000");
  g_autoptr (VmhProcess) process = start (shell ("echo $PPID; exec sleep 1000"));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int)vmh_process_get_pid (process));
  g_autofree char *stat = NULL;
  gboolean lost = FALSE;
  pid_t server;

  g_assert_true (g_file_get_contents (path, &stat, NULL, NULL));
  server = (pid_t)g_ascii_strtoll (strrchr (stat, ')') + 4, NULL, 10);
  g_assert_cmpint (server, !=, getpid ());
  vmh_spawn_on_lost (on_lost, &lost);
  vmh_process_wait_async (process, 0, NULL, async_on_ready, &result);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "The process that starts others*");
  g_assert_no_errno (kill (server, SIGKILL));
  g_assert_false (vmh_process_wait_finish (process, async_wait (&result), &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_true (lost);
  g_test_assert_expected_messages ();
  g_assert_null (vmh_spawn_start (spawn, NULL, NULL, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_FAILED);
  kill (vmh_process_get_pid (process), SIGKILL); /* nobody's child any more, but surely there */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spawn/room", test_room);
  g_test_add_func ("/spawn/files", test_files);
  g_test_add_func ("/spawn/size", test_size);
  g_test_add_func ("/spawn/too-large", test_too_large);
  g_test_add_func ("/spawn/user", test_user);
  g_test_add_func ("/spawn/ends", test_ends);
  g_test_add_func ("/spawn/before", test_before);
  g_test_add_func ("/spawn/find", test_find);
  g_test_add_func ("/spawn/no-room", test_no_room);
  g_test_add_func ("/spawn/stuck", test_stuck);
  g_test_add_func ("/spawn/killed", test_killed);
  g_test_add_func ("/spawn/killed/subprocess/inside", test_killed_inside);
  g_test_add_func ("/spawn/ended", test_ended);
  g_test_add_func ("/spawn/ended/subprocess/inside", test_ended_inside);
  g_test_add_func ("/spawn/lost", test_lost);
  return g_test_run ();
}
