/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Checks the images that a definition brings along, one after the other: opened as their owner,
 * looked for among the other machines, looked into by a sandboxed program. */
#include "vmh-storage.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include "core/vmh-stuck.h"
#include "shared/inn-errors.h"
#include "vmh-kernel.h"
#include "vmh-lun.h"
#include "vmh-manager.h"

/* One file that the definition names. */
typedef struct
{
  char *path;
  char *target;
  char *format; /* NULL: no image (a kernel): to be opened is enough */
  gboolean writable, shareable;
  gboolean lun;   /* a disk of this computer's, which root opens */
  gboolean known; /* was there before: only what file it is is asked, if that can be told */
  struct statx identity;
} Named;

typedef struct
{
  VmhBundle *bundle;
  VmhMachine *except;
  gboolean first;
  GPtrArray *list; /* Named, that are to be checked */
  guint current;
  int fd; /* of the current one */
} Check;

static void next_image (GTask *task);

static void
named_free (gpointer data)
{
  Named *named = data;

  g_free (named->path);
  g_free (named->target);
  g_free (named->format);
  g_free (named);
}

static Named *
get_current (Check *check)
{
  return g_ptr_array_index (check->list, check->current);
}

static void
close_current (Check *check)
{
  vmh_close_later (vmh_bundle_get_owner (check->bundle), check->fd);
  check->fd = -1;
}

static void
check_free (gpointer data)
{
  Check *check = data;

  close_current (check);
  vmh_bundle_unref (check->bundle);
  g_clear_object (&check->except);
  g_ptr_array_unref (check->list);
  g_free (check);
}

static void
fail (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
go_on (GTask *task)
{
  Check *check = g_task_get_task_data (task);

  check->current++;
  next_image (task);
}

/* As the kernel remembers it: a file system that hangs is not asked. */
static void
identify (Named *named, int fd)
{
  if (statx (fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO,
             &named->identity) != 0)
    named->identity.stx_mask = 0;
}

static gboolean
is_same (const struct statx *a, const struct statx *b)
{
  if ((a->stx_mask & b->stx_mask & STATX_INO) == 0)
    return FALSE;
  if (S_ISBLK (a->stx_mode) || S_ISBLK (b->stx_mode))
    return S_ISBLK (a->stx_mode) && S_ISBLK (b->stx_mode) &&
           a->stx_rdev_major == b->stx_rdev_major && a->stx_rdev_minor == b->stx_rdev_minor;
  return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
         a->stx_ino == b->stx_ino;
}

/* The machine's own drives, those before the current one. */
static gboolean
check_twice (Check *check, GError **error)
{
  const Named *named = get_current (check);

  for (guint i = 0; i < check->current; i++)
    {
      const Named *other = g_ptr_array_index (check->list, i);

      if ((!named->writable && !other->writable) || !is_same (&named->identity, &other->identity))
        continue;
      g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                   _ ("The drives “%s” and “%s” have one and the same image, “%s”. Two drives of "
                      "which one writes destroy it: choose another image for one of them."),
                   other->target, named->target, named->path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
is_raw (const Named *named)
{
  return g_str_equal (named->format, "raw");
}

static void
on_inspected (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Check *check = g_task_get_task_data (task);
  const Named *named = get_current (check);
  g_autoptr (VmhImageInfo) info = NULL;
  GError *error = NULL;

  info = vmh_image_inspect_finish (result, &error);
  /* Bytes that only look like a damaged image of some other format. */
  if (is_raw (named) && g_error_matches (error, INN_ERROR, INN_ERROR_BAD_IMAGE))
    g_clear_error (&error);
  if (info != NULL)
    vmh_image_info_check (info, named->path, named->format, &error);
  if (error != NULL)
    {
      fail (task, error);
      return;
    }
  go_on (task);
}

static void
on_user_found (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Check *check = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *machine = vmh_storage_find_user_finish (result, &error);

  if (machine != NULL && *machine != '\0')
    error = g_error_new (INN_ERROR, INN_ERROR_IN_USE,
                         _ ("“%s” is used by the machine “%s”. Two machines writing to one disk "
                            "destroy it: choose another, or make a copy."),
                         get_current (check)->path, machine);
  else if (machine != NULL)
    error = g_error_new (INN_ERROR, INN_ERROR_IN_USE,
                         _ ("“%s” is used by a machine of another user. Choose another, or make a "
                            "copy."),
                         get_current (check)->path);
  if (error != NULL)
    fail (task, error);
  else if (get_current (check)->lun || (is_raw (get_current (check)) && !check->first))
    go_on (task); /* what is in it is its guest's affair */
  else
    vmh_image_inspect_async (check->fd, vmh_bundle_get_owner (check->bundle),
                             g_task_get_cancellable (task), on_inspected, task);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Check *check = g_task_get_task_data (task);
  Named *named = get_current (check);
  GError *error = NULL;

  check->fd = get_current (check)->lun ? vmh_lun_open_finish (result, &error)
                                       : vmh_storage_open_finish (result, &error);
  if (check->fd >= 0)
    identify (named, check->fd);
  if (named->known)
    {
      g_clear_error (&error);
      go_on (task);
    }
  else if (check->fd < 0)
    fail (task, error);
  else if (named->format == NULL && !vmh_kernel_check (check->fd, named->path, &error))
    fail (task, error);
  else if (named->format == NULL)
    go_on (task);
  else if (!check_twice (check, &error))
    fail (task, error);
  else
    vmh_storage_find_user_async (check->fd, vmh_bundle_get_owner (check->bundle), named->writable,
                                 named->shareable, check->except, g_task_get_cancellable (task),
                                 on_user_found, task);
}

static void
next_image (GTask *task)
{
  Check *check = g_task_get_task_data (task);
  const Named *named;

  close_current (check);
  if (check->current == check->list->len)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  named = get_current (check);
  if (named->lun)
    {
      vmh_lun_open_async (check->bundle, named->path, FALSE, FALSE, g_task_get_cancellable (task),
                          on_opened, task);
      return;
    }
  vmh_storage_open_async (check->bundle, named->path, named->writable && !named->known,
                          g_task_get_cancellable (task), on_opened, task);
}

static gboolean
names_kernel (InnDomain *domain, const char *field, const char *path)
{
  InnElement section = inn_domain_get (domain, "kernel");

  return inn_element_is (&section, field, path);
}

/* Kernel and initramfs of a direct boot: no images, but named by the user all the same. Those that
 * were named before were looked at then, and are again at each start. */
static void
add_kernel (Check *check, InnDomain *domain, InnDomain *before)
{
  static const char *const fields[] = { "kernel", "initrd" };
  InnElement section = inn_domain_get (domain, "kernel");

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autofree char *path = inn_element_dup (&section, fields[i]);
      Named *named;

      if (path == NULL || (before != NULL && names_kernel (before, fields[i], path)))
        continue;
      named = g_new0 (Named, 1);
      named->path = g_steal_pointer (&path);
      g_ptr_array_add (check->list, named);
    }
}

static void
add_storage (Check *check, const InnElement *storage, char *path, gboolean known)
{
  Named *named = g_new0 (Named, 1);

  named->path = path;
  named->known = known;
  named->target = inn_element_dup (storage, "target");
  named->format = inn_element_dup (storage, "format");
  if (named->format == NULL)
    named->format = g_strdup ("raw");
  named->lun = g_str_equal (storage->kind->name, "lun");
  named->writable = vmh_storage_is_writable (storage);
  named->shareable = vmh_storage_is_shareable (storage);
  g_ptr_array_add (check->list, named);
}

/* What was there before under the same name and format was checked when it came. */
static gboolean
was_there (InnDomain *before, const InnElement *storage, const char *path)
{
  g_autofree char *id = inn_element_dup_id (storage);
  g_autoptr (InnElement) old = before != NULL ? inn_domain_find (before, id) : NULL;
  g_autofree char *old_path = old != NULL ? vmh_storage_dup_path (old) : NULL;
  g_autofree char *old_format = old != NULL ? inn_element_dup (old, "format") : NULL;
  g_autofree char *format = inn_element_dup (storage, "format");

  return old_path != NULL && g_str_equal (old_path, path) && g_strcmp0 (old_format, format) == 0 &&
         vmh_storage_is_writable (old) >= vmh_storage_is_writable (storage) &&
         vmh_storage_is_shareable (old) == vmh_storage_is_shareable (storage);
}

/* Those that were there come first, where there are others to compare with them. */
static void
add_all (Check *check, InnDomain *domain, InnDomain *before, const char *const *made)
{
  g_autoptr (GPtrArray) all = vmh_storage_list (domain);
  guint n_known = 0;

  for (guint i = 0; i < all->len; i++)
    {
      const InnElement *storage = g_ptr_array_index (all, i);
      g_autofree char *path = vmh_storage_dup_path (storage);
      g_autofree char *target = inn_element_dup (storage, "target");
      gboolean known;

      /* A disk of this computer may come and go: when it starts is time enough. */
      if (path == NULL || (target != NULL && g_strv_contains (made, target)) ||
          (check->first && g_str_equal (storage->kind->name, "lun")))
        continue;
      known = was_there (before, storage, path);
      add_storage (check, storage, g_steal_pointer (&path), known);
      if (known)
        g_ptr_array_insert (check->list, (gint)n_known++,
                            g_ptr_array_steal_index (check->list, check->list->len - 1));
    }
  if (n_known == check->list->len)
    g_ptr_array_set_size (check->list, 0);
}

/* By name only: there is no time for more. A start compares files. */
gboolean
vmh_storage_check_taken (InnDomain *domain, InnDomain *before, VmhMachine *except, GError **error)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());
  g_autoptr (GPtrArray) list = vmh_storage_list (domain);

  for (guint i = 0; i < list->len; i++)
    {
      const InnElement *storage = g_ptr_array_index (list, i);
      g_autofree char *path = vmh_storage_dup_path (storage);

      if (path == NULL || !vmh_storage_is_writable (storage) ||
          vmh_storage_is_shareable (storage) || was_there (before, storage, path))
        continue;
      for (guint j = 0; j < machines->len; j++)
        if (g_ptr_array_index (machines, j) != except &&
            vmh_storage_names (g_ptr_array_index (machines, j), path))
          {
            g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                         _ ("“%s” has just been taken by another machine. Choose another."), path);
            return FALSE;
          }
    }
  return TRUE;
}

void
vmh_storage_check_async (VmhBundle *bundle,
                         InnDomain *domain,
                         InnDomain *before,
                         const char *const *made,
                         VmhMachine *except,
                         gboolean first,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Check *check = g_new0 (Check, 1);

  g_task_set_source_tag (task, vmh_storage_check_async);
  check->bundle = vmh_bundle_ref (bundle);
  check->except = except != NULL ? g_object_ref (except) : NULL;
  check->first = first;
  check->list = g_ptr_array_new_with_free_func (named_free);
  check->fd = -1;
  g_task_set_task_data (task, check, check_free);
  add_all (check, domain, before, made);
  add_kernel (check, domain, before);
  next_image (task);
}
