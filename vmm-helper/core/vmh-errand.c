/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns what is asked of a child that runs no program. */
#include "vmh-errand.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <unistd.h>
#include "vmh-spawn-private.h"

/* A file on a network that does not answer is not waited for longer, in seconds. */
#define PATIENCE 5
/* A graphics card's driver has much to put away. */
#define DRIVER_PATIENCE 60

typedef struct
{
  VmhProcess *process;
  guint source, timeout;
  GSource *cancel;
  int fd;
} Errand;

static void
stop_watching (Errand *errand)
{
  g_clear_handle_id (&errand->source, g_source_remove);
  g_clear_handle_id (&errand->timeout, g_source_remove);
  if (errand->cancel != NULL)
    g_source_destroy (errand->cancel);
  g_clear_pointer (&errand->cancel, g_source_unref);
}

static void
errand_free (gpointer data)
{
  Errand *errand = data;

  stop_watching (errand);
  if (errand->process != NULL)
    {
      vmh_close_later (errand->process->user, errand->fd);
      vmh_process_unref (errand->process);
    }
  g_free (errand);
}

static void
fail (GTask *owned_task, int code)
{
  g_autoptr (GTask) task = owned_task;
  Errand *errand = g_task_get_task_data (task);

  stop_watching (errand);
  vmh_process_kill (errand->process);
  g_task_return_new_error (task, VMH_ERRNO, code, "%s", g_strerror (code));
}

static gboolean
on_answer (int fd, GIOCondition condition, gpointer data)
{
  GTask *task = data;
  Errand *errand = g_task_get_task_data (task);
  VmhSpawnAnswer said = { EIO, -1 };

  vmh_process_get_answer (errand->process, &said, &errand->fd);
  errand->source = 0;
  if (said.code != 0)
    {
      fail (task, said.code);
      return G_SOURCE_REMOVE;
    }
  stop_watching (errand);
  vmh_process_expect_end (errand->process);
  g_task_return_int (task, said.found);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

static gboolean
on_timeout (gpointer data)
{
  Errand *errand = g_task_get_task_data (data);

  errand->timeout = 0;
  fail (data, ETIMEDOUT);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  fail (data, ECANCELED);
  return G_SOURCE_REMOVE;
}

/* @texts ended by NULL; @fd -1: none; takes nothing over. */
static void
run (VmhSpawnAct act, uid_t user, int flags, int fd, const char *const *texts, GTask *owned_task)
{
  g_autoptr (GTask) task = owned_task;
  g_autoptr (VmhSpawn) spawn = vmh_spawn_new_errand (act, user, flags);
  GCancellable *cancellable = g_task_get_cancellable (task);
  Errand *errand = g_new0 (Errand, 1);
  GError *error = NULL;

  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, errand, errand_free);
  errand->fd = -1;
  for (; *texts != NULL; texts++)
    vmh_spawn_add_arg (spawn, *texts);
  if (fd >= 0)
    vmh_spawn_pass_fd (spawn, 3, fd);
  errand->process = vmh_spawn_start (spawn, NULL, NULL, &error);
  if (errand->process == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  errand->source = g_unix_fd_add (errand->process->channel, G_IO_IN | G_IO_HUP, on_answer, task);
  errand->timeout = g_timeout_add_seconds (act == VMH_SPAWN_DRIVER ? DRIVER_PATIENCE : PATIENCE,
                                           on_timeout, task);
  if (cancellable != NULL)
    {
      errand->cancel = g_cancellable_source_new (cancellable);
      g_source_set_callback (errand->cancel, G_SOURCE_FUNC (on_cancelled), task, NULL);
      g_source_attach (errand->cancel, NULL);
    }
  g_steal_pointer (&task); /* the sources' */
}

void
vmh_errand_open_async (uid_t user,
                       const char *path,
                       int flags,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  run (VMH_SPAWN_OPEN, user, flags, -1, (const char *const[]){ path, NULL },
       g_task_new (NULL, cancellable, callback, data));
}

void
vmh_errand_unlink_async (uid_t user,
                         const char *path,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  run (VMH_SPAWN_UNLINK, user, 0, -1, (const char *const[]){ path, NULL },
       g_task_new (NULL, cancellable, callback, data));
}

void
vmh_errand_find_async (uid_t user,
                       int fd,
                       const char *const *paths,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  run (VMH_SPAWN_FIND, user, 0, fd, paths, g_task_new (NULL, cancellable, callback, data));
}

void
vmh_errand_locked_async (uid_t user,
                         int fd,
                         const char *const *offsets,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  run (VMH_SPAWN_LOCKED, user, 0, fd, offsets, g_task_new (NULL, cancellable, callback, data));
}

void
vmh_errand_driver_async (const char *bus,
                         const char *address,
                         const char *driver,
                         gboolean back,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  run (VMH_SPAWN_DRIVER, geteuid (), 0, -1,
       (const char *const[]){ bus, address, driver, back ? "" : "take", NULL },
       g_task_new (NULL, NULL, callback, data));
}

gboolean
vmh_errand_finish (GAsyncResult *result, int *out_found, GError **error)
{
  GError *local = NULL;
  gssize found;

  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  found = g_task_propagate_int (G_TASK (result), &local);
  if (local != NULL)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (out_found != NULL)
    *out_found = (int)found;
  return TRUE;
}

int
vmh_errand_open_finish (GAsyncResult *result, GError **error)
{
  Errand *errand = g_task_get_task_data (G_TASK (result));

  if (!vmh_errand_finish (result, NULL, error))
    return -1;
  if (errand->fd < 0) /* the kernel drops a file that comes where there is no room for it */
    g_set_error_literal (error, VMH_ERRNO, EMFILE, g_strerror (EMFILE));
  return g_steal_fd (&errand->fd);
}
