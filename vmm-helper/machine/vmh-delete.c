/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Machine.Delete: what becomes of each image is decided before anything is touched; then one rename
 * ends the machine, and what follows is finished by the next helper if this one is killed. */
#include "vmh-verbs.h"

#include <dirent.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>
#include "core/vmh-flow.h"
#include "shared/inn-errors.h"
#include "vmh-manager.h"
#include "vmh-storage.h"
#include "vmh-trash.h"

typedef struct
{
  VmhMachine *machine;
  VmhJob *job;
  char *name;
  GPtrArray *kept;   /* names inside the bundle */
  GPtrArray *erased; /* paths outside of it */
} Delete;

static void
delete_free (gpointer data)
{
  Delete *delete = data;

  g_clear_object (&delete->machine);
  g_clear_object (&delete->job);
  g_free (delete->name);
  g_clear_pointer (&delete->kept, g_ptr_array_unref);
  g_clear_pointer (&delete->erased, g_ptr_array_unref);
  g_free (delete);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Delete, delete_free)

static gboolean
note_kept (gpointer context, GError **error)
{
  Delete *delete = context;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < delete->kept->len; i++)
    g_ptr_array_add (names, g_ptr_array_index (delete->kept, i));
  g_ptr_array_add (names, NULL);
  return vmh_bundle_set_kept (vmh_machine_get_bundle (delete->machine),
                              (const char *const *)names->pdata, error);
}

static gboolean
throw_away (gpointer context, GError **error)
{
  Delete *delete = context;

  if (!vmh_bundle_throw_away (vmh_machine_get_bundle (delete->machine), error))
    return FALSE;
  vmh_manager_remove (vmh_manager_get (), delete->machine);
  return TRUE;
}

/* Moving and removing may take seconds for large files: in a thread, which nothing else touches the
 * bundle beside. */
static void
remove_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Delete *delete = data;
  VmhBundle *bundle = vmh_machine_get_bundle (delete->machine);
  GError *error = NULL;

  if (!vmh_trash_keep (bundle, delete->name, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  vmh_bundle_discard (bundle);
  for (guint i = 0; i < delete->erased->len; i++)
    if (!vmh_unlink_as (vmh_bundle_get_owner (bundle), g_ptr_array_index (delete->erased, i),
                        &error))
      {
        g_task_return_error (task, error);
        return;
      }
  g_task_return_boolean (task, TRUE);
}

static void
remove_start (gpointer context,
              VmhJob *job,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  g_task_set_task_data (task, context, NULL);
  g_task_run_in_thread (task, remove_thread);
}

static gboolean
remove_finish (gpointer context, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static const VmhStep steps[] = {
  { N_ ("Noting what is kept"), 1, note_kept, NULL, NULL, NULL },
  { N_ ("Removing the machine"), 1, throw_away, NULL, NULL, NULL },
  { N_ ("Removing its files"), 98, NULL, remove_start, remove_finish, NULL },
  { 0 },
};

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Delete) delete = data;
  InnDomain *domain = vmh_machine_get_domain (delete->machine);
  GError *error = NULL;

  vmh_flow_run_finish (result, &error);
  if (domain != NULL)
    vmh_manager_release (vmh_manager_get (), vmh_machine_get_owner (delete->machine), domain);
  vmh_machine_end (delete->machine);
  vmh_job_end (delete->job, error);
}

static gboolean
is_shared (VmhMachine *machine, const char *path, const char **out_name)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());

  for (guint i = 0; i < machines->len; i++)
    {
      VmhMachine *other = g_ptr_array_index (machines, i);

      if (other != machine && vmh_storage_names (other, path))
        {
          *out_name = vmh_machine_get_owner (other) == vmh_machine_get_owner (machine)
                          ? vmh_machine_get_name (other)
                          : _ ("a machine of another user");
          return TRUE;
        }
    }
  return FALSE;
}

/* One image: erased with the machine, kept, or left where it is. */
static gboolean
decide (Delete *delete,
        const InnElement *storage,
        const char *const *to_delete,
        const char *const *to_keep,
        GError **error)
{
  VmhBundle *bundle = vmh_machine_get_bundle (delete->machine);
  g_autofree char *target = inn_element_dup (storage, "target");
  g_autofree char *path = vmh_storage_dup_path (storage);
  const char *inside = path != NULL ? vmh_bundle_relative (bundle, path) : NULL;
  gboolean wanted = target != NULL && g_strv_contains (to_delete, target);
  const char *other = NULL;
  gboolean erase;

  if (path == NULL)
    return TRUE;
  erase = wanted || (inside != NULL && vmh_bundle_is_created (bundle, inside) &&
                     (target == NULL || !g_strv_contains (to_keep, target)));
  if ((erase || inside != NULL) && is_shared (delete->machine, path, &other))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                   _ ("“%s” is used by %s, too. Remove it there first."), path, other);
      return FALSE;
    }
  if (inside != NULL && !erase)
    g_ptr_array_add (delete->kept, g_strdup (inside));
  else if (inside == NULL && erase && inn_element_is (storage, "type", "block"))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is a disk of this computer and cannot be deleted. Keep it."), path);
      return FALSE;
    }
  else if (inside == NULL && erase)
    g_ptr_array_add (delete->erased, g_strdup (path));
  return TRUE;
}

static gboolean
check_targets (GPtrArray *list,
               const char *const *targets,
               const char *const *others,
               GError **error)
{
  for (guint i = 0; targets[i] != NULL; i++)
    {
      gboolean known = FALSE;

      for (guint j = 0; j < list->len; j++)
        known = known || inn_element_is (g_ptr_array_index (list, j), "target", targets[i]);
      if (known && !g_strv_contains (others, targets[i]))
        continue;
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   known ? _ ("“%s” cannot be both deleted and kept.")
                         : _ ("The machine has no disk “%s”."),
                   targets[i]);
      return FALSE;
    }
  return TRUE;
}

/* One whose definition cannot be read: nobody knows which images matter, so all are kept. */
static gboolean
keep_all (Delete *delete, GError **error)
{
  int fd = vmh_bundle_open_file (vmh_machine_get_bundle (delete->machine), "disks",
                                 O_DIRECTORY | O_RDONLY, error);
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  if (folder == NULL)
    return FALSE;
  while ((entry = readdir (folder)) != NULL)
    if (entry->d_type == DT_REG)
      g_ptr_array_add (delete->kept, g_strconcat ("disks/", entry->d_name, NULL));
  closedir (folder);
  return TRUE;
}

static gboolean
decide_all (Delete *delete, GVariant *options, GError **error)
{
  InnDomain *domain = vmh_machine_get_domain (delete->machine);
  static const char *const none[] = { NULL };
  g_autofree const char **to_delete = NULL;
  g_autofree const char **to_keep = NULL;
  g_autoptr (GPtrArray) list = NULL;

  if (domain == NULL)
    return keep_all (delete, error);
  g_variant_lookup (options, "delete", "^a&s", &to_delete);
  g_variant_lookup (options, "keep", "^a&s", &to_keep);
  list = vmh_storage_list (domain);
  if (!check_targets (list, to_delete != NULL ? to_delete : none, to_keep != NULL ? to_keep : none,
                      error) ||
      !check_targets (list, to_keep != NULL ? to_keep : none, none, error))
    return FALSE;
  for (guint i = 0; i < list->len; i++)
    if (!decide (delete, g_ptr_array_index (list, i), to_delete != NULL ? to_delete : none,
                 to_keep != NULL ? to_keep : none, error))
      return FALSE;
  return TRUE;
}

static Delete *
prepare (VmhCall *call, GError **error)
{
  static const char *const allowed[] = { "delete", "as", "keep", "as", NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (Delete) delete = g_new0 (Delete, 1);
  g_autoptr (GVariant) options = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  delete->machine = g_object_ref (machine);
  delete->name = g_strdup (vmh_machine_get_name (machine));
  delete->kept = g_ptr_array_new_with_free_func (g_free);
  delete->erased = g_ptr_array_new_with_free_func (g_free);
  if (!vmh_call_check_options (options, allowed, error) ||
      !vmh_machine_require (
          machine, (1u << VMH_STATE_OFF) | (1u << VMH_STATE_CRASHED) | (1u << VMH_STATE_BROKEN),
          error))
    return NULL;
  if (vmh_machine_get_bundle (machine) == NULL)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_BAD_STATE,
                   _ ("It cannot be told what belongs to this machine: %s. Look into its folder "
                      "and remove it by hand."),
                   vmh_machine_get_state_reason (machine));
      return NULL;
    }
  if (vmh_life_get_pid (machine) != 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_BAD_STATE,
                   _ ("“%s” still has a process. Force it off first."), delete->name);
      return NULL;
    }
  if (!decide_all (delete, options, error) ||
      !vmh_job_check_limit (vmh_machine_get_owner (machine), error) ||
      !vmh_machine_begin (machine, error))
    return NULL;
  return g_steal_pointer (&delete);
}

void
vmh_verb_delete (VmhCall *call)
{
  GError *error = NULL;
  Delete *delete = prepare (call, &error);
  VmhJob *job;

  if (delete == NULL)
    {
      vmh_call_fail (call, error);
      return;
    }
  /* Nobody takes its uuid or name before its folder is gone. */
  if (vmh_machine_get_domain (delete->machine) != NULL)
    vmh_manager_claim (vmh_manager_get (), vmh_machine_get_owner (delete->machine),
                       vmh_machine_get_domain (delete->machine));
  job = delete->job = vmh_job_new (vmh_machine_get_registry (delete->machine), "delete",
                                   vmh_machine_get_path (delete->machine), delete->name,
                                   vmh_machine_get_owner (delete->machine));
  vmh_call_return (call, g_variant_new ("(o)", vmh_job_get_path (job)));
  /* No cancel: between the rename and the end there is no way back that loses nothing. */
  vmh_flow_run_async ("delete", steps, delete, job, NULL, on_deleted, delete);
}
