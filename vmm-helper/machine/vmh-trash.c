/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Ends bundles that are no machines. Never removes one whose kept disks it could not move. */
#include "vmh-trash.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "shared/inn-errors.h"
#include "vmh-machine.h"
#include "vmh-store.h"

#define MAX_SAME_NAME 1000

/* A machine's name as a file's: only what no shell, no terminal and no other program takes for
 * something else. */
static char *
dup_safe (const char *label)
{
  g_autoptr (GString) safe = g_string_new (NULL);

  for (const char *p = label; *p != '\0' && safe->len < 64; p++)
    if (g_ascii_isalnum (*p) || (strchr (" ._-", *p) != NULL && safe->len > 0))
      g_string_append_c (safe, *p);
  g_strchomp (safe->str);
  return g_strdup (*safe->str != '\0' ? safe->str : "machine");
}

/* To a name there that is free. Answers errno. */
static int
move_to (int from, const char *base, int to, const char *label)
{
  g_autofree char *safe = dup_safe (label);
  int code = EEXIST;

  for (guint i = 1; code == EEXIST && i <= MAX_SAME_NAME; i++)
    {
      g_autofree char *number = i > 1 ? g_strdup_printf (" %u", i) : g_strdup ("");
      g_autofree char *target = g_strconcat (safe, number, " ", base, NULL);

      code = renameat2 (from, base, to, target, RENAME_NOREPLACE) == 0 ? 0 : errno;
    }
  return code == 0 && (fsync (to) < 0 || fsync (from) < 0) ? errno : code;
}

/* Where the file goes must be on the same file system, and it is: both are in the store. It is not
 * opened for that: one that cannot be read is kept as any other. */
static gboolean
keep_one (VmhBundle *bundle, const char *name, const char *label, GError **error)
{
  g_autofree char *folder_name = g_path_get_dirname (name);
  g_autofree char *base = g_path_get_basename (name);
  g_autofree char *path = NULL;
  uid_t owner = vmh_bundle_get_owner (bundle);
  struct stat st;
  int from, to, code = 0;

  if (fstatat (vmh_bundle_get_fd (bundle), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    {
      if (errno == ENOENT)
        return TRUE; /* moved already */
      vmh_set_errno (error, errno, name);
      return FALSE;
    }
  from = vmh_bundle_open_file (bundle, folder_name, O_DIRECTORY | O_RDONLY, error);
  if (from < 0)
    return FALSE;
  to = vmh_store_open_kept (owner, &path, error);
  if (to >= 0)
    {
      /* In the system's store the image was root's, in a folder of root's alone; now it is its
       * owner's. */
      code = vmh_store_is_system () && S_ISREG (st.st_mode) &&
                     fchownat (from, base, owner, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0
                 ? errno
                 : move_to (from, base, to, label);
      if (code != 0)
        vmh_set_errno (error, code, path);
      close (to);
    }
  close (from);
  return to >= 0 && code == 0;
}

gboolean
vmh_trash_keep (VmhBundle *bundle, const char *label, GError **error)
{
  const char *const *kept = vmh_bundle_get_kept (bundle);

  for (guint i = 0; kept[i] != NULL; i++)
    if (!keep_one (bundle, kept[i], label, error))
      return FALSE;
  return TRUE;
}

static char *
dup_label (VmhBundle *bundle)
{
  g_autoptr (GBytes) bytes = vmh_bundle_load (bundle, VMH_MACHINE_XML, INN_DOMAIN_MAX_XML, NULL);
  g_autoptr (InnDomain) domain = NULL;

  if (bytes != NULL)
    domain =
        inn_domain_parse (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), NULL);
  return domain != NULL ? inn_domain_dup_name (domain) : g_strdup (vmh_bundle_get_uuid (bundle));
}

static void
finish_deletion (const char *uuid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = vmh_bundle_open_trash (uuid, &error);
  g_autofree char *label = NULL;

  if (bundle == NULL)
    {
      g_warning ("A deleted machine's folder (%s) is left as it is: %s", uuid, error->message);
      return;
    }
  label = dup_label (bundle);
  if (vmh_trash_keep (bundle, label != NULL ? label : uuid, &error))
    vmh_bundle_discard (bundle);
  else
    g_warning ("The kept disks of %s cannot be moved: %s", uuid, error->message);
}

gboolean
vmh_trash_empty (GError **error)
{
  g_auto (GStrv) unfinished = vmh_store_list (VMH_STORE_NEW, error);
  g_auto (GStrv) deleted = NULL;

  if (unfinished == NULL)
    return FALSE;
  for (guint i = 0; unfinished[i] != NULL; i++)
    {
      g_autofree char *entry = g_strconcat (VMH_STORE_NEW, unfinished[i], NULL);
      g_autoptr (GError) local = NULL;

      if (!vmh_remove_tree (vmh_store_get_machines_fd (), entry, &local))
        g_warning ("What is left of %s: %s", entry, local->message);
    }
  deleted = vmh_store_list (VMH_STORE_TRASH, error);
  for (guint i = 0; deleted != NULL && deleted[i] != NULL; i++)
    finish_deletion (deleted[i]);
  return deleted != NULL;
}
