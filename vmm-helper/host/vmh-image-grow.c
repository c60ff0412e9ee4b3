/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* An image that no guest has open gets larger: by a QEMU in an empty room, as what it is may be
 * anybody's. QEMU writes a qcow2's new size last: cut off anywhere, it has the old one. */

#include "vmh-image-private.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "core/vmh-flow.h"
#include "qemu/vmh-copier.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

typedef struct
{
  VmhCopier *copier; /* first: the steps of it know no more */
  int fd;            /* the caller's */
  uid_t user;
  char *name;
  char *format;
  guint64 size;
} Grow;

static void
grow_free (gpointer data)
{
  Grow *grow = data;

  g_clear_pointer (&grow->copier, vmh_copier_free);
  g_free (grow->name);
  g_free (grow->format);
  g_free (grow);
}

static void
start_use (gpointer context,
           VmhJob *job,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer data)
{
  const Grow *grow = context;

  vmh_image_in_use_async (grow->fd, grow->user, cancellable, callback, data);
}

static gboolean
finish_use (gpointer context, GAsyncResult *result, GError **error)
{
  const Grow *grow = context;

  return vmh_image_finish_unused (result, grow->name, error);
}

static void
start_copier (gpointer context,
              VmhJob *job,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  Grow *grow = context;
  g_autoptr (GError) error = NULL;
  const char *emulator = vmh_image_find_emulator (&error);

  if (emulator == NULL)
    {
      g_task_report_error (NULL, callback, data, start_copier, g_steal_pointer (&error));
      return;
    }
  grow->copier = vmh_copier_new ();
  vmh_copier_start_async (grow->copier, emulator, grow->user, grow->fd, grow->fd, cancellable,
                          callback, data);
}

static void
start_format (gpointer context,
              VmhJob *job,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  Grow *grow = context;

  vmh_copier_open_format_async (grow->copier, grow->format, cancellable, callback, data);
}

static void
start_resize (gpointer context,
              VmhJob *job,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  Grow *grow = context;

  vmh_copier_resize_async (grow->copier, grow->size, cancellable, callback, data);
}

static gboolean
finish_resize (gpointer context, GAsyncResult *result, GError **error)
{
  Grow *grow = context;

  return vmh_copier_resize_finish (grow->copier, result, error);
}

static gboolean
finish_quit (gpointer context, GAsyncResult *result, GError **error)
{
  Grow *grow = context;

  return vmh_copier_quit_finish (grow->copier, result, error);
}

static const VmhStep steps[] = {
  { "use", 1, NULL, start_use, finish_use, NULL },
  { "start", 1, NULL, start_copier, NULL, vmh_image_end_copier },
  { "file", 1, NULL, vmh_image_start_target, vmh_image_finish_target, NULL },
  { "open", 1, NULL, start_format, vmh_image_finish_format, NULL },
  { "resize", 1, NULL, start_resize, finish_resize, NULL },
  { "quit", 1, NULL, vmh_image_start_quit, finish_quit, NULL },
  { NULL },
};

static void
on_flow_run (GObject *source, GAsyncResult *result, gpointer data)
{
  const Grow *grow = g_task_get_task_data (data);
  g_autofree char *cancelled = g_strdup_printf (_ ("Growing “%s” was cancelled."), grow->name);

  vmh_image_end_flow (data, result, cancelled);
}

void
vmh_image_grow_async (int fd,
                      uid_t user,
                      const char *format,
                      guint64 size,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  GError *error = NULL;
  Grow *grow;

  g_task_set_source_tag (task, vmh_image_grow_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!vmh_image_check_fd (fd, TRUE, &error) || !vmh_image_check_target (format, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  grow = g_new0 (Grow, 1);
  grow->fd = fd;
  grow->user = user;
  grow->name = vmh_image_describe (fd);
  grow->format = g_strdup (format);
  grow->size = size;
  g_task_set_task_data (task, grow, grow_free);
  vmh_flow_run_async ("grow", steps, grow, NULL, cancellable, on_flow_run, g_steal_pointer (&task));
}

gboolean
vmh_image_grow_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
