/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The folder of a machine's security chip: whose it is, and how it is passed on. */
#include "vmh-bundle-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qemu/vmh-fd.h"
#include "vmh-store.h"

/* A copied machine brings files of another guest's: each has one owner, and is a plain file. */
static gboolean
give_files (int folder, uid_t uid, GError **error)
{
  g_auto (GStrv) names = vmh_list_folder (folder, ".", error);

  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      VMH_AUTOFD file = openat (folder, *name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      struct stat st;

      if (file < 0 || fstat (file, &st) < 0 || !S_ISREG (st.st_mode) || st.st_nlink != 1 ||
          st.st_uid == uid)
        continue;
      if (fchownat (file, "", uid, (gid_t)uid, AT_EMPTY_PATH) < 0)
        {
          vmh_set_errno (error, errno, *name);
          return FALSE;
        }
    }
  return names != NULL;
}

/* A folder's fd leads to the one above it, and so to all that there is; one of a mount that is
 * nowhere does not. */
static int
detach (int folder)
{
  VMH_AUTOFD tree = open_tree (folder, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | OPEN_TREE_CLOEXEC);

  return tree < 0 ? -1 : openat (tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
vmh_bundle_open_tpm (VmhBundle *bundle, GError **error)
{
  uid_t uid = vmh_bundle_get_guest_uid (bundle, error);
  VMH_AUTOFD folder = -1;
  int detached;

  if (uid == (uid_t)-1 || geteuid () != 0)
    return -1;
  folder = vmh_open_beneath (bundle->fd, VMH_TPM, O_DIRECTORY | O_RDONLY, error);
  if (folder < 0 || !give_files (folder, uid, error))
    return -1;
  if (fchown (folder, uid, (gid_t)uid) < 0 || fchmod (folder, 0700) < 0 ||
      (detached = detach (folder)) < 0)
    {
      vmh_set_errno (error, errno, VMH_TPM);
      return -1;
    }
  return detached;
}
