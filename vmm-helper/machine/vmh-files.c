/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Opens what a plan names, one after the other: as the machine's owner what is the owner's, taps
 * and the UEFI variables itself. Starts no QEMU. */
#include "vmh-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>
#include "core/vmh-errand.h"
#include "core/vmh-stuck.h"
#include "host/vmh-host-chip.h"
#include "host/vmh-macvtap.h"
#include "host/vmh-tap.h"
#include "shared/inn-errors.h"
#include "vmh-hostdev.h"
#include "vmh-kernel.h"
#include "vmh-life.h"
#include "vmh-lun.h"
#include "vmh-shmem.h"
#include "vmh-storage.h"
#include "vmh-store.h"

static void open_files (GTask *owned_task);

void
vmh_files_free (VmhFiles *files)
{
  GPtrArray *wanted = vmh_plan_get_fds (files->plan);

  for (guint i = 0; i < files->fds->len; i++)
    {
      const VmhPlanFd *fd = wanted->pdata[i];
      int file = g_array_index (files->fds, int, i);

      if (fd->type == VMH_PLAN_FD_FILE || fd->type == VMH_PLAN_FD_LUN)
        vmh_close_later (vmh_bundle_get_owner (files->bundle), file);
      else if (file >= 0)
        close (file);
    }
  g_array_unref (files->fds);
  vmh_bundle_unref (files->bundle);
  g_free (files);
}

/* Whoever finishes the task takes them over. */
static void
holder_free (gpointer data)
{
  VmhFiles **holder = data;

  g_clear_pointer (holder, vmh_files_free);
  g_free (holder);
}

static VmhFiles *
get_files (GTask *task)
{
  return *(VmhFiles **)g_task_get_task_data (task);
}

static int
open_vsock (GError **error)
{
  int fd = open ("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);

  if (fd >= 0)
    return fd;
  if (errno == EACCES || errno == EPERM)
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("The machine has a socket to this computer, and you may not use "
                    "/dev/vhost-vsock. Ask to become a member of the group “kvm”, or remove the "
                    "socket."));
  else
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("The machine has a socket to this computer, which has no /dev/vhost-vsock "
                    "(%s). Load the kernel module “vhost_vsock”, or remove the socket."),
                 g_strerror (errno));
  return -1;
}

/* What is opened at once; -1 without an error where that is no file. */
static int
open_now (VmhFiles *files, const VmhPlanFd *fd, GError **error)
{
  if (fd->type == VMH_PLAN_FD_NVRAM)
    return vmh_bundle_open_file (files->bundle, VMH_NVRAM, fd->writable ? O_RDWR : O_RDONLY, error);
  if (fd->type == VMH_PLAN_FD_TPM)
    return vmh_bundle_open_tpm (files->bundle, error);
  if (fd->type == VMH_PLAN_FD_VSOCK)
    return open_vsock (error);
  if (fd->type == VMH_PLAN_FD_CHIP)
    return vmh_chip_open (fd->path, error);
  if (fd->type == VMH_PLAN_FD_USB)
    return vmh_hostdev_open (files->bundle, fd->kind, &fd->usb, error);
  if (fd->type == VMH_PLAN_FD_SHMEM)
    return vmh_shmem_open (files->bundle, fd->name, fd->size, error);
  if (fd->type != VMH_PLAN_FD_TAP)
    return -1;
  if (g_str_equal (fd->kind, "direct"))
    {
      const VmhMacvtap card = { .machine = vmh_bundle_get_uuid (files->bundle),
                                .device = fd->path,
                                .mode = fd->mode,
                                .mac = fd->name };

      return vmh_macvtap_open (&card, error);
    }
  if (g_str_equal (fd->kind, "bridge"))
    return vmh_tap_open (fd->path, fd->name, error);
  return vmh_tap_open_isolated (vmh_bundle_get_owner (files->bundle), fd->path, fd->name, error);
}

/* The plan may go as soon as this is told, and the taps must not stay any longer. */
static void
fail (GTask *task, GError *error)
{
  g_clear_pointer ((VmhFiles **)g_task_get_task_data (task), vmh_files_free);
  g_task_return_error (task, error);
}

static const VmhPlanFd *
get_next (VmhFiles *files)
{
  GPtrArray *wanted = vmh_plan_get_fds (files->plan);

  return files->fds->len < wanted->len ? wanted->pdata[files->fds->len] : NULL;
}

/* @error (consumed) where there is one, else @fd is the next one's. */
static void
add_file (GTask *owned_task, int fd, GError *error)
{
  g_autoptr (GTask) task = owned_task;
  VmhFiles *files = get_files (task);

  if (error)
    {
      fail (task, error);
      return;
    }
  g_array_append_val (files->fds, fd);
  open_files (g_steal_pointer (&task));
}

static void
on_kernel_copied (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  int fd = vmh_kernel_copy_finish (result, &error);

  add_file (data, fd, error);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  VmhFiles *files = get_files (task);
  const VmhPlanFd *wanted = get_next (files);
  GError *error = NULL;
  int fd = vmh_storage_open_finish (result, &error);

  if (fd >= 0 && wanted->type == VMH_PLAN_FD_COPY)
    vmh_kernel_copy_async (fd, vmh_bundle_get_owner (files->bundle), wanted->path,
                           g_task_get_cancellable (task), on_kernel_copied, task);
  else
    add_file (task, fd, error);
}

static void
on_lun_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  int fd = vmh_lun_open_finish (result, &error);

  add_file (data, fd, error);
}

/* Whether the next one is the last of its fd set: the one that is written by, where any is. */
static gboolean
is_last_of_set (VmhFiles *files)
{
  GPtrArray *wanted = vmh_plan_get_fds (files->plan);
  guint next = files->fds->len + 1;

  return next == wanted->len ||
         ((const VmhPlanFd *)wanted->pdata[next])->set != get_next (files)->set;
}

/* It was looked at as its owner, and is a folder: the program that shares it opens it anew. */
static void
on_folder_found (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhFiles *files = get_files (data);
  const char *path = get_next (files)->path;
  g_autoptr (GError) failure = NULL;
  GError *error = NULL;
  int fd = vmh_errand_open_finish (result, &failure);

  vmh_close_later (vmh_bundle_get_owner (files->bundle), fd);
  if (fd >= 0 || !g_error_matches (failure, VMH_ERRNO, EISDIR))
    error = g_error_new (INN_ERROR, INN_ERROR_NOT_FOUND,
                         _ ("The folder “%s” is not there, or the machine’s owner may not look at "
                            "it. Choose another folder."),
                         path);
  add_file (data, -1, error);
}

/* Nobody shares what says how the machines run by mistake. It is no wall: the folder is opened with
 * the owner's rights, and leads where those lead. */
static gboolean
check_folder (const char *path, GError **error)
{
  const char *machines = vmh_store_get_machines_path ();
  gsize length = strlen (machines);

  if (strncmp (path, machines, length) != 0 || (path[length] != '/' && path[length] != '\0'))
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_DENIED,
               _ ("“%s” cannot be shared: the machines are kept there. Choose another folder."),
               path);
  return FALSE;
}

/* Takes the task over. */
static void
open_files (GTask *owned_task)
{
  g_autoptr (GTask) task = owned_task;
  VmhFiles *files = get_files (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  const VmhPlanFd *fd;

  while ((fd = get_next (files)) != NULL)
    {
      GError *error = NULL;
      int file;

      if (fd->type == VMH_PLAN_FD_FILE || fd->type == VMH_PLAN_FD_COPY)
        {
          vmh_storage_open_async (files->bundle, fd->path, fd->writable, cancellable, on_opened,
                                  g_steal_pointer (&task));
          return;
        }
      if (fd->type == VMH_PLAN_FD_LUN)
        {
          vmh_lun_open_async (files->bundle, fd->path, fd->writable, is_last_of_set (files),
                              cancellable, on_lun_opened, g_steal_pointer (&task));
          return;
        }
      if (vmh_plan_is_beside (fd) && fd->path && check_folder (fd->path, &error))
        {
          vmh_errand_open_async (vmh_bundle_get_owner (files->bundle), fd->path, O_RDONLY,
                                 cancellable, on_folder_found, g_steal_pointer (&task));
          return;
        }
      file = error ? -1 : open_now (files, fd, &error);
      if (error)
        {
          fail (task, error);
          return;
        }
      g_array_append_val (files->fds, file);
    }
  g_task_return_pointer (task, g_steal_pointer ((VmhFiles **)g_task_get_task_data (task)),
                         (GDestroyNotify)vmh_files_free);
}

void
vmh_files_open_async (VmhBundle *bundle,
                      VmhPlan *plan,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  VmhFiles **holder = g_new0 (VmhFiles *, 1);
  VmhFiles *files = *holder = g_new0 (VmhFiles, 1);

  g_task_set_source_tag (task, vmh_files_open_async);
  g_task_set_check_cancellable (task, FALSE);
  files->bundle = vmh_bundle_ref (bundle);
  files->plan = plan;
  files->fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_task_set_task_data (task, holder, holder_free);
  open_files (task);
}

VmhFiles *
vmh_files_open_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
