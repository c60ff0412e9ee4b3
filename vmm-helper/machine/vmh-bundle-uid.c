/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The uids that guests run as: no two share one, and none is given out that may still be another's.
 */
#include "vmh-bundle-private.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "shared/inn-errors.h"
#include "vmh-store.h"

/* Deep enough for any bundle. */
#define MAX_DEPTH 8

/* Those of bundles that are open. */
static GHashTable *guest_uids;

static gboolean
is_guest (guint64 uid)
{
  return uid >= VMH_GUEST_UID_MIN && uid <= VMH_GUEST_UID_MAX;
}

void
vmh_bundle_adopt_uid (VmhBundle *bundle, guint64 uid)
{
  if (guest_uids == NULL)
    guest_uids = g_hash_table_new (NULL, NULL);
  /* A copied bundle brings a uid that its original has: it gets another when it starts. */
  if (is_guest (uid) && g_hash_table_add (guest_uids, GUINT_TO_POINTER ((guint)uid)))
    bundle->guest_uid = (uid_t)uid;
}

void
vmh_bundle_forget_uid (VmhBundle *bundle)
{
  if (bundle->guest_uid == 0)
    return;
  g_hash_table_remove (guest_uids, GUINT_TO_POINTER (bundle->guest_uid));
  bundle->guest_uid = 0;
  if (g_hash_table_size (guest_uids) == 0)
    g_clear_pointer (&guest_uids, g_hash_table_unref);
}

/* ---- what is not known of any open bundle: one that cannot be read may still run, or own files.
 */

static void
note (GHashTable *uids, guint64 uid)
{
  if (is_guest (uid))
    g_hash_table_add (uids, GUINT_TO_POINTER ((guint)uid));
}

static void
note_owners (GHashTable *uids, int parent, const char *name, guint depth)
{
  int folder = vmh_open_beneath (parent, name, O_DIRECTORY | O_RDONLY, NULL);
  g_auto (GStrv) names = folder >= 0 ? vmh_list_folder (folder, ".", NULL) : NULL;
  struct stat st;

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (fstatat (folder, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      note (uids, st.st_uid);
      if (S_ISDIR (st.st_mode) && depth > 0)
        note_owners (uids, folder, names[i], depth - 1);
    }
  if (folder >= 0)
    close (folder);
}

/* By its real uid (proc(5)): the owner of its folder is root where it may not be traced. */
static void
note_processes (GHashTable *uids)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (proc != NULL && (name = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "status", NULL);
      g_autofree char *status = NULL;
      const char *line = NULL;

      if (g_ascii_isdigit (*name) && g_file_get_contents (path, &status, NULL, NULL))
        line = strstr (status, "\nUid:\t");
      if (line != NULL)
        note (uids, g_ascii_strtoull (line + strlen ("\nUid:\t"), NULL, 10));
    }
}

/* Where to begin follows from the machine's uuid, so that two stores on one computer (the system's
 * and that of root's session) do not hand out the same uids in the same order. */
static guint
first_guess (const char *uuid)
{
  return g_str_hash (uuid) % (VMH_GUEST_UID_MAX - VMH_GUEST_UID_MIN + 1);
}

static void
choose (VmhBundle *bundle)
{
  const guint n_uids = VMH_GUEST_UID_MAX - VMH_GUEST_UID_MIN + 1;
  g_autoptr (GHashTable) taken = g_hash_table_new (NULL, NULL);
  guint guess = first_guess (bundle->uuid);

  note_owners (taken, vmh_store_get_machines_fd (), ".", MAX_DEPTH);
  note_processes (taken);
  for (guint i = 0; bundle->guest_uid == 0 && i < n_uids; i++)
    {
      guint uid = VMH_GUEST_UID_MIN + (guess + i) % n_uids;

      if (!g_hash_table_contains (taken, GUINT_TO_POINTER (uid)))
        vmh_bundle_adopt_uid (bundle, uid);
    }
}

uid_t
vmh_bundle_get_guest_uid (VmhBundle *bundle, GError **error)
{
  if (geteuid () != 0)
    return geteuid ();
  if (bundle->guest_uid != 0)
    return bundle->guest_uid;
  choose (bundle);
  if (bundle->guest_uid == 0)
    g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
                 _ ("All %u user numbers for machines are taken. Delete some machines."),
                 VMH_GUEST_UID_MAX - VMH_GUEST_UID_MIN + 1);
  else if (!vmh_bundle_save_state (bundle, error))
    vmh_bundle_forget_uid (bundle);
  return bundle->guest_uid != 0 ? bundle->guest_uid : (uid_t)-1;
}
