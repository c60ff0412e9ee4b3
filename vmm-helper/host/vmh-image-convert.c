/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A foreign image → an image of ours: looked at, checked for room, then mirrored block by block by
 * a QEMU in an empty room. The steps are a flow, so that cancel and undo come with it. */

#include "vmh-image-private.h"

#include <inttypes.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/vmh-flow.h"
#include "qemu/vmh-copier.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

typedef struct
{
  VmhCopier *copier; /* first: the steps of it know no more */
  int source;        /* the caller's */
  uid_t user;
  char *source_name;
  char *source_format;
  VmhImageInfo *info;

  int folder;
  char *folder_name;
  char *name;
  char *format;
  int target;   /* -1 until it is made */
  guint64 size; /* of the virtual disk, as QEMU reads it */

  VmhImageProgress progress;
  gpointer progress_data;
} Convert;

static void
convert_free (Convert *convert)
{
  g_clear_pointer (&convert->copier, vmh_copier_free);
  vmh_clear_fd (&convert->folder);
  vmh_clear_fd (&convert->target);
  vmh_image_info_free (convert->info);
  g_free (convert->source_name);
  g_free (convert->source_format);
  g_free (convert->folder_name);
  g_free (convert->name);
  g_free (convert->format);
  g_free (convert);
}

/* What the copy takes on disk at least: all that is there, but no more than the disk has. A packed
 * image (a streamed vmdk) will take more, which is seen when it happens. */
static gboolean
check_room (const Convert *convert, GError **error)
{
  guint64 needed = MIN (convert->info->allocated_size, convert->info->virtual_size);
  struct statvfs fs;
  guint64 free_bytes;
  g_autofree char *needs = g_format_size (needed);
  g_autofree char *has = NULL;

  if (fstatvfs (convert->folder, &fs) != 0)
    return TRUE;
  free_bytes = (guint64)fs.f_bavail * fs.f_frsize;
  if (free_bytes >= needed)
    return TRUE;
  has = g_format_size (free_bytes);
  g_set_error (error, INN_ERROR, INN_ERROR_NO_SPACE,
               _ ("“%s” needs %s in the folder %s, where only %s are free. Free some space, then "
                  "try again."),
               convert->source_name, needs, convert->folder_name, has);
  return FALSE;
}

static void
start_inspect (gpointer context,
               VmhJob *job,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer data)
{
  const Convert *convert = context;

  vmh_image_inspect_async (convert->source, convert->user, cancellable, callback, data);
}

static gboolean
finish_inspect (gpointer context, GAsyncResult *result, GError **error)
{
  Convert *convert = context;

  convert->info = vmh_image_inspect_finish (result, error);
  return convert->info != NULL &&
         vmh_image_info_check (convert->info, convert->source_name, convert->source_format,
                               error) &&
         check_room (convert, error);
}

static void
start_use (gpointer context,
           VmhJob *job,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer data)
{
  const Convert *convert = context;

  vmh_image_in_use_async (convert->source, convert->user, cancellable, callback, data);
}

static gboolean
finish_use (gpointer context, GAsyncResult *result, GError **error)
{
  const Convert *convert = context;

  return vmh_image_finish_unused (result, convert->source_name, error);
}

static gboolean
make_target (gpointer context, GError **error)
{
  Convert *convert = context;

  convert->target = vmh_image_make_file (convert->folder, convert->name, error);
  return convert->target >= 0;
}

static void
remove_target (gpointer context)
{
  Convert *convert = context;

  if (convert->target < 0)
    return;
  /* The room on the disk is free at once, though the killed QEMU may hold the file for a moment. */
  if (ftruncate (convert->target, 0) != 0)
    g_warning ("%s: %s", convert->name, g_strerror (errno));
  unlinkat (convert->folder, convert->name, 0);
}

static void
start_copier (gpointer context,
              VmhJob *job,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  Convert *convert = context;
  g_autoptr (GError) error = NULL;
  const char *emulator = vmh_image_find_emulator (&error);

  if (emulator == NULL)
    {
      g_task_report_error (NULL, callback, data, start_copier, g_steal_pointer (&error));
      return;
    }
  convert->copier = vmh_copier_new ();
  vmh_copier_start_async (convert->copier, emulator, convert->user, convert->source,
                          convert->target, cancellable, callback, data);
}

static void
start_source (gpointer context,
              VmhJob *job,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  Convert *convert = context;
  gboolean read_only = (fcntl (convert->source, F_GETFL) & O_ACCMODE) == O_RDONLY;

  vmh_copier_open_source_async (convert->copier, convert->source_format,
                                convert->info->block_device, read_only, cancellable, callback,
                                data);
}

static gboolean
finish_source (gpointer context, GAsyncResult *result, GError **error)
{
  Convert *convert = context;
  g_autoptr (GError) failure = NULL;

  if (vmh_copier_open_source_finish (convert->copier, result, &failure))
    return TRUE;
  if (g_error_matches (failure, INN_ERROR, INN_ERROR_QEMU))
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” cannot be read as a %s image (%s). Get it again."), convert->source_name,
                 convert->source_format, failure->message);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
start_size (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  Convert *convert = context;

  vmh_copier_get_size_async (convert->copier, cancellable, callback, data);
}

static gboolean
finish_size (gpointer context, GAsyncResult *result, GError **error)
{
  Convert *convert = context;

  if (!vmh_copier_get_size_finish (convert->copier, result, &convert->size, error))
    return FALSE;
  if (convert->size == 0 || convert->size > VMH_IMAGE_MAX_SIZE)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                   _ ("“%s” holds a disk of %" PRIu64 " bytes, which nothing can be done "
                      "with. Choose another image."),
                   convert->source_name, convert->size);
      return FALSE;
    }
  /* A raw image has its size from its file. */
  if (g_str_equal (convert->format, "raw") &&
      ftruncate (convert->target, (off_t)convert->size) != 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                   _ ("The file system of %s cannot hold so large a file (%s). Choose the format "
                      "qcow2 or another folder."),
                   convert->folder_name, g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

/* @cause, taken over: what went wrong while writing, which is told in a person's words; NULL:
 * nothing did. */
static gboolean
check_written (const Convert *convert, GError *cause, GError **error)
{
  g_autoptr (GError) failure = cause;

  if (failure == NULL)
    return TRUE;
  if (strstr (failure->message, "No space left on device") != NULL)
    {
      g_autofree char *size = g_format_size (convert->size);

      g_set_error (error, INN_ERROR, INN_ERROR_NO_SPACE,
                   _ ("The folder %s became full while “%s” was copied, which may need up to %s. "
                      "Free some space, then try again."),
                   convert->folder_name, convert->source_name, size);
    }
  else if (g_error_matches (failure, INN_ERROR, INN_ERROR_QEMU))
    g_set_error (error, INN_ERROR, INN_ERROR_IO,
                 _ ("“%s” could not be copied to %s: %s. Check the image and the disks it is on."),
                 convert->source_name, convert->folder_name, failure->message);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
start_format (gpointer context,
              VmhJob *job,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  Convert *convert = context;

  vmh_copier_format_async (convert->copier, convert->format, convert->size, cancellable, callback,
                           data);
}

static gboolean
finish_format (gpointer context, GAsyncResult *result, GError **error)
{
  Convert *convert = context;
  GError *failure = NULL;

  vmh_copier_format_finish (convert->copier, result, &failure);
  return check_written (convert, failure, error);
}

static void
start_open_format (gpointer context,
                   VmhJob *job,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  Convert *convert = context;

  vmh_copier_open_format_async (convert->copier, convert->format, cancellable, callback, data);
}

static void
start_copy (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  Convert *convert = context;

  vmh_copier_copy_async (convert->copier, convert->progress, convert->progress_data, cancellable,
                         callback, data);
}

static gboolean
finish_copy (gpointer context, GAsyncResult *result, GError **error)
{
  Convert *convert = context;
  GError *failure = NULL;

  vmh_copier_copy_finish (convert->copier, result, &failure);
  return check_written (convert, failure, error);
}

static gboolean
finish_quit (gpointer context, GAsyncResult *result, GError **error)
{
  Convert *convert = context;
  g_autoptr (GError) failure = NULL;

  if (vmh_copier_quit_finish (convert->copier, result, &failure))
    return TRUE;
  g_propagate_error (error, inn_error_from_io (failure, convert->source_name));
  return FALSE;
}

static void
start_sync (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  const Convert *convert = context;

  vmh_image_sync_async (convert->target, convert->folder, convert->name, cancellable, callback,
                        data);
}

static const VmhStep steps[] = {
  { "inspect", 1, NULL, start_inspect, finish_inspect, NULL },
  { "use", 1, NULL, start_use, finish_use, NULL },
  { "make", 1, make_target, NULL, NULL, remove_target },
  { "start", 1, NULL, start_copier, NULL, vmh_image_end_copier },
  { "source", 1, NULL, start_source, finish_source, NULL },
  { "size", 1, NULL, start_size, finish_size, NULL },
  { "target", 1, NULL, vmh_image_start_target, vmh_image_finish_target, NULL },
  { "format", 1, NULL, start_format, finish_format, NULL },
  { "open", 1, NULL, start_open_format, vmh_image_finish_format, NULL },
  { "copy", 1, NULL, start_copy, finish_copy, NULL },
  { "quit", 1, NULL, vmh_image_start_quit, finish_quit, NULL },
  { "sync", 1, NULL, start_sync, NULL, NULL },
  { NULL },
};

static void
on_flow_run (GObject *source, GAsyncResult *result, gpointer data)
{
  const Convert *convert = g_task_get_task_data (data);
  g_autofree char *cancelled =
      g_strdup_printf (_ ("Copying “%s” was cancelled."), convert->source_name);

  vmh_image_end_flow (data, result, cancelled);
}

void
vmh_image_convert_async (int source_fd,
                         uid_t user,
                         const char *source_format,
                         int dirfd,
                         const char *name,
                         const char *folder,
                         const char *target_format,
                         VmhImageProgress progress,
                         gpointer progress_data,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  static const char *const known[] = { "raw", "qcow2", "vmdk", "vdi", "vpc", "vhdx", NULL };
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  GError *error = NULL;
  Convert *convert;

  g_task_set_source_tag (task, vmh_image_convert_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!g_strv_contains (known, source_format))
    g_set_error (&error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("Disk images of the format %s cannot be copied."), source_format);
  else if (vmh_image_check_fd (source_fd, FALSE, &error) && vmh_image_check_name (name, &error))
    vmh_image_check_target (target_format, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  convert = g_new0 (Convert, 1);
  convert->source = source_fd;
  convert->user = user;
  convert->source_name = vmh_image_describe (source_fd);
  convert->source_format = g_strdup (source_format);
  convert->folder = fcntl (dirfd, F_DUPFD_CLOEXEC, 3);
  convert->folder_name = g_strdup (folder);
  convert->name = g_strdup (name);
  convert->format = g_strdup (target_format);
  convert->target = -1;
  convert->progress = progress;
  convert->progress_data = progress_data;
  g_task_set_task_data (task, convert, (GDestroyNotify)convert_free);
  vmh_flow_run_async ("convert", steps, convert, NULL, cancellable, on_flow_run,
                      g_steal_pointer (&task));
}

gboolean
vmh_image_convert_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
