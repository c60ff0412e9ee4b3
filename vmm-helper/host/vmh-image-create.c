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

#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

typedef struct
{
  int folder;
  char *name;
  char *format;
  guint64 size;
} Work;

static void
work_free (Work *work)
{
  vmh_clear_fd (&work->folder);
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

gboolean
vmh_image_sync (int fd, int dirfd, const char *name, GError **error)
{
  if (fsync (fd) == 0 && fsync (dirfd) == 0)
    return TRUE;
  set_errno (error, errno, name);
  return FALSE;
}

gboolean
vmh_image_check_size (guint64 size, const char *name, GError **error)
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
fill_raw (int fd, const Work *work, GError **error)
{
  if (ftruncate (fd, (off_t)work->size) == 0)
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
fill_qcow2 (int fd, const Work *work, GError **error)
{
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, work->size);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) failure = NULL;
  g_autofree char *said = NULL;

  g_subprocess_launcher_set_environ (launcher, (char *[]){ "LC_ALL=C", NULL });
  g_subprocess_launcher_take_stdin_fd (launcher, fcntl (fd, F_DUPFD_CLOEXEC, 3));
  process = g_subprocess_launcher_spawn (launcher, &failure, "/usr/bin/qemu-img", "create", "-q",
                                         "-f", "qcow2", "--", "/proc/self/fd/0", size, NULL);
  if (process == NULL)
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_NO_QEMU,
                           _ ("The program qemu-img, which makes disk images, is not installed. "
                              "Install the package “qemu-utils” (or “qemu-img”), then try again."));
      return FALSE;
    }
  if (!g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &said, &failure) ||
      !g_subprocess_get_successful (process))
    {
      gboolean full = said != NULL && strstr (said, g_strerror (ENOSPC)) != NULL;

      g_set_error (error, INN_ERROR, full ? INN_ERROR_NO_SPACE : INN_ERROR_QEMU,
                   _ ("The disk image “%s” could not be made: %s"), work->name,
                   said != NULL ? g_strchomp (said) : failure->message);
      return FALSE;
    }
  return TRUE;
}

static void
create_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Work *work = data;
  g_autoptr (GError) error = NULL;
  VMH_AUTOFD fd = vmh_image_make_file (work->folder, work->name, &error);
  gboolean made;

  if (fd < 0)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  made = g_str_equal (work->format, "raw") ? fill_raw (fd, work, &error)
                                           : fill_qcow2 (fd, work, &error);
  made = made && vmh_image_sync (fd, work->folder, work->name, &error);
  if (made && g_cancellable_is_cancelled (cancellable))
    {
      made = FALSE;
      g_set_error (&error, INN_ERROR, INN_ERROR_CANCELLED, _ ("Making “%s” was cancelled."),
                   work->name);
    }
  if (made)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  unlinkat (work->folder, work->name, 0);
  g_task_return_error (task, g_steal_pointer (&error));
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
  g_task_set_check_cancellable (task, FALSE); /* the thread looks, and cleans up */
  if (!vmh_image_check_name (name, &error) || !vmh_image_check_size (size, name, &error) ||
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
  g_task_set_task_data (task, work, (GDestroyNotify)work_free);
  g_task_run_in_thread (task, create_thread);
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
