/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The store and its bundles where something fails: calls of the kernel are made to fail, rights are
 * taken away, the `state` file is damaged. Nothing that was to be kept may be gone then. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine/vmh-bundle.h"
#include "machine/vmh-store.h"
#include "machine/vmh-trash.h"
#include "shared/inn-errors.h"
#include "store-folder.h"

#define UUID   "11111111-2222-4333-8444-555555555555"
#define NOBODY 65534

/* The helper's own calls come here, because this program's names go before libc's. */
static int fsync_code;          /* what the next fsync() fails with */
static const char *mkdir_fails; /* the folder that cannot be made */

int
fsync (int fd)
{
  if (fsync_code == 0)
    return (int)syscall (SYS_fsync, fd);
  errno = fsync_code;
  fsync_code = 0;
  return -1;
}

int
mkdirat (int folder, const char *name, mode_t mode)
{
  if (g_strcmp0 (name, mkdir_fails) != 0)
    return (int)syscall (SYS_mkdirat, folder, name, mode);
  errno = ENOSPC;
  return -1;
}

/* As a file system that does not tell types with names, and one that breaks down meanwhile. */
static gboolean readdir_fails;

struct dirent *
readdir (DIR *folder)
{
  static struct dirent *(*real) (DIR *);
  struct dirent *entry;

  if (real == NULL)
    *(void **)&real = dlsym (RTLD_NEXT, "readdir64");
  if (readdir_fails)
    {
      errno = EIO;
      return NULL;
    }
  entry = real (folder);
  if (entry != NULL)
    entry->d_type = DT_UNKNOWN;
  return entry;
}

static void
set_up (int *fixture, gconstpointer data)
{
  store_folder_open ();
}

static void
tear_down (int *fixture, gconstpointer data)
{
  static const char *const prefixes[] = { "", VMH_STORE_NEW, VMH_STORE_TRASH };

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autofree char *entry = g_strconcat (prefixes[i], UUID, NULL);

      vmh_remove_tree (vmh_store_get_machines_fd (), entry, NULL);
    }
  vmh_store_close ();
}

static gboolean
is_there (const char *prefix)
{
  g_autofree char *entry = g_strconcat (prefix, UUID, NULL);
  struct stat st;

  return fstatat (vmh_store_get_machines_fd (), entry, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static VmhBundle *
make (void)
{
  g_autoptr (GError) error = NULL;
  VmhBundle *bundle = vmh_bundle_create (UUID, geteuid (), &error);

  g_assert_no_error (error);
  g_assert_true (vmh_bundle_note_place (bundle, &error));
  g_assert_true (vmh_bundle_save (bundle, "disks/vda.raw", "data", -1, VMH_BUNDLE_SYNC, &error));
  g_assert_no_error (error);
  return bundle;
}

static char *
dup_kept (void)
{
  g_autofree char *path =
      g_build_filename (g_get_user_data_dir (), "innkeeper", "Kept disks", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name = folder != NULL ? g_dir_read_name (folder) : NULL;

  return name != NULL ? g_build_filename (path, name, NULL) : NULL;
}

static void
test_sync_fails (int *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = make ();

  fsync_code = EIO;
  g_assert_false (vmh_bundle_commit (bundle, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (is_there (""));
  g_assert_true (is_there (VMH_STORE_NEW));
  g_assert_true (vmh_bundle_commit (bundle, &error));
  fsync_code = EIO;
  g_assert_false (vmh_bundle_throw_away (bundle, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (is_there (""));
  /* It goes on as if nothing had been. */
  g_assert_true (vmh_bundle_throw_away (bundle, &error));
  g_assert_no_error (error);
  g_assert_true (is_there (VMH_STORE_TRASH));
}

static void
test_no_room (int *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  mkdir_fails = VMH_STORE_NEW UUID;
  g_assert_null (vmh_bundle_create (UUID, geteuid (), &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_NO_SPACE);
  g_clear_error (&error);
  mkdir_fails = "tpm";
  g_assert_null (vmh_bundle_create (UUID, geteuid (), &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_NO_SPACE);
  g_clear_error (&error);
  mkdir_fails = NULL;
  g_assert_false (is_there (VMH_STORE_NEW));
  vmh_bundle_unref (make ());
}

/* Whoever may not read a disk may have it kept all the same; and where it cannot be looked at, it
 * does not count as moved. */
static void
test_keep_unreadable (int *fixture, gconstpointer data)
{
  static const char *const names[] = { "disks/vda.raw", NULL };
  static const char *const none[] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *store = g_build_filename (g_get_user_data_dir (), "innkeeper", NULL);
  g_autofree char *kept = NULL;
  VmhBundle *bundle;
  gboolean root = geteuid () == 0;

  if (g_getenv ("INN_TEST_VALGRIND") != NULL)
    {
      g_test_skip ("under valgrind files are opened by another process, which stays root");
      return;
    }
  if (root)
    {
      /* root can read everything: become somebody who cannot. */
      g_assert_cmpint (chown (g_get_user_data_dir (), NOBODY, NOBODY), ==, 0);
      g_assert_cmpint (chown (store, NOBODY, NOBODY), ==, 0);
      g_assert_cmpint (fchown (vmh_store_get_machines_fd (), NOBODY, NOBODY), ==, 0);
      g_assert_cmpint (seteuid (NOBODY), ==, 0);
    }
  bundle = make ();
  g_assert_true (vmh_bundle_set_fate (bundle, names, none, &error));
  g_assert_cmpint (fchmodat (vmh_bundle_get_fd (bundle), "disks/vda.raw", 0, 0), ==, 0);
  g_assert_cmpint (fchmodat (vmh_bundle_get_fd (bundle), "disks", 0, 0), ==, 0);
  g_assert_false (vmh_trash_keep (bundle, "a", &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_cmpint (fchmodat (vmh_bundle_get_fd (bundle), "disks", 0700, 0), ==, 0);
  g_assert_true (vmh_trash_keep (bundle, "a", &error));
  g_assert_no_error (error);
  kept = dup_kept ();
  g_assert_nonnull (kept);
  g_assert_true (g_str_has_suffix (kept, "/a vda.raw"));
  g_assert_cmpint (g_unlink (kept), ==, 0);
  g_assert_true (vmh_trash_keep (bundle, "a", &error)); /* moved already */
  vmh_bundle_unref (bundle);
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);
}

/* Names of any bytes come back from the disk as they were. */
static void
test_odd_names (int *fixture, gconstpointer data)
{
  static const char *const kept[] = { "disks/b\xe4h;\\ %41\n", "disks/b\xc3\xa4h", NULL };
  static const char *const erased[] = { "/a b;c", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = make ();

  g_assert_true (vmh_bundle_set_fate (bundle, kept, erased, &error));
  g_assert_no_error (error);
  g_assert_true (vmh_bundle_commit (bundle, &error));
  vmh_bundle_unref (bundle);
  bundle = vmh_bundle_open (UUID, &error);
  g_assert_no_error (error);
  g_assert_cmpstrv (vmh_bundle_get_kept (bundle), kept);
  g_assert_cmpstrv (vmh_bundle_get_erased (bundle), erased);
}

/* What cannot be read protects: the trash stays, the machine is broken, nobody becomes root. */
static void
test_damaged_state (int *fixture, gconstpointer data)
{
  static const char *const states[] = {
    "[machine]\nowner=0\nkept=disks/vda.raw\\q;\n",
    "[machine]\nowner=0\ncreated=disks/vda.raw\\q;\n",
    "[machine]\nowner=nobody\n",
    "[machine]\nowner=4294967295\n",
    "[machine]\n",
    "",
  };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VmhBundle) bundle = make ();

      g_assert_true (vmh_bundle_save (bundle, "state", states[i], -1, VMH_BUNDLE_SYNC, &error));
      g_assert_true (vmh_bundle_commit (bundle, &error));
      g_assert_null (vmh_bundle_open (UUID, &error));
      g_assert_error (error, INN_ERROR, INN_ERROR_IO);
      g_clear_error (&error);
      g_assert_true (vmh_bundle_throw_away (bundle, &error));
      g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*is left as it is*");
      g_assert_true (vmh_trash_empty (&error));
      g_test_assert_expected_messages ();
      g_assert_no_error (error);
      g_assert_true (is_there (VMH_STORE_TRASH));
      vmh_bundle_discard (bundle);
    }
}

static void
test_list (int *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = make ();
  g_auto (GStrv) names = vmh_bundle_list_disks (bundle, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (names), ==, 1);
  g_assert_cmpstr (names[0], ==, "disks/vda.raw");
  readdir_fails = TRUE;
  g_assert_null (vmh_bundle_list_disks (bundle, &error));
  readdir_fails = FALSE;
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  char *folder = store_folder_new ();
  int status;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
  g_test_add ("/helper/bundle-faults/" path, int, NULL, set_up, function, tear_down)
  ADD ("sync-fails", test_sync_fails);
  ADD ("no-room", test_no_room);
  ADD ("keep-unreadable", test_keep_unreadable);
  ADD ("list", test_list);
  ADD ("odd-names", test_odd_names);
  ADD ("damaged-state", test_damaged_state);
  status = g_test_run ();
  store_folder_free (folder);
  return status;
}
