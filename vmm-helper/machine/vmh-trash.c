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
#include "vmh-manager.h"
#include "vmh-storage.h"
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

/* The images elsewhere, one after the other. */
typedef struct
{
  VmhBundle *bundle;
  guint next;
  GError *problem; /* the first */
} Erasing;

static gboolean erase_next (gpointer data);

static void
erasing_free (gpointer data)
{
  Erasing *erasing = data;

  vmh_bundle_unref (erasing->bundle);
  g_clear_error (&erasing->problem);
  g_free (erasing);
}

static gboolean
check_unused (const char *path, GError **error)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());

  for (guint i = 0; i < machines->len; i++)
    if (vmh_storage_names (g_ptr_array_index (machines, i), path))
      {
        g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                     _ ("“%s” was not deleted: another machine uses it now."), path);
        return FALSE;
      }
  return TRUE;
}

static void
note_problem (Erasing *erasing, GError *error)
{
  if (erasing->problem == NULL)
    erasing->problem = error;
  else
    g_clear_error (&error);
}

static void
on_erased (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  GError *error = NULL;

  if (!vmh_unlink_as_finish (result, &error))
    note_problem (g_task_get_task_data (task), error);
  erase_next (task);
}

static gboolean
erase_next (gpointer data)
{
  GTask *task = data;
  Erasing *erasing = g_task_get_task_data (task);
  const char *const *paths = vmh_bundle_get_erased (erasing->bundle);

  for (; paths[erasing->next] != NULL; erasing->next++)
    {
      GError *error = NULL;

      if (check_unused (paths[erasing->next], &error))
        {
          vmh_unlink_as_async (vmh_bundle_get_owner (erasing->bundle), paths[erasing->next++], NULL,
                               on_erased, task);
          return G_SOURCE_REMOVE;
        }
      note_problem (erasing, error);
    }
  if (erasing->problem != NULL)
    g_task_return_error (task, g_steal_pointer (&erasing->problem));
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

void
vmh_trash_erase_async (VmhBundle *bundle, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Erasing *erasing = g_new0 (Erasing, 1);

  g_task_set_source_tag (task, vmh_trash_erase_async);
  erasing->bundle = vmh_bundle_ref (bundle);
  g_task_set_task_data (task, erasing, erasing_free);
  /* Later: a helper that begins does not know all machines yet. */
  g_idle_add_full (G_PRIORITY_DEFAULT, erase_next, task, NULL);
}

gboolean
vmh_trash_erase_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static char *
dup_label (VmhBundle *bundle)
{
  g_autoptr (GBytes) bytes = vmh_bundle_load_definition (bundle, NULL);
  g_autoptr (InnDomain) domain = NULL;

  if (bytes != NULL)
    domain =
        inn_domain_parse (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), NULL);
  return domain != NULL ? inn_domain_dup_name (domain) : g_strdup (vmh_bundle_get_uuid (bundle));
}

static void
on_all_erased (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhBundle) bundle = data;
  g_autoptr (GError) error = NULL;

  if (!vmh_trash_erase_finish (result, &error))
    g_warning ("Of the deleted machine %s: %s", vmh_bundle_get_uuid (bundle), error->message);
  vmh_bundle_discard (bundle);
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
  if (!vmh_trash_keep (bundle, label != NULL ? label : uuid, &error))
    g_warning ("The kept disks of %s cannot be moved: %s", uuid, error->message);
  else if (vmh_bundle_get_erased (bundle)[0] == NULL)
    vmh_bundle_discard (bundle);
  else
    vmh_trash_erase_async (bundle, on_all_erased, vmh_bundle_ref (bundle));
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

      if (!vmh_remove_tree (vmh_store_get_runtime_fd (), unfinished[i], &local) ||
          !vmh_remove_tree (vmh_store_get_machines_fd (), entry, &local))
        g_warning ("What is left of %s: %s", entry, local->message);
    }
  deleted = vmh_store_list (VMH_STORE_TRASH, error);
  for (guint i = 0; deleted != NULL && deleted[i] != NULL; i++)
    finish_deletion (deleted[i]);
  return deleted != NULL;
}
