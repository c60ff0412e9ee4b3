/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Copies a file that is its owner's into memory, by a program that may hang where the file's file
 * system does. Knows no machine. */
#include "vmh-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/vmh-memory-file.h"
#include "core/vmh-spawn.h"
#include "core/vmh-stuck.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"
#include "vmh-bundle.h"

/* Distributions' largest initial RAM disks have about 200 MiB. */
#define MAX_KERNEL (256 * 1024 * 1024)

/* Seconds for all of it, from a slow disk. */
#define PATIENCE 60

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static gboolean
check_size (guint64 size, const char *path, GError **error)
{
  if (size <= MAX_KERNEL)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
               _ ("“%s” is larger than %d MiB, which no kernel or initial RAM disk is. Choose "
                  "another file."),
               path, MAX_KERNEL / 1024 / 1024);
  return FALSE;
}

gboolean
vmh_kernel_check (int fd, const char *path, GError **error)
{
  struct statx st;

  /* As the kernel remembers it: a file system that hangs is not asked. */
  if (statx (fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE, &st) == 0 &&
      S_ISREG (st.stx_mode))
    return check_size (st.stx_size, path, error);
  g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
               _ ("“%s” is not a file. Choose a kernel and an initial RAM disk that are files."),
               path);
  return FALSE;
}

typedef struct
{
  char *path;
  VmhProcess *process;
  int memory;
} Copy;

static void
copy_free (gpointer data)
{
  Copy *copy = data;

  vmh_clear_fd (&copy->memory);
  g_clear_pointer (&copy->process, vmh_process_unref);
  g_free (copy->path);
  g_free (copy);
}

static void
on_copied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Copy *copy = g_task_get_task_data (task);
  GError *error = NULL;
  struct stat st;

  if (!vmh_process_wait_finish (copy->process, result, NULL))
    g_task_return_new_error (task, INN_ERROR,
                             g_cancellable_is_cancelled (g_task_get_cancellable (task))
                                 ? INN_ERROR_CANCELLED
                                 : INN_ERROR_IO,
                             _ ("“%s” cannot be read. Check the disk or the network connection "
                                "that it is on."),
                             copy->path);
  else if (fstat (copy->memory, &st) < 0 || fcntl (copy->memory, F_ADD_SEALS, SEALS) < 0 ||
           lseek (copy->memory, 0, SEEK_SET) < 0)
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_IO, "%s: %s", copy->path,
                             g_strerror (errno));
  else if (!check_size ((guint64)st.st_size, copy->path, &error))
    g_task_return_error (task, error);
  else
    g_task_return_int (task, vmh_steal_fd (&copy->memory));
}

void
vmh_kernel_copy_async (int fd,
                       uid_t owner,
                       const char *path,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (VmhSpawn) spawn = vmh_spawn_new ("/usr/bin/head", owner);
  /* One byte more than there may be tells that there is more. */
  g_autofree char *most = g_strdup_printf ("%d", MAX_KERNEL + 1);
  Copy *copy = g_new0 (Copy, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, vmh_kernel_copy_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, copy, copy_free);
  copy->path = g_strdup (path);
  copy->memory = vmh_memory_file_new ("kernel", &error);
  if (copy->memory >= 0 && vmh_kernel_check (fd, path, &error))
    {
      vmh_spawn_add_args (spawn, "-c", most, NULL);
      vmh_spawn_bind (spawn);
      vmh_spawn_become (spawn, VMH_PROBE_UID, VMH_PROBE_UID);
      vmh_spawn_pass_fd (spawn, STDIN_FILENO, fd);
      vmh_spawn_pass_fd (spawn, STDOUT_FILENO, copy->memory);
      copy->process = vmh_spawn_start (spawn, NULL, NULL, &error);
    }
  vmh_close_later (owner, fd);
  if (copy->process != NULL)
    vmh_process_wait_async (copy->process, PATIENCE, cancellable, on_copied,
                            g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

int
vmh_kernel_copy_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), -1);
  return (int)g_task_propagate_int (G_TASK (result), error);
}
