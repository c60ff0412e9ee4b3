/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "host/vmh-host-disk.h"

#include "host/vmh-host-ids.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BLOCKS "/sys/class/block"
#define NODES  "/dev/"

/* ---- what this computer uses ---- */

static gboolean
has_holders (const char *block)
{
  g_autofree char *path = g_build_filename (block, "holders", NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);

  return folder && g_dir_read_name (folder);
}

/* Of a disk or a partition: by its number, or by its name where a file system has numbers of its
 * own. */
static gboolean
is_used (const char *name, const char *block, const char *mounts, const char *swaps)
{
  g_autofree char *number = vmh_ids_read_attribute (block, "dev");
  g_autofree char *by_number = g_strdup_printf (" %s ", number ? number : "-");
  g_autofree char *by_name = g_strdup_printf (" /dev/%s ", name);
  g_autofree char *swap = g_strdup_printf ("/dev/%s ", name);

  return strstr (mounts, by_number) || strstr (mounts, by_name) || strstr (swaps, swap) ||
         has_holders (block);
}

/* Where a block device is in sysfs; NULL. */
static char *
dup_place (const char *folder, const char *name)
{
  g_autofree char *link = g_build_filename (folder, name, NULL);
  char *block = realpath (link, NULL);
  char *place = g_strdup (block);

  free (block);
  return place;
}

char *
vmh_disk_find_used (const char *part)
{
  g_autofree char *blocks = vmh_ids_dup_path (BLOCKS);
  g_autofree char *mounts_path = vmh_ids_dup_path ("/proc/self/mountinfo");
  g_autofree char *swaps_path = vmh_ids_dup_path ("/proc/swaps");
  g_autofree char *mounts = NULL;
  g_autofree char *swaps = NULL;
  g_autoptr (GDir) folder = g_dir_open (blocks, 0, NULL);
  const char *name;

  g_file_get_contents (mounts_path, &mounts, NULL, NULL);
  g_file_get_contents (swaps_path, &swaps, NULL, NULL);
  while (folder && (name = g_dir_read_name (folder)))
    {
      g_autofree char *block = dup_place (blocks, name);
      g_autofree char *whole = block ? g_strconcat (block, "/", NULL) : NULL;

      if (whole && strstr (whole, part) &&
          is_used (name, block, mounts ? mounts : "", swaps ? swaps : ""))
        return g_strdup (name);
    }
  return NULL;
}

/* ---- which takes SCSI commands ---- */

static char *
find_by_number (const char *blocks, dev_t number)
{
  g_autoptr (GDir) folder = g_dir_open (blocks, 0, NULL);
  g_autofree char *wanted = g_strdup_printf ("%u:%u", major (number), minor (number));
  const char *name;

  while (folder && (name = g_dir_read_name (folder)))
    {
      g_autofree char *block = g_build_filename (blocks, name, NULL);
      g_autofree char *its = vmh_ids_read_attribute (block, "dev");

      if (g_strcmp0 (its, wanted) == 0)
        return g_strdup (name);
    }
  return NULL;
}

static gboolean
is_scsi (const char *block)
{
  g_autofree char *link = g_build_filename (block, "device", "subsystem", NULL);
  g_autofree char *target = g_file_read_link (link, NULL);
  g_autofree char *subsystem = target ? g_path_get_basename (target) : NULL;

  return g_strcmp0 (subsystem, "scsi") == 0;
}

char *
vmh_disk_dup_scsi (dev_t number, const char *path, GError **error)
{
  g_autofree char *blocks = vmh_ids_dup_path (BLOCKS);
  g_autofree char *name = find_by_number (blocks, number);
  g_autofree char *block = name ? g_build_filename (blocks, name, NULL) : NULL;
  g_autofree char *partition = block ? g_build_filename (block, "partition", NULL) : NULL;
  g_autofree char *part = g_strdup_printf ("/block/%s/", name ? name : "");
  g_autofree char *used = NULL;

  if (partition && g_file_test (partition, G_FILE_TEST_EXISTS))
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("“%s” is a part of a disk, which takes no SCSI commands of its own. Choose the "
                    "whole disk, or add it as a disk without them."),
                 path);
  else if (!block || !is_scsi (block))
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("“%s” takes no SCSI commands. Choose a SCSI or SATA disk, or add it as a disk "
                    "without them."),
                 path);
  else if ((used = vmh_disk_find_used (part)))
    g_set_error (
        error, INN_ERROR, INN_ERROR_IN_USE,
        _ ("This computer uses “%s” itself (“%s” is mounted, or a part of something else). "
           "Unmount it, or choose another disk."),
        path, used);
  else
    return g_steal_pointer (&name);
  return NULL;
}

gboolean
vmh_disk_resolve (const char *path, dev_t *out_number, GError **error)
{
  const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                                .resolve =
                                    RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS };
  g_autofree char *nodes = vmh_ids_dup_path (NODES);
  const char *inside = g_str_has_prefix (path, NODES) ? path + strlen (NODES) : "";
  VMH_AUTOFD folder = open (nodes, O_PATH | O_DIRECTORY | O_CLOEXEC);
  VMH_AUTOFD fd = -1;
  struct stat facts;

  while (*inside == '/')
    inside++;
  if (folder >= 0 && *inside)
    fd = (int)syscall (SYS_openat2, folder, inside, &how, sizeof how);
  if (fd >= 0 && fstat (fd, &facts) == 0 && S_ISBLK (facts.st_mode))
    {
      *out_number = facts.st_rdev;
      return TRUE;
    }
  g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
               _ ("This computer has no disk “%s”. Choose another one, as /dev/sdb."), path);
  return FALSE;
}
