/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Root opens the disk: no user has the right to send a disk of this computer commands. So what the
 * definition names is looked up without being opened, and what is opened has the kernel's name. */
#include "vmh-lun.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/vmh-errand.h"
#include "core/vmh-stuck.h"
#include "host/vmh-host-disk.h"
#include "host/vmh-host-ids.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"
#include "vmh-manager.h"
#include "vmh-storage.h"
#include "vmh-store.h"

typedef struct
{
  VmhBundle *bundle;
  char *path; /* for people */
  dev_t number;
  gboolean writable, alone;
  int fd;
} Lun;

static void
lun_free (gpointer data)
{
  Lun *lun = data;

  vmh_close_later (vmh_bundle_get_owner (lun->bundle), lun->fd);
  vmh_bundle_unref (lun->bundle);
  g_free (lun->path);
  g_free (lun);
}

/* Consumes @failure. */
static GError *
explain (GError *failure, const char *path)
{
  g_autoptr (GError) owned = failure;

  if (failure->domain != VMH_ERRNO)
    return g_steal_pointer (&owned);
  if (failure->code == EBUSY)
    return g_error_new (INN_ERROR, INN_ERROR_IN_USE,
                        _ ("This computer, or another machine, uses “%s”. Unmount it, or turn that "
                           "machine off, or choose another disk."),
                        path);
  if (failure->code == EROFS || failure->code == EACCES)
    return g_error_new (INN_ERROR, INN_ERROR_DENIED,
                        _ ("“%s” cannot be written to. Make it read-only in the machine as well."),
                        path);
  if (failure->code == ENXIO || failure->code == ENODEV || failure->code == ENOENT ||
      failure->code == ENOMEDIUM)
    return g_error_new (INN_ERROR, INN_ERROR_NOT_FOUND,
                        _ ("The disk “%s” is not there. Connect it, or choose another one."), path);
  return g_error_new (INN_ERROR, INN_ERROR_IO, "%s: %s", path, g_strerror (failure->code));
}

static void
on_user_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Lun *lun = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *machine = vmh_storage_find_user_finish (result, &error);

  if (error)
    g_task_return_error (task, error);
  else if (machine)
    g_task_return_error (
        task, explain (g_error_new_literal (VMH_ERRNO, EBUSY, g_strerror (EBUSY)), lun->path));
  else
    g_task_return_int (task, vmh_steal_fd (&lun->fd));
}

static VmhMachine *
find_machine (VmhBundle *bundle)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());

  for (guint i = 0; i < machines->len; i++)
    if (vmh_machine_get_bundle (machines->pdata[i]) == bundle)
      return machines->pdata[i];
  return NULL;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Lun *lun = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;
  struct stat facts;

  lun->fd = vmh_errand_open_finish (result, &error);
  if (lun->fd < 0)
    g_task_return_error (task, explain (error, lun->path));
  else if (fstat (lun->fd, &facts) != 0 || !S_ISBLK (facts.st_mode) ||
           facts.st_rdev != lun->number) /* another one has its name by now */
    g_task_return_error (
        task, explain (g_error_new_literal (VMH_ERRNO, ENXIO, g_strerror (ENXIO)), lun->path));
  else if (lun->alone) /* images are open to more than one */
    vmh_storage_find_user_async (lun->fd, vmh_bundle_get_owner (lun->bundle), lun->writable, FALSE,
                                 find_machine (lun->bundle), cancellable, on_user_found,
                                 g_steal_pointer (&task));
  else
    g_task_return_int (task, vmh_steal_fd (&lun->fd));
}

void
vmh_lun_open_async (VmhBundle *bundle,
                    const char *path,
                    gboolean writable,
                    gboolean alone,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Lun *lun = g_new0 (Lun, 1);
  g_autofree char *name = NULL;
  g_autofree char *node = NULL;
  g_autofree char *place = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, vmh_lun_open_async);
  g_task_set_check_cancellable (task, FALSE);
  lun->bundle = vmh_bundle_ref (bundle);
  lun->path = g_strdup (path);
  lun->writable = writable;
  lun->alone = alone;
  lun->fd = -1;
  g_task_set_task_data (task, lun, lun_free);
  if (!vmh_store_is_system ())
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_UNSUPPORTED,
                               _ ("Machines of a session cannot have a disk of this computer with "
                                  "its SCSI commands, as “%s”. Add a disk image, or make the "
                                  "machine for the whole system."),
                               path);
      return;
    }
  name = vmh_disk_resolve (path, &lun->number, &error)
             ? vmh_disk_dup_scsi (lun->number, path, &error)
             : NULL;
  if (!name)
    {
      g_task_return_error (task, error);
      return;
    }
  node = g_strconcat ("/dev/", name, NULL);
  place = vmh_ids_dup_path (node);
  vmh_errand_open_async (getuid (), place,
                         (writable ? O_RDWR : O_RDONLY) | (alone ? O_EXCL : 0) | O_NOFOLLOW,
                         cancellable, on_opened, g_steal_pointer (&task));
}

int
vmh_lun_open_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), -1);
  return (int)g_task_propagate_int (G_TASK (result), error);
}
