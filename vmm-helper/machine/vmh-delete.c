/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Machine.Delete: what becomes of each image is decided before anything is touched; then one rename
 * ends the machine, and what follows is finished by the next helper if this one is killed. */
#include "vmh-verbs.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>
#include "core/vmh-flow.h"
#include "core/vmh-stuck.h"
#include "shared/inn-errors.h"
#include "vmh-live.h"
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
  GPtrArray *gone;   /* paths of all images that will be no more, inside and outside */
  guint looked_at;   /* of those */
  int fd;            /* of the one that is just looked at */
  GError *problem;   /* with one of the erased */
} Delete;

static void
delete_free (gpointer data)
{
  Delete *delete = data;

  vmh_close_later (vmh_machine_get_owner (delete->machine), delete->fd);
  g_clear_object (&delete->machine);
  g_clear_object (&delete->job);
  g_free (delete->name);
  g_clear_pointer (&delete->kept, g_ptr_array_unref);
  g_clear_pointer (&delete->erased, g_ptr_array_unref);
  g_clear_pointer (&delete->gone, g_ptr_array_unref);
  g_clear_error (&delete->problem);
  g_free (delete);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Delete, delete_free)

/* @name NULL: a machine of another user. */
static void
set_shared (GError **error, const char *path, const char *name)
{
  if (name != NULL)
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 _ ("“%s” is used by the machine “%s”, too. Remove it there first."), path, name);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 _ ("“%s” is used by a machine of another user, too. Keep it."), path);
}

/* By this very name: what is known without looking at any file. */
static gboolean
check_unshared (Delete *delete, const char *path, GError **error)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());

  for (guint i = 0; i < machines->len; i++)
    {
      VmhMachine *other = g_ptr_array_index (machines, i);

      if (other == delete->machine || !vmh_storage_names (other, path))
        continue;
      set_shared (error, path,
                  vmh_machine_get_owner (other) == vmh_machine_get_owner (delete->machine)
                      ? vmh_machine_get_name (other)
                      : NULL);
      return FALSE;
    }
  return TRUE;
}

/* ---- whether another machine has an image under another name ---- */

static void look_next (GTask *owned_task);

static void
on_user_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Delete *delete = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *user = vmh_storage_find_user_finish (result, &error);

  vmh_close_later (vmh_machine_get_owner (delete->machine), delete->fd);
  delete->fd = -1;
  if (user != NULL)
    set_shared (&error, g_ptr_array_index (delete->gone, delete->looked_at),
                *user != '\0' ? user : NULL);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  delete->looked_at++;
  look_next (g_steal_pointer (&task));
}

/* What is not there any more is nobody's; what cannot be looked at is not removed blindly. */
static void
look_at (GTask *owned_task, int fd, GError *error)
{
  g_autoptr (GTask) task = owned_task;
  Delete *delete = g_task_get_task_data (task);

  delete->fd = fd;
  if (fd >= 0)
    vmh_storage_find_user_async (fd, vmh_machine_get_owner (delete->machine), TRUE, FALSE,
                                 delete->machine, NULL, on_user_found, g_steal_pointer (&task));
  else if (g_error_matches (error, INN_ERROR, INN_ERROR_NOT_FOUND))
    {
      g_error_free (error);
      delete->looked_at++;
      look_next (g_steal_pointer (&task));
    }
  else
    g_task_return_error (task, error);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  int fd = vmh_open_as_finish (result, &error);

  look_at (data, fd, error);
}

static void
look_next (GTask *owned_task)
{
  g_autoptr (GTask) task = owned_task;
  Delete *delete = g_task_get_task_data (task);
  VmhBundle *bundle = vmh_machine_get_bundle (delete->machine);
  const char *path, *inside;
  GError *error = NULL;
  int fd;

  if (delete->looked_at == delete->gone->len)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  path = g_ptr_array_index (delete->gone, delete->looked_at);
  inside = vmh_bundle_relative (bundle, path);
  if (inside == NULL)
    {
      vmh_open_as_async (vmh_bundle_get_owner (bundle), path, O_RDONLY, NULL, on_opened,
                         g_steal_pointer (&task));
      return;
    }
  fd = vmh_bundle_open_file (bundle, inside, O_PATH, &error);
  look_at (g_steal_pointer (&task), fd, error);
}

static void
look_start (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  g_task_set_task_data (task, context, NULL);
  look_next (task);
}

/* ---- the end of the machine ---- */

static gboolean
note_fate (gpointer context, GError **error)
{
  Delete *delete = context;

  /* Somebody may have come while the files were looked at. */
  for (guint i = 0; i < delete->gone->len; i++)
    if (!check_unshared (delete, g_ptr_array_index (delete->gone, i), error))
      return FALSE;
  g_ptr_array_add (delete->kept, NULL);
  g_ptr_array_add (delete->erased, NULL);
  return vmh_bundle_set_fate (vmh_machine_get_bundle (delete->machine),
                              (const char *const *)delete->kept->pdata,
                              (const char *const *)delete->erased->pdata, error);
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

/* Moving and removing may take seconds for large files: in threads, which nothing else touches the
 * bundle beside. */
static void
keep_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Delete *delete = data;
  GError *error = NULL;

  if (vmh_trash_keep (vmh_machine_get_bundle (delete->machine), delete->name, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
run_in_thread (gpointer context, GTaskThreadFunc func, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  g_task_set_task_data (task, context, NULL);
  g_task_run_in_thread (task, func);
}

static void
keep_start (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  run_in_thread (context, keep_thread, callback, data);
}

static void
erase_start (gpointer context,
             VmhJob *job,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer data)
{
  Delete *delete = context;

  vmh_trash_erase_async (vmh_machine_get_bundle (delete->machine), callback, data);
}

/* What cannot be erased is told in the end: the person knows where it is. The machine goes. */
static gboolean
erase_finish (gpointer context, GAsyncResult *result, GError **error)
{
  Delete *delete = context;

  vmh_trash_erase_finish (result, &delete->problem);
  return TRUE;
}

static void
discard_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Delete *delete = data;

  vmh_bundle_discard (vmh_machine_get_bundle (delete->machine));
  if (delete->problem != NULL)
    g_task_return_error (task, g_steal_pointer (&delete->problem));
  else
    g_task_return_boolean (task, TRUE);
}

static void
discard_start (gpointer context,
               VmhJob *job,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer data)
{
  run_in_thread (context, discard_thread, callback, data);
}

static const VmhStep steps[] = {
  { N_ ("Looking who else uses its disks"), 1, NULL, look_start, NULL, NULL },
  { N_ ("Noting what is kept"), 1, note_fate, NULL, NULL, NULL },
  { N_ ("Removing the machine"), 1, throw_away, NULL, NULL, NULL },
  { N_ ("Moving what is kept"), 10, NULL, keep_start, NULL, NULL },
  { N_ ("Removing its disks elsewhere"), 7, NULL, erase_start, erase_finish, NULL },
  { N_ ("Removing its files"), 80, NULL, discard_start, NULL, NULL },
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

typedef struct
{
  const char *const *delete;
  const char *const *keep;
} Wishes;

static gboolean
is_erased (Delete *delete, const char *target, const char *inside, const Wishes *wishes)
{
  if (target != NULL && g_strv_contains (wishes->delete, target))
    return TRUE;
  return inside != NULL &&
         vmh_bundle_is_created (vmh_machine_get_bundle (delete->machine), inside) &&
         (target == NULL || !g_strv_contains (wishes->keep, target));
}

/* One image: erased with the machine, kept, or left where it is. */
static gboolean
decide (Delete *delete, const InnElement *storage, const Wishes *wishes, GError **error)
{
  VmhBundle *bundle = vmh_machine_get_bundle (delete->machine);
  g_autofree char *target = inn_element_dup (storage, "target");
  g_autofree char *path = vmh_storage_dup_path (storage);
  const char *inside = path != NULL ? vmh_bundle_relative (bundle, path) : NULL;
  gboolean erase;

  if (path == NULL)
    return TRUE;
  erase = is_erased (delete, target, inside, wishes);
  if ((erase || inside != NULL) && !check_unshared (delete, path, error))
    return FALSE;
  if (inside == NULL && erase && inn_element_is (storage, "type", "block"))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is a disk of this computer and cannot be deleted. Keep it."), path);
      return FALSE;
    }
  if (inside != NULL && !erase && !vmh_bundle_is_image (inside))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is in the machine's own folder, but not among its disks. Move it "
                      "elsewhere, or choose that it is deleted, too."),
                   path);
      return FALSE;
    }
  if (inside != NULL && !erase)
    g_ptr_array_add (delete->kept, g_strdup (inside));
  else if (inside == NULL && erase)
    g_ptr_array_add (delete->erased, g_strdup (path));
  if (erase)
    g_ptr_array_add (delete->gone, g_steal_pointer (&path));
  return TRUE;
}

/* What lies in disks/ and no device has: a disk that was taken out of the machine, or what a person
 * has put there. @wishes NULL: nobody knows which images matter. */
static gboolean
decide_unused (Delete *delete, const char *const *unused, const Wishes *wishes, GError **error)
{
  VmhBundle *bundle = vmh_machine_get_bundle (delete->machine);

  for (guint i = 0; unused[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (vmh_bundle_get_path (bundle), unused[i], NULL);

      if (!check_unshared (delete, path, error))
        return FALSE;
      if (wishes != NULL && is_erased (delete, unused[i], unused[i], wishes))
        g_ptr_array_add (delete->gone, g_steal_pointer (&path));
      else
        g_ptr_array_add (delete->kept, g_strdup (unused[i]));
    }
  return TRUE;
}

static gboolean
check_targets (GPtrArray *list,
               const char *const *unused,
               const char *const *targets,
               const char *const *others,
               GError **error)
{
  for (guint i = 0; targets[i] != NULL; i++)
    {
      gboolean known = g_strv_contains (unused, targets[i]);

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

static gboolean
decide_all (Delete *delete, GVariant *options, GError **error)
{
  static const char *const none[] = { NULL };
  InnDomain *domain = vmh_machine_get_domain (delete->machine);
  g_auto (GStrv) unused = vmh_storage_list_unused (delete->machine, error);
  const char *const *names = (const char *const *)unused;
  g_autofree const char **to_delete = NULL;
  g_autofree const char **to_keep = NULL;
  g_autoptr (GPtrArray) list = NULL;
  Wishes wishes = { none, none };

  if (unused == NULL)
    return FALSE;
  if (domain == NULL)
    return decide_unused (delete, names, NULL, error);
  if (g_variant_lookup (options, "delete", "^a&s", &to_delete))
    wishes.delete = to_delete;
  if (g_variant_lookup (options, "keep", "^a&s", &to_keep))
    wishes.keep = to_keep;
  list = vmh_storage_list (domain);
  if (!check_targets (list, names, wishes.delete, wishes.keep, error) ||
      !check_targets (list, names, wishes.keep, none, error))
    return FALSE;
  for (guint i = 0; i < list->len; i++)
    if (!decide (delete, g_ptr_array_index (list, i), &wishes, error))
      return FALSE;
  return decide_unused (delete, names, &wishes, error);
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
  delete->gone = g_ptr_array_new_with_free_func (g_free);
  delete->fd = -1;
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
  Delete *delete;
  VmhJob *job;

  if (vmh_live_put_off (call, vmh_verb_delete))
    return;
  delete = prepare (call, &error);
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
