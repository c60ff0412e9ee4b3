/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* New empty images: an empty file is made first, which must not be there, and qemu-img writes into
 * that very file, through its fd: no name is handed on and none can be exchanged on the way. */

#include "vmh-image-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "core/vmh-flow.h"
#include "core/vmh-spawn.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

/* What qemu-img says when it fails. */
#define MAX_OUTPUT 16384

typedef struct
{
  int folder;
  char *name;
  char *format;
  guint64 size;
  int fd; /* -1 until it is made */
  VmhProcess *process;
} Work;

static void
work_free (Work *work)
{
  vmh_clear_fd (&work->folder);
  vmh_clear_fd (&work->fd);
  g_clear_pointer (&work->process, vmh_process_unref);
  g_free (work->name);
  g_free (work->format);
  g_free (work);
}

static void
set_errno (GError **error, int code, const char *name)
{
  g_autoptr (GError) plain =
      g_error_new_literal (G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));

  g_propagate_error (error, inn_error_from_io (plain, name));
}

int
vmh_image_make_file (int dirfd, const char *name, GError **error)
{
  int fd =
      openat (dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);

  if (fd < 0)
    set_errno (error, errno, name);
  return fd;
}

typedef struct
{
  int fd, folder;
  char *name;
} Sync;

static void
sync_free (Sync *sync)
{
  g_free (sync->name);
  g_free (sync);
}

static void
sync_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Sync *sync = data;
  GError *error = NULL;

  if (fsync (sync->fd) == 0 && (sync->folder < 0 || fsync (sync->folder) == 0))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  set_errno (&error, errno, sync->name);
  g_task_return_error (task, error);
}

void
vmh_image_sync_async (int fd,
                      int dirfd,
                      const char *name,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Sync *sync = g_new0 (Sync, 1);

  g_task_set_source_tag (task, vmh_image_sync_async);
  sync->fd = fd;
  sync->folder = dirfd;
  sync->name = g_strdup (name);
  g_task_set_task_data (task, sync, (GDestroyNotify)sync_free);
  g_task_run_in_thread (task, sync_thread);
}

gboolean
vmh_image_sync_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
check_size (guint64 size, const char *name, GError **error)
{
  g_autofree char *smallest = g_format_size_full (VMH_IMAGE_MIN_SIZE, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *largest = g_format_size_full (VMH_IMAGE_MAX_SIZE, G_FORMAT_SIZE_IEC_UNITS);

  if (size >= VMH_IMAGE_MIN_SIZE && size <= VMH_IMAGE_MAX_SIZE)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
               _ ("The size of the disk “%s” must be between %s and %s."), name, smallest, largest);
  return FALSE;
}

static gboolean
fill_raw (const Work *work, GError **error)
{
  if (ftruncate (work->fd, (off_t)work->size) == 0)
    return TRUE;
  if (errno == EFBIG || errno == EINVAL)
    {
      g_autofree char *size = g_format_size_full (work->size, G_FORMAT_SIZE_IEC_UNITS);

      g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                   _ ("The file system cannot hold a file of %s. Choose a smaller disk, the format "
                      "qcow2, or another folder for “%s”."),
                   size, work->name);
    }
  else
    set_errno (error, errno, work->name);
  return FALSE;
}

static gboolean
make (gpointer context, GError **error)
{
  Work *work = context;

  work->fd = vmh_image_make_file (work->folder, work->name, error);
  return work->fd >= 0 && (!g_str_equal (work->format, "raw") || fill_raw (work, error));
}

static void
unmake (gpointer context)
{
  const Work *work = context;

  if (work->fd >= 0)
    unlinkat (work->folder, work->name, 0);
}

static void
start_fill (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  Work *work = context;
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, work->size);
  g_autoptr (VmhSpawn) spawn = NULL;
  GError *error = NULL;

  if (g_str_equal (work->format, "raw"))
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

      g_task_return_boolean (task, TRUE);
      return;
    }
  spawn = vmh_spawn_new ("/usr/bin/qemu-img", geteuid ());
  vmh_spawn_bind (spawn);
  vmh_spawn_add_args (spawn, "create", "-q", "-f", "qcow2", "--", "/proc/self/fd/0", size, NULL);
  vmh_spawn_pass_fd (spawn, STDIN_FILENO, work->fd);
  vmh_spawn_capture (spawn, STDERR_FILENO, MAX_OUTPUT);
  work->process = vmh_spawn_start (spawn, NULL, NULL, &error);
  if (work->process != NULL)
    vmh_process_wait_async (work->process, 0, cancellable, callback, data);
  else
    g_task_report_error (NULL, callback, data, start_fill, error);
}

static gboolean
finish_fill (gpointer context, GAsyncResult *result, GError **error)
{
  Work *work = context;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *said = NULL;
  gboolean full;

  if (work->process == NULL)
    return g_task_propagate_boolean (G_TASK (result), error);
  if (vmh_process_wait_finish (work->process, result, &failure))
    return TRUE;
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_NO_QEMU,
                           _ ("The program qemu-img, which makes disk images, is not installed. "
                              "Install the package “qemu-utils” (or “qemu-img”), then try again."));
      return FALSE;
    }
  bytes = vmh_process_get_output (work->process);
  said = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  full = said != NULL && strstr (said, "No space left on device") != NULL;
  g_set_error (error, INN_ERROR, full ? INN_ERROR_NO_SPACE : INN_ERROR_QEMU,
               _ ("The disk image “%s” could not be made: %s"), work->name,
               said != NULL ? g_strchomp (said) : failure->message);
  return FALSE;
}

static void
start_sync (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  const Work *work = context;

  vmh_image_sync_async (work->fd, work->folder, work->name, cancellable, callback, data);
}

static const VmhStep steps[] = {
  { "make", 1, .run = make, .undo = unmake },
  { "fill", 1, .start = start_fill, .finish = finish_fill },
  { "sync", 1, .start = start_sync },
  { NULL },
};

void
vmh_image_end_flow (GTask *owned_task, GAsyncResult *flow, const char *cancelled)
{
  g_autoptr (GTask) task = owned_task;
  g_autoptr (GError) error = NULL;

  if (vmh_flow_run_finish (flow, &error))
    g_task_return_boolean (task, TRUE);
  else if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_CANCELLED, "%s", cancelled);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
on_flow_run (GObject *source, GAsyncResult *result, gpointer data)
{
  const Work *work = g_task_get_task_data (data);
  g_autofree char *cancelled = g_strdup_printf (_ ("Making “%s” was cancelled."), work->name);

  vmh_image_end_flow (data, result, cancelled);
}

void
vmh_image_create_async (int dirfd,
                        const char *name,
                        const char *format,
                        guint64 size,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  GError *error = NULL;
  Work *work;

  g_task_set_source_tag (task, vmh_image_create_async);
  g_task_set_check_cancellable (task, FALSE); /* the flow looks, and cleans up */
  if (!vmh_image_check_name (name, &error) || !check_size (size, name, &error) ||
      !vmh_image_check_target (format, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  work = g_new0 (Work, 1);
  work->folder = fcntl (dirfd, F_DUPFD_CLOEXEC, 3);
  work->name = g_strdup (name);
  work->format = g_strdup (format);
  work->size = size;
  work->fd = -1;
  g_task_set_task_data (task, work, (GDestroyNotify)work_free);
  vmh_flow_run_async ("image", steps, work, NULL, cancellable, on_flow_run,
                      g_steal_pointer (&task));
}

gboolean
vmh_image_create_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
vmh_image_check_target (const char *format, GError **error)
{
  if (g_str_equal (format, "qcow2") || g_str_equal (format, "raw"))
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
               _ ("New disk images can be of the format qcow2 or raw, not %s."), format);
  return FALSE;
}
