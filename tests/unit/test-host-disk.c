/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which disks of this computer can be handed on, by a /sys, /proc and /dev of the test's own. */
#include "host/vmh-host-disk.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char *root;

static void
make_folder (const char *path)
{
  g_autofree char *whole = g_build_filename (root, path, NULL);

  g_assert_cmpint (g_mkdir_with_parents (whole, 0700), ==, 0);
}

static void
make_file (const char *path, const char *text)
{
  g_autofree char *whole = g_build_filename (root, path, NULL);

  g_assert_true (g_file_set_contents (whole, text, -1, NULL));
}

static void
make_link (const char *path, const char *to)
{
  g_autofree char *whole = g_build_filename (root, path, NULL);

  g_assert_cmpint (symlink (to, whole), ==, 0);
}

/* @place: below /sys/devices, as the kernel has it. */
static void
make_block (const char *place, const char *name, const char *number, const char *subsystem)
{
  g_autofree char *folder = g_build_filename ("sys/devices", place, NULL);
  g_autofree char *holders = g_build_filename (folder, "holders", NULL);
  g_autofree char *device = g_build_filename (folder, "device", NULL);
  g_autofree char *link = g_build_filename (device, "subsystem", NULL);
  g_autofree char *dev = g_build_filename (folder, "dev", NULL);
  g_autofree char *class = g_build_filename ("sys/class/block", name, NULL);
  g_autofree char *up = g_build_filename ("../../devices", place, NULL);

  make_folder (holders);
  make_file (dev, number);
  make_link (class, up);
  if (subsystem == NULL)
    return;
  make_folder (device);
  make_link (link, subsystem);
}

static void
fill (void)
{
  make_folder ("sys/class/block");
  make_folder ("proc/self");
  make_folder ("dev/disk/by-id");
  make_folder ("home");
  make_block ("pci/0000:00:05.0/host2/block/sda", "sda", "8:0\n", "../../../../../bus/scsi");
  make_block ("pci/0000:00:05.0/host2/block/sda/sda1", "sda1", "8:1\n", NULL);
  make_file ("sys/devices/pci/0000:00:05.0/host2/block/sda/sda1/partition", "1\n");
  make_block ("pci/0000:00:05.0/host3/block/sdb", "sdb", "8:16\n", "../../../../../bus/scsi");
  make_block ("pci/0000:00:05.0/host3/block/sdb/sdb1", "sdb1", "8:17\n", NULL);
  make_block ("pci/0000:00:06.0/virtio0/block/vda", "vda", "254:0\n", "../../../../bus/virtio");
  make_file ("proc/self/mountinfo", "22 1 8:17 / /srv rw - ext4 /dev/sdb1 rw\n");
  make_file ("proc/swaps", "Filename Type Size\n");
}

static char *
find (guint major_number, guint minor_number, int code, const char *sentence)
{
  g_autoptr (GError) error = NULL;
  char *name = vmh_disk_dup_scsi (makedev (major_number, minor_number), "/dev/this", &error);

  if (sentence == NULL)
    {
      g_assert_no_error (error);
      return name;
    }
  g_assert_null (name);
  g_assert_error (error, INN_ERROR, code);
  g_assert_nonnull (strstr (error->message, sentence));
  g_assert_nonnull (strstr (error->message, "“/dev/this”"));
  return NULL;
}

/* Whole SCSI disks that nothing on this computer uses, and nothing else. */
static void
test_which (void)
{
  g_autofree char *sda = find (8, 0, 0, NULL);

  g_assert_cmpstr (sda, ==, "sda");
  find (8, 1, INN_ERROR_UNSUPPORTED, "a part of a disk");
  find (254, 0, INN_ERROR_UNSUPPORTED, "takes no SCSI commands");
  find (9, 9, INN_ERROR_UNSUPPORTED, "takes no SCSI commands");
  find (8, 16, INN_ERROR_IN_USE, "“sdb1” is mounted");
}

/* Swapped to, by its name, and what another is made of. */
static void
test_uses (void)
{
  g_autofree char *none = vmh_disk_find_used ("/block/sda/");
  g_autofree char *mounted = vmh_disk_find_used ("/0000:00:05.0/");
  g_autofree char *free_again = NULL;

  g_assert_null (none);
  g_assert_cmpstr (mounted, ==, "sdb1");
  make_file ("proc/swaps", "/dev/sda1 partition 1024 0 -2\n");
  find (8, 0, INN_ERROR_IN_USE, "“sda1” is mounted, or a part");
  make_file ("proc/swaps", "");
  make_folder ("sys/devices/pci/0000:00:05.0/host2/block/sda/holders/dm-0");
  find (8, 0, INN_ERROR_IN_USE, "“sda”");
  {
    g_autofree char *holder =
        g_build_filename (root, "sys/devices/pci/0000:00:05.0/host2/block/sda/holders/dm-0", NULL);

    g_assert_cmpint (g_rmdir (holder), ==, 0);
  }
  free_again = find (8, 0, 0, NULL);
  g_assert_cmpstr (free_again, ==, "sda");
}

static void
assert_no_disk (const char *path)
{
  g_autoptr (GError) error = NULL;
  dev_t number = 0;

  g_test_message ("%s", path);
  g_assert_false (vmh_disk_resolve (path, &number, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_NOT_FOUND);
}

/* Only what is called so below /dev; by no link or step that leads out of it, and nothing is
 * opened. */
static void
test_resolve (void)
{
  g_autofree char *node = g_build_filename (root, "dev/sda", NULL);
  g_autofree char *outside = g_build_filename (root, "home/sda", NULL);
  static const char *const others[] = { "/dev/nothing",    "/dev/",     "/dev",
                                        "/dev/plain",      "/home/sda", "/dev/../home/sda",
                                        "/dev/../dev/sda", "/dev/out",  "/dev/whole",
                                        "/dev/disk/by-id", "dev/sda",   "",
                                        "/dev/character" };
  g_autofree char *letters = g_build_filename (root, "dev/character", NULL);
  g_autoptr (GError) error = NULL;
  dev_t number = 0;

  if (mknod (node, S_IFBLK | 0600, makedev (8, 0)) != 0)
    {
      g_assert_cmpint (errno, ==, EPERM);
      g_test_skip ("only root makes nodes");
      return;
    }
  g_assert_cmpint (mknod (outside, S_IFBLK | 0600, makedev (8, 0)), ==, 0);
  g_assert_cmpint (mknod (letters, S_IFCHR | 0600, makedev (1, 3)), ==, 0);
  make_link ("dev/disk/by-id/scsi-one", "../../sda");
  make_link ("dev/out", "../home/sda");
  make_link ("dev/whole", outside);
  make_file ("dev/plain", "");
  g_assert_true (vmh_disk_resolve ("/dev/sda", &number, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (number, ==, makedev (8, 0));
  number = 0;
  g_assert_true (vmh_disk_resolve ("/dev/disk/by-id/scsi-one", &number, &error));
  g_assert_cmpuint (number, ==, makedev (8, 0));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    assert_no_disk (others[i]);
}

int
main (int argc, char *argv[])
{
  const char *remove[] = { "rm", "-r", "--", NULL, NULL };
  int code;

  g_test_init (&argc, &argv, NULL);
  root = g_dir_make_tmp ("inn-disk-XXXXXX", NULL);
  g_setenv ("VMH_USB_ROOT", root, TRUE);
  fill ();
  g_test_add_func ("/host-disk/which", test_which);
  g_test_add_func ("/host-disk/uses", test_uses);
  g_test_add_func ("/host-disk/resolve", test_resolve);
  code = g_test_run ();
  remove[3] = root;
  g_spawn_sync (NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (root);
  return code;
}
