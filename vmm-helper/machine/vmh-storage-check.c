/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Checks the images that a definition brings along, one after the other: opened as their owner,
 * looked for among the other machines, looked into by a sandboxed program. */
#include "vmh-storage.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>
#include "shared/inn-errors.h"

typedef struct
{
  VmhBundle *bundle;
  InnDomain *domain;
  VmhMachine *except;
  GPtrArray *list; /* InnElement that are to be checked */
  guint current;
  char *path; /* of the current one */
  int fd;
} Check;

static void next_image (GTask *task);

static void
close_current (Check *check)
{
  if (check->fd >= 0)
    close (check->fd);
  check->fd = -1;
  g_clear_pointer (&check->path, g_free);
}

static void
check_free (gpointer data)
{
  Check *check = data;

  close_current (check);
  vmh_bundle_unref (check->bundle);
  g_clear_object (&check->except);
  g_ptr_array_unref (check->list);
  inn_domain_unref (check->domain);
  g_free (check);
}

static void
fail (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_inspected (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Check *check = g_task_get_task_data (task);
  g_autoptr (VmhImageInfo) info = NULL;
  g_autofree char *format = NULL;
  GError *error = NULL;

  info = vmh_image_inspect_finish (result, &error);
  if (info != NULL)
    {
      format = inn_element_dup (g_ptr_array_index (check->list, check->current), "format");
      vmh_image_info_check (info, check->path, format, &error);
    }
  if (error != NULL)
    {
      fail (task, error);
      return;
    }
  check->current++;
  next_image (task);
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
                         check->path, machine);
  else if (machine != NULL)
    error = g_error_new (INN_ERROR, INN_ERROR_IN_USE,
                         _ ("“%s” is used by a machine of another user. Choose another, or make a "
                            "copy."),
                         check->path);
  if (error != NULL)
    fail (task, error);
  else
    vmh_image_inspect_async (check->fd, g_task_get_cancellable (task), on_inspected, task);
}

static void
next_image (GTask *task)
{
  Check *check = g_task_get_task_data (task);
  const InnElement *storage;
  gboolean writable;
  GError *error = NULL;

  close_current (check);
  if (check->current == check->list->len)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  storage = g_ptr_array_index (check->list, check->current);
  writable = vmh_storage_is_writable (storage);
  check->path = vmh_storage_dup_path (storage);
  check->fd = vmh_storage_open (check->bundle, check->path, writable, &error);
  if (check->fd < 0)
    fail (task, error);
  else
    vmh_storage_find_user_async (check->fd, vmh_bundle_get_owner (check->bundle), writable,
                                 vmh_storage_is_shareable (storage), check->except,
                                 g_task_get_cancellable (task), on_user_found, task);
}

/* Kernel and initramfs of a direct boot: no images, but named by the user all the same. */
static gboolean
check_kernel (Check *check, GError **error)
{
  static const char *const fields[] = { "kernel", "initrd" };
  InnElement section = inn_domain_get (check->domain, "kernel");

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autofree char *path = inn_element_dup (&section, fields[i]);
      int fd;

      if (path == NULL)
        continue;
      fd = vmh_storage_open (check->bundle, path, FALSE, error);
      if (fd < 0)
        return FALSE;
      close (fd);
    }
  return TRUE;
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

void
vmh_storage_check_async (VmhBundle *bundle,
                         InnDomain *domain,
                         InnDomain *before,
                         const char *const *made,
                         VmhMachine *except,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GPtrArray) all = vmh_storage_list (domain);
  Check *check = g_new0 (Check, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, vmh_storage_check_async);
  check->bundle = vmh_bundle_ref (bundle);
  check->domain = inn_domain_ref (domain);
  check->except = except != NULL ? g_object_ref (except) : NULL;
  check->list = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_element_free);
  check->fd = -1;
  g_task_set_task_data (task, check, check_free);
  for (guint i = 0; i < all->len; i++)
    {
      const InnElement *storage = g_ptr_array_index (all, i);
      g_autofree char *path = vmh_storage_dup_path (storage);
      g_autofree char *target = inn_element_dup (storage, "target");

      if (path != NULL && !was_there (before, storage, path) &&
          (target == NULL || !g_strv_contains (made, target)))
        g_ptr_array_add (check->list, inn_element_copy (storage));
    }
  if (check_kernel (check, &error))
    next_image (task);
  else
    fail (task, error);
}

gboolean
vmh_storage_check_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
