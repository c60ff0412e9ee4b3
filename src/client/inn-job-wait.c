/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Waiting for a job's end, whether it is in the list already, comes later, or never does. */
#include <glib/gi18n-lib.h>
#include "inn-client-private.h"

typedef struct
{
  InnConnection *connection;
  char *path;
  InnJob *job; /* once seen */
  gulong items_handler;
  gulong state_handler;
  gulong job_handler;
  gulong cancel_handler;
} Wait;

static void
wait_disconnect (GTask *task)
{
  Wait *wait = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (wait->items_handler != 0)
    g_signal_handler_disconnect (inn_connection_get_jobs (wait->connection), wait->items_handler);
  if (wait->state_handler != 0)
    g_signal_handler_disconnect (wait->connection, wait->state_handler);
  if (wait->job_handler != 0)
    g_signal_handler_disconnect (wait->job, wait->job_handler);
  if (wait->cancel_handler != 0)
    g_signal_handler_disconnect (cancellable, wait->cancel_handler);
  wait->items_handler = wait->state_handler = wait->job_handler = wait->cancel_handler = 0;
}

static void
wait_free (Wait *wait)
{
  g_clear_object (&wait->job);
  g_clear_object (&wait->connection);
  g_free (wait->path);
  g_free (wait);
}

/* Each end takes the reference that the handlers held; later ones find the task completed. */
static void
wait_end (GTask *task, GError *error)
{
  Wait *wait = g_task_get_task_data (task);

  if (wait->state_handler == 0)
    {
      g_clear_error (&error);
      return;
    }
  wait_disconnect (task);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
wait_look (GTask *task)
{
  Wait *wait = g_task_get_task_data (task);
  GError *error = NULL;

  if (wait->job == NULL || inn_job_is_running (wait->job))
    return;
  inn_job_take_result (wait->job, &error);
  wait_end (task, error);
}

static GError *
lost_error (void)
{
  return g_error_new_literal (INN_ERROR, INN_ERROR_HELPER,
                              _ ("The helper was restarted before this was finished. Look at the "
                                 "machine and, if needed, do it again."));
}

static void
on_job_state_changed (InnJob *job, GParamSpec *pspec, GTask *task)
{
  wait_look (task);
}

static void
on_jobs_changed (GListModel *jobs, guint position, guint removed, guint added, GTask *task)
{
  Wait *wait = g_task_get_task_data (task);
  InnJob *job = inn_connection_lookup_job (wait->connection, wait->path);

  if (wait->job == NULL && job != NULL)
    {
      wait->job = g_object_ref (job);
      wait->job_handler =
          g_signal_connect (job, "notify::state", G_CALLBACK (on_job_state_changed), task);
      wait_look (task);
    }
  else if (wait->job != NULL && job == NULL)
    wait_end (task, lost_error ());
}

static void
on_connection_state_changed (InnConnection *connection, GParamSpec *pspec, GTask *task)
{
  const GError *error = inn_connection_get_error (connection);

  /* While CONNECTING the helper may come back and still have the job. */
  if (inn_connection_get_state (connection) == INN_CONNECTION_FAILED)
    wait_end (task, g_error_copy (error));
  else if (inn_connection_get_state (connection) == INN_CONNECTION_READY)
    {
      g_autoptr (GTask) kept = g_object_ref (task);
      Wait *wait = g_task_get_task_data (task);

      on_jobs_changed (NULL, 0, 0, 0, task);
      /* Another helper than the one that gave us the job, before we have seen it. */
      if (wait->job == NULL)
        wait_end (task, lost_error ());
    }
}

static void
on_wait_cancelled (GCancellable *cancellable, GTask *task)
{
  wait_end (task, g_error_new_literal (INN_ERROR, INN_ERROR_CANCELLED, _ ("This was cancelled.")));
}

/* The helper's signals come in order with its replies: if the job is there and we have not been
 * told of it by now, we are about to be. */
static void
on_job_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, &error);
  Wait *wait = g_task_get_task_data (task);

  if (reply == NULL && wait->job == NULL &&
      inn_connection_get_state (wait->connection) != INN_CONNECTION_CONNECTING)
    wait_end (task, g_steal_pointer (&error));
}

void
inn_job_wait_async (InnConnection *connection,
                    const char *path,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  GTask *task;
  Wait *wait;

  g_return_if_fail (INN_IS_CONNECTION (connection));
  g_return_if_fail (path != NULL);
  task = g_task_new (connection, cancellable, callback, data);
  g_task_set_source_tag (task, inn_job_wait_async);
  g_task_set_check_cancellable (task, FALSE);
  wait = g_new0 (Wait, 1);
  wait->connection = g_object_ref (connection);
  wait->path = g_strdup (path);
  g_task_set_task_data (task, wait, (GDestroyNotify)wait_free);
  if (g_cancellable_is_cancelled (cancellable))
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_CANCELLED, _ ("This was cancelled."));
      g_object_unref (task);
      return;
    }
  wait->items_handler = g_signal_connect (inn_connection_get_jobs (connection), "items-changed",
                                          G_CALLBACK (on_jobs_changed), task);
  wait->state_handler = g_signal_connect (connection, "notify::state",
                                          G_CALLBACK (on_connection_state_changed), task);
  if (cancellable != NULL)
    wait->cancel_handler =
        g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_wait_cancelled), task);
  g_object_ref (task);
  on_jobs_changed (NULL, 0, 0, 0, task);
  if (wait->state_handler != 0 && wait->job == NULL)
    inn_connection_call_async (connection, path, "org.freedesktop.DBus.Properties", "Get",
                               g_variant_new ("(ss)", INN_IFACE_JOB, "State"), NULL, cancellable,
                               on_job_asked, g_object_ref (task));
  g_object_unref (task);
}

gboolean
inn_job_wait_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
