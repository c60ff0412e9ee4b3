/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The store and its bundles in a folder of the test's own: made and ended by one rename, opened
 * beneath only, saved whole, with guest uids that nobody shares. */
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../async.h"
#include "machine/vmh-bundle.h"
#include "machine/vmh-store.h"
#include "machine/vmh-trash.h"
#include "shared/inn-errors.h"
#include "store-folder.h"

#define UUID_A "11111111-2222-4333-8444-555555555555"
#define UUID_B "11111111-2222-4333-8444-666666666666"

static void
set_up (int *fixture, gconstpointer data)
{
  store_folder_open ();
}

static void
tear_down (int *fixture, gconstpointer data)
{
  vmh_remove_tree (vmh_store_get_machines_fd (), UUID_A, NULL);
  vmh_remove_tree (vmh_store_get_machines_fd (), UUID_B, NULL);
  vmh_store_close ();
}

static VmhBundle *
make (const char *uuid)
{
  g_autoptr (GError) error = NULL;
  VmhBundle *bundle = vmh_bundle_create (uuid, geteuid (), &error);

  g_assert_no_error (error);
  g_assert_true (vmh_bundle_note_place (bundle, &error));
  g_assert_no_error (error);
  return bundle;
}

static guint
count_machines (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) uuids = vmh_store_list ("", &error);

  g_assert_no_error (error);
  return g_strv_length (uuids);
}

static void
test_one_rename (int *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = make (UUID_A);
  VmhBundle *second;

  /* Not there before its commit, and yet nobody else can make it. */
  g_assert_cmpuint (count_machines (), ==, 0);
  second = vmh_bundle_create (UUID_A, geteuid (), &error);
  g_assert_null (second);
  g_assert_error (error, INN_ERROR, INN_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_true (vmh_bundle_commit (bundle, &error));
  g_assert_cmpuint (count_machines (), ==, 1);
  second = vmh_bundle_create (UUID_A, geteuid (), &error);
  g_assert_null (second);
  g_assert_error (error, INN_ERROR, INN_ERROR_EXISTS);
  g_clear_error (&error);
  /* Gone at once; what is left of it is finished by whoever comes next. */
  g_assert_true (vmh_bundle_throw_away (bundle, &error));
  g_assert_cmpuint (count_machines (), ==, 0);
  g_assert_true (vmh_trash_empty (&error));
  g_assert_cmpint (faccessat (vmh_store_get_machines_fd (), VMH_STORE_TRASH UUID_A, F_OK, 0), <, 0);
}

static void
test_unfinished (int *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = make (UUID_A);

  g_assert_true (vmh_trash_empty (&error));
  g_assert_cmpint (faccessat (vmh_store_get_machines_fd (), VMH_STORE_NEW UUID_A, F_OK, 0), <, 0);
}

static void
test_names (int *fixture, gconstpointer data)
{
  static const char *const uuids[] = { "..",   ".",          "",           "../x",
                                       "/etc", UUID_A "/..", ("." UUID_A), "x" };
  static const char *const names[] = { "../state", "/etc/passwd", "disks/../../x", "link",
                                       "folder-link/passwd" };
  g_autoptr (VmhBundle) bundle = make (UUID_A);
  int folder = vmh_bundle_get_fd (bundle);

  for (guint i = 0; i < G_N_ELEMENTS (uuids); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (vmh_bundle_create (uuids[i], geteuid (), &error));
      g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
    }
  g_assert_cmpint (symlinkat ("/etc/passwd", folder, "link"), ==, 0);
  g_assert_cmpint (symlinkat ("/etc", folder, "folder-link"), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (vmh_bundle_open_file (bundle, names[i], O_RDONLY, &error), ==, -1);
      g_assert_nonnull (error);
      g_assert_null (vmh_bundle_load (bundle, names[i], 4096, NULL));
      g_assert_false (g_str_equal (names[i], "folder-link/passwd") &&
                      vmh_bundle_save (bundle, names[i], "x", -1, VMH_BUNDLE_SYNC, NULL));
    }
  vmh_bundle_discard (bundle);
  g_assert_true (g_file_test ("/etc/passwd", G_FILE_TEST_EXISTS)); /* no link was followed */
}

static void
test_save (int *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = make (UUID_A);
  g_autoptr (GBytes) bytes = NULL;
  struct stat st;
  int fd;

  g_assert_true (vmh_bundle_save (bundle, "log/note", "old", -1, VMH_BUNDLE_SYNC, &error));
  /* What a killed one has left does not stop the next. */
  fd = vmh_bundle_open_file (bundle, "log/.note.new", O_WRONLY | O_CREAT, &error);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_true (vmh_bundle_save (bundle, "log/note", "new", -1, VMH_BUNDLE_SYNC, &error));
  bytes = vmh_bundle_load (bundle, "log/note", 3, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "new", 3);
  g_assert_null (vmh_bundle_load (bundle, "log/note", 2, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_LIMIT);
  g_assert_cmpint (fstatat (vmh_bundle_get_fd (bundle), "log/note", &st, 0), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0600);
  /* O_CREAT alone never opens what is there. */
  g_assert_cmpint (vmh_bundle_open_file (bundle, "log/note", O_WRONLY | O_CREAT, NULL), ==, -1);
  vmh_bundle_discard (bundle);
}

static void
test_relative (int *fixture, gconstpointer data)
{
  g_autoptr (VmhBundle) bundle = make (UUID_A);
  g_autofree char *inside = g_build_filename (vmh_bundle_get_path (bundle), "disks", "a", NULL);
  g_autofree char *beside = g_strconcat (vmh_bundle_get_path (bundle), "x/a", NULL);

  g_assert_cmpstr (vmh_bundle_relative (bundle, inside), ==, "disks/a");
  g_assert_null (vmh_bundle_relative (bundle, beside));
  g_assert_null (vmh_bundle_relative (bundle, vmh_bundle_get_path (bundle)));
  vmh_bundle_discard (bundle);
}

static void
test_guest_uids (int *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) a = make (UUID_A);
  g_autoptr (VmhBundle) b = NULL;
  g_autoptr (GBytes) state = NULL;
  uid_t uid_a = vmh_bundle_get_guest_uid (a, &error);
  uid_t uid_b;

  g_assert_no_error (error);
  if (geteuid () != 0)
    {
      g_assert_cmpuint (uid_a, ==, geteuid ());
      vmh_bundle_discard (a);
      return;
    }
  g_assert_cmpuint (uid_a, >=, VMH_GUEST_UID_MIN);
  g_assert_cmpuint (uid_a, <=, VMH_GUEST_UID_MAX);
  g_assert_cmpuint (vmh_bundle_get_guest_uid (a, &error), ==, uid_a);
  g_assert_true (vmh_bundle_commit (a, &error));
  /* A copy brings the uid of its original, and gets one of its own. */
  b = make (UUID_B);
  state = vmh_bundle_load (a, "state", 4096, &error);
  g_assert_true (vmh_bundle_save (b, "state", g_bytes_get_data (state, NULL),
                                  (gssize)g_bytes_get_size (state), VMH_BUNDLE_SYNC, &error));
  g_assert_true (vmh_bundle_commit (b, &error));
  vmh_bundle_unref (b);
  b = vmh_bundle_open (UUID_B, &error);
  g_assert_no_error (error);
  uid_b = vmh_bundle_get_guest_uid (b, &error);
  g_assert_cmpuint (uid_b, !=, uid_a);
  /* Both are remembered. */
  vmh_bundle_unref (g_steal_pointer (&a));
  vmh_bundle_unref (g_steal_pointer (&b));
  a = vmh_bundle_open (UUID_A, &error);
  b = vmh_bundle_open (UUID_B, &error);
  g_assert_cmpuint (vmh_bundle_get_guest_uid (a, &error), ==, uid_a);
  g_assert_cmpuint (vmh_bundle_get_guest_uid (b, &error), ==, uid_b);
}

/* What the machine A gets when nothing is known of anybody. */
static uid_t
uid_of_new (void)
{
  g_autoptr (GError) error = NULL;
  VmhBundle *bundle = make (UUID_A);
  uid_t uid = vmh_bundle_get_guest_uid (bundle, &error);

  g_assert_no_error (error);
  vmh_bundle_discard (bundle);
  vmh_bundle_unref (bundle);
  return uid;
}

static void
test_guest_uids_in_use (int *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = NULL;
  VmhBundle *other;
  uid_t by_file, by_process;
  pid_t child;
  int lock[2];

  if (geteuid () != 0)
    {
      g_test_skip ("needs root");
      return;
    }
  by_file = uid_of_new ();
  g_assert_cmpuint (uid_of_new (), ==, by_file);
  /* A machine that cannot be read owns a file. */
  other = make (UUID_B);
  g_assert_true (vmh_bundle_commit (other, &error));
  file = g_build_filename (vmh_bundle_get_path (other), "tpm", "state", NULL);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_cmpint (chown (file, by_file, by_file), ==, 0);
  vmh_bundle_unref (other);
  by_process = uid_of_new ();
  g_assert_cmpuint (by_process, !=, by_file);
  /* Another still runs. */
  g_assert_cmpint (pipe (lock), ==, 0);
  child = fork ();
  if (child == 0)
    {
      char byte = '1';

      close (lock[0]);
      if (setresuid (by_process, by_process, by_process) < 0 || write (lock[1], &byte, 1) != 1)
        _exit (1);
      pause ();
      _exit (0);
    }
  close (lock[1]);
  g_assert_cmpint (read (lock[0], &(char){ 0 }, 1), ==, 1);
  g_assert_cmpuint (uid_of_new (), !=, by_process);
  g_assert_cmpuint (uid_of_new (), !=, by_file);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  close (lock[0]);
  g_assert_cmpuint (uid_of_new (), ==, by_process);
}

static int
open_as (uid_t uid, const char *path, int flags, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  vmh_open_as_async (uid, path, flags, NULL, async_on_ready, &result);
  return vmh_open_as_finish (async_wait (&result), error);
}

static gboolean
unlink_as (uid_t uid, const char *path, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  vmh_unlink_as_async (uid, path, NULL, async_on_ready, &result);
  return vmh_unlink_as_finish (async_wait (&result), error);
}

static void
test_open_as (int *fixture, gconstpointer data)
{
  const uid_t nobody = 65534;
  g_autofree char *folder = g_dir_make_tmp ("inn-open-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "file", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  g_autoptr (GError) error = NULL;
  int fd;

  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  fd = open_as (geteuid (), file, O_RDWR, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fcntl (fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), ==, O_RDWR);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  close (fd);
  for (guint i = 0; i < 3; i++)
    {
      const char *const bad[] = { fifo, folder, "/dev/null" };

      g_assert_cmpint (open_as (geteuid (), bad[i], O_RDONLY, &error), ==, -1);
      g_assert_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE);
      g_clear_error (&error);
    }
  g_assert_cmpint (open_as (geteuid (), "file", O_RDONLY, &error), ==, -1);
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  if (geteuid () == 0)
    {
      /* root's file in root's folder: not for nobody, neither to open nor to remove */
      g_assert_cmpint (open_as (nobody, file, O_RDONLY, &error), ==, -1);
      g_assert_error (error, INN_ERROR, INN_ERROR_DENIED);
      g_clear_error (&error);
      g_assert_false (unlink_as (nobody, file, &error));
      g_assert_error (error, INN_ERROR, INN_ERROR_DENIED);
      g_clear_error (&error);
      g_assert_cmpint (g_chmod (folder, 0711), ==, 0);
      g_assert_cmpint (g_chmod (file, 0644), ==, 0);
      fd = open_as (nobody, file, O_RDONLY, &error);
      g_assert_no_error (error);
      g_assert_cmpint (fd, >=, 0);
      close (fd);
      g_assert_cmpint (open_as (nobody, file, O_RDWR, &error), ==, -1);
      g_assert_error (error, INN_ERROR, INN_ERROR_DENIED);
      g_clear_error (&error);
      g_assert_cmpint (open_as (4242424, file, O_RDONLY, &error), ==, -1); /* nobody's uid */
      g_assert_error (error, INN_ERROR, INN_ERROR_DENIED);
      g_clear_error (&error);
    }
  g_assert_true (unlink_as (geteuid (), file, &error));
  g_assert_false (unlink_as (geteuid (), fifo, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE);
  g_unlink (fifo);
  g_rmdir (folder);
}

static gboolean
on_tick (gpointer data)
{
  ++*(guint *)data;
  return G_SOURCE_CONTINUE;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(int *)data = vmh_open_as_finish (result, &error);
  g_assert_no_error (error);
}

/* A file whose opening hangs (a permission event of fanotify that nobody answers yet) holds nobody
 * but who wants it. */
static void
test_open_hangs (int *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (g_get_user_data_dir (), "hanging", NULL);
  struct fanotify_event_metadata event = { 0 };
  struct fanotify_response response = { .response = FAN_ALLOW };
  int notify = fanotify_init (FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
  guint ticks = 0;
  guint timer = g_timeout_add (10, on_tick, &ticks);
  int fd = -1;

  if (notify < 0)
    {
      g_source_remove (timer);
      g_test_skip ("needs root, to make the opening of a file hang");
      return;
    }
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_cmpint (fanotify_mark (notify, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, file), ==, 0);
  vmh_open_as_async (geteuid (), file, O_RDONLY, NULL, on_opened, &fd);
  while (ticks < 20)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (fd, ==, -1); /* still hanging, and we still turn */
  g_assert_cmpint (read (notify, &event, sizeof event), ==, sizeof event);
  response.fd = event.fd;
  g_assert_cmpint (write (notify, &response, sizeof response), ==, sizeof response);
  while (fd < 0)
    g_main_context_iteration (NULL, TRUE);
  close (event.fd);
  close (fd);
  close (notify);
  g_source_remove (timer);
  g_unlink (file);
}

int
main (int argc, char **argv)
{
  char *folder = store_folder_new ();
  int status;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
  g_test_add ("/helper/bundle/" path, int, NULL, set_up, function, tear_down)
  ADD ("one-rename", test_one_rename);
  ADD ("unfinished", test_unfinished);
  ADD ("names", test_names);
  ADD ("save", test_save);
  ADD ("relative", test_relative);
  ADD ("guest-uids", test_guest_uids);
  ADD ("guest-uids-in-use", test_guest_uids_in_use);
  ADD ("open-as", test_open_as);
  ADD ("open-hangs", test_open_hangs);
  status = g_test_run ();
  store_folder_free (folder);
  return status;
}
