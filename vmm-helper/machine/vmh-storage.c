/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The images of a definition, and who else has them. Opens nothing with root's rights that a user
 * has named. */
#include "vmh-storage.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/vmh-errand.h"
#include "shared/inn-errors.h"
#include "vmh-manager.h"

static const char *const storage_kinds[] = { "disk", "lun", "cdrom", "floppy" };

GPtrArray *
vmh_storage_list (InnDomain *domain)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_element_free);

  for (guint i = 0; i < G_N_ELEMENTS (storage_kinds); i++)
    {
      g_autoptr (GPtrArray) list = inn_domain_list (domain, storage_kinds[i]);

      for (guint j = 0; j < list->len; j++)
        g_ptr_array_add (all, inn_element_copy (g_ptr_array_index (list, j)));
    }
  return all;
}

static const char *
path_field (const InnElement *storage)
{
  return inn_element_is (storage, "type", "block") ? "block" : "source";
}

char *
vmh_storage_dup_path (const InnElement *storage)
{
  g_autofree char *path = inn_element_dup (storage, path_field (storage));

  return path != NULL && *path != '\0' ? g_steal_pointer (&path) : NULL; /* as the plan sees it */
}

char *
vmh_storage_dup_disk_path (VmhMachine *machine,
                           const char *target,
                           InnElement **out_disk,
                           GError **error)
{
  g_autofree char *id = g_strconcat ("disk:", target, NULL);
  g_autoptr (InnElement) disk = inn_domain_find (vmh_machine_get_domain (machine), id);
  char *path = disk != NULL ? vmh_storage_dup_path (disk) : NULL;

  if (path == NULL)
    g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND, _ ("“%s” has no disk “%s” with an image."),
                 vmh_machine_get_name (machine), target);
  else if (out_disk != NULL)
    *out_disk = g_steal_pointer (&disk);
  return path;
}

static void
use_free (gpointer data)
{
  VmhImageUse *use = data;

  g_free (use->path);
  g_free (use);
}

GPtrArray *
vmh_storage_list_uses (InnDomain *domain)
{
  g_autoptr (GPtrArray) list = vmh_storage_list (domain);
  GPtrArray *uses = g_ptr_array_new_with_free_func (use_free);

  for (guint i = 0; i < list->len; i++)
    {
      const InnElement *storage = g_ptr_array_index (list, i);
      g_autofree char *path = vmh_storage_dup_path (storage);
      VmhImageUse *use;

      if (path == NULL)
        continue;
      use = g_new (VmhImageUse, 1);
      use->path = g_steal_pointer (&path);
      use->writable = vmh_storage_is_writable (storage);
      use->shareable = vmh_storage_is_shareable (storage);
      g_ptr_array_add (uses, use);
    }
  return uses;
}

/* What was taken out of a machine that runs is written until that ends: so both its definitions
 * count. */
static GPtrArray *
machine_list_uses (VmhMachine *machine)
{
  InnDomain *live = vmh_machine_get_live (machine);
  GPtrArray *uses =
      live != NULL ? vmh_storage_list_uses (live) : g_ptr_array_new_with_free_func (use_free);
  GPtrArray *desired = vmh_machine_get_summary (machine)->images;

  for (guint i = 0; i < desired->len; i++)
    {
      const VmhImageUse *use = desired->pdata[i];
      VmhImageUse *copy = g_memdup2 (use, sizeof *use);

      copy->path = g_strdup (use->path);
      g_ptr_array_add (uses, copy);
    }
  return uses;
}

gboolean
vmh_storage_names (VmhMachine *machine, const char *path)
{
  g_autoptr (GPtrArray) uses = machine_list_uses (machine);

  for (guint i = 0; i < uses->len; i++)
    if (g_str_equal (((const VmhImageUse *)uses->pdata[i])->path, path))
      return TRUE;
  return FALSE;
}

GStrv
vmh_storage_list_unused (VmhMachine *machine, GError **error)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  g_autoptr (GStrvBuilder) unused = g_strv_builder_new ();
  g_auto (GStrv) names = vmh_bundle_list_disks (bundle, error);

  if (names == NULL)
    return NULL;
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (vmh_bundle_get_path (bundle), names[i], NULL);

      if (!vmh_storage_names (machine, path))
        g_strv_builder_add (unused, names[i]);
    }
  return g_strv_builder_end (unused);
}

gboolean
vmh_storage_is_writable (const InnElement *storage)
{
  return !g_str_equal (storage->kind->name, "cdrom") && !inn_element_get_bool (storage, "readonly");
}

gboolean
vmh_storage_is_shareable (const InnElement *storage)
{
  return g_str_equal (storage->kind->name, "disk") && inn_element_get_bool (storage, "shareable");
}

static gboolean
rebase_element (InnElement *element, const char *from, const char *to)
{
  gboolean any = FALSE;

  for (const InnField *field = element->kind->fields; field->name != NULL; field++)
    {
      g_autofree char *path = NULL;
      g_autofree char *moved = NULL;
      const char *rest;

      if (field->type != INN_TYPE_PATH || !inn_element_has (element, field->name))
        continue;
      path = inn_element_dup (element, field->name);
      if (path == NULL || !g_str_has_prefix (path, from) || path[strlen (from)] != '/')
        continue;
      rest = path + strlen (from);
      moved = g_strconcat (to, rest, NULL);
      any = inn_element_set (element, field->name, moved, NULL) || any;
    }
  return any;
}

gboolean
vmh_storage_rebase (InnDomain *domain, const char *from, const char *to)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);
  gboolean any = FALSE;

  for (guint i = 0; i < devices->len; i++)
    any = rebase_element (g_ptr_array_index (devices, i), from, to) || any;
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if (!(*kind)->device)
      {
        InnElement section = inn_domain_get (domain, (*kind)->name);

        any = rebase_element (&section, from, to) || any;
      }
  return any;
}

void
vmh_storage_open_async (VmhBundle *bundle,
                        const char *path,
                        gboolean writable,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  const char *inside = vmh_bundle_relative (bundle, path);
  int flags = writable ? O_RDWR : O_RDONLY;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  int fd;

  if (inside == NULL)
    {
      vmh_open_as_async (vmh_bundle_get_owner (bundle), path, flags, cancellable, callback, data);
      return;
    }
  task = g_task_new (NULL, NULL, callback, data);
  fd = vmh_bundle_open_image (bundle, inside, flags, &error);
  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_error (task, error);
}

int
vmh_storage_open_finish (GAsyncResult *result, GError **error)
{
  return vmh_open_as_finish (result, error);
}

/* One image of another machine, as it was when the question was asked. */
typedef struct
{
  char *path;
  char *machine; /* "" where it is another user's */
} Candidate;

typedef struct
{
  char *canonical;       /* what the kernel calls the open file */
  GPtrArray *candidates; /* of the same owner: to be compared as files, whatever their name */
  Candidate *found;      /* by name */
} Search;

static void
candidate_free (gpointer data)
{
  Candidate *candidate = data;

  g_free (candidate->path);
  g_free (candidate->machine);
  g_free (candidate);
}

static void
search_free (gpointer data)
{
  Search *search = data;

  g_free (search->canonical);
  g_clear_pointer (&search->found, candidate_free);
  g_ptr_array_unref (search->candidates);
  g_free (search);
}

static void
add_candidates (Search *search,
                VmhMachine *machine,
                uid_t owner,
                gboolean writable,
                gboolean shareable)
{
  gboolean same_owner = vmh_machine_get_owner (machine) == owner;
  g_autoptr (GPtrArray) uses = machine_list_uses (machine);

  for (guint i = 0; i < uses->len; i++)
    {
      const VmhImageUse *use = uses->pdata[i];
      Candidate *candidate;

      /* Readers do not hurt each other, and who shares says so on both sides. */
      if ((!writable && !use->writable) || (shareable && use->shareable))
        continue;
      candidate = g_new0 (Candidate, 1);
      candidate->path = g_strdup (use->path);
      candidate->machine = g_strdup (same_owner ? vmh_machine_get_name (machine) : "");
      if (search->found == NULL && g_strcmp0 (candidate->path, search->canonical) == 0)
        search->found = candidate;
      else if (same_owner)
        g_ptr_array_add (search->candidates, candidate);
      else
        candidate_free (candidate);
    }
}

static void
on_compared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Search *search = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  const Candidate *candidate;
  int found;

  if (!vmh_errand_finish (result, &found, &error))
    {
      g_task_return_new_error (task, INN_ERROR,
                               g_cancellable_is_cancelled (g_task_get_cancellable (task))
                                   ? INN_ERROR_CANCELLED
                                   : INN_ERROR_IO,
                               _ ("Whether another machine uses “%s” cannot be told (%s). Check "
                                  "the disks and network connections that your machines' disks "
                                  "are on."),
                               search->canonical, error->message);
      return;
    }
  candidate = found >= 0 ? g_ptr_array_index (search->candidates, found) : NULL;
  g_task_return_pointer (task, candidate != NULL ? g_strdup (candidate->machine) : NULL, g_free);
}

void
vmh_storage_find_user_async (int fd,
                             uid_t owner,
                             gboolean writable,
                             gboolean shareable,
                             VmhMachine *except,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr (GPtrArray) paths = NULL;
  Search *search = g_new0 (Search, 1);

  g_task_set_source_tag (task, vmh_storage_find_user_async);
  search->canonical = g_file_read_link (link, NULL);
  search->candidates = g_ptr_array_new_with_free_func (candidate_free);
  g_task_set_task_data (task, search, search_free);
  for (guint i = 0; i < machines->len; i++)
    {
      VmhMachine *machine = g_ptr_array_index (machines, i);

      if (machine != except)
        add_candidates (search, machine, owner, writable, shareable);
    }
  if (search->found != NULL || search->candidates->len == 0)
    {
      g_task_return_pointer (task, search->found != NULL ? g_strdup (search->found->machine) : NULL,
                             g_free);
      return;
    }
  paths = g_ptr_array_new ();
  for (guint i = 0; i < search->candidates->len; i++)
    g_ptr_array_add (paths, ((const Candidate *)g_ptr_array_index (search->candidates, i))->path);
  g_ptr_array_add (paths, NULL);
  vmh_errand_find_async (owner, fd, (const char *const *)paths->pdata, cancellable, on_compared,
                         g_steal_pointer (&task));
}

char *
vmh_storage_find_user_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
