/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* See vmh-qmp-job.h. */
#include "qemu/vmh-qmp-job.h"

#include <glib/gi18n-lib.h>

#include "shared/inn-errors.h"

/* A block job's commands answer at once; a QEMU that takes longer is stuck. */
#define CALL_TIMEOUT_MS 20000u

/* How often a job's progress is asked for; its end is told by an event. */
#define POLL_MS 250u

#define JOB_ID "job"

/* A job on its way: asked for again and again until it is "concluded". */
typedef struct
{
  VmhQmp *qmp; /* its own: the caller's may go as soon as the task has returned */
  VmhQmpProgress progress;
  gpointer progress_data;
  guint timer;
  gulong event;
  gboolean asking;    /* query-jobs is under way */
  gboolean again;     /* and something has happened meanwhile */
  gboolean completed; /* a mirror that is in step has been told to end */
} Job;

static void
job_free (Job *job)
{
  g_clear_handle_id (&job->timer, g_source_remove);
  g_clear_signal_handler (&job->event, job->qmp);
  g_object_unref (job->qmp);
  g_free (job);
}

static void ask_jobs (GTask *task);

/* @error NULL: done. Consumes both. */
static void
end_job (GTask *task, GError *error)
{
  Job *job = g_task_get_task_data (task);

  g_clear_handle_id (&job->timer, g_source_remove);
  g_clear_signal_handler (&job->event, job->qmp);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_job_dismissed (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  JsonNode *reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  g_clear_pointer (&reply, json_node_unref);
  end_job (data, error);
}

static void
on_completed (GObject *source, GAsyncResult *result, gpointer data)
{
  /* If it was refused, the job tells by its state. */
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);
}

static gboolean
on_poll (gpointer data)
{
  Job *job = g_task_get_task_data (data);

  job->timer = 0;
  ask_jobs (data);
  return G_SOURCE_REMOVE;
}

static void
on_job_event (VmhQmp *qmp, const char *name, JsonObject *what, gint64 time, gpointer data)
{
  Job *job = g_task_get_task_data (data);

  if (!g_str_equal (name, "JOB_STATUS_CHANGE"))
    return;
  job->again = TRUE;
  if (!job->asking && job->timer != 0)
    {
      g_clear_handle_id (&job->timer, g_source_remove);
      ask_jobs (data);
    }
}

static JsonObject *
id_argument (void)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "id", JOB_ID);
  return arguments;
}

static void
look_at_job (GTask *task, JsonObject *facts)
{
  Job *job = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  VmhQmp *qmp = job->qmp;
  const char *status = vmh_qmp_string (facts, "status");
  const char *failure = vmh_qmp_string (facts, "error");

  if (g_str_equal (status, "concluded"))
    {
      if (*failure != '\0')
        end_job (task, g_error_new_literal (INN_ERROR, INN_ERROR_QEMU, failure));
      else
        vmh_qmp_call_async (qmp, "job-dismiss", id_argument (), -1, CALL_TIMEOUT_MS, cancellable,
                            on_job_dismissed, task);
      return;
    }
  if (job->progress != NULL)
    job->progress ((guint64)vmh_qmp_int (facts, "current-progress", 0),
                   (guint64)vmh_qmp_int (facts, "total-progress", 0), job->progress_data);
  if (g_str_equal (status, "ready") && !job->completed)
    {
      job->completed = TRUE;
      vmh_qmp_call_async (qmp, "job-complete", id_argument (), -1, CALL_TIMEOUT_MS, NULL,
                          on_completed, NULL);
    }
  if (job->again)
    ask_jobs (task);
  else
    job->timer = g_timeout_add (POLL_MS, on_poll, task);
}

static void
on_jobs_told (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Job *job = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);
  JsonArray *jobs =
      reply != NULL && JSON_NODE_HOLDS_ARRAY (reply) ? json_node_get_array (reply) : NULL;
  JsonNode *first =
      jobs != NULL && json_array_get_length (jobs) == 1 ? json_array_get_element (jobs, 0) : NULL;

  job->asking = FALSE;
  if (first != NULL && JSON_NODE_HOLDS_OBJECT (first))
    look_at_job (task, json_node_get_object (first));
  else
    end_job (task, error != NULL ? error
                                 : g_error_new_literal (INN_ERROR, INN_ERROR_QEMU,
                                                        _ ("QEMU lost its own job.")));
}

static void
ask_jobs (GTask *task)
{
  Job *job = g_task_get_task_data (task);

  job->asking = TRUE;
  job->again = FALSE;
  vmh_qmp_call_async (job->qmp, "query-jobs", NULL, -1, CALL_TIMEOUT_MS,
                      g_task_get_cancellable (task), on_jobs_told, task);
}

static void
on_job_started (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply != NULL)
    ask_jobs (data);
  else
    end_job (data, error);
}

void
vmh_qmp_run_job_async (VmhQmp *qmp,
                       const char *command,
                       JsonObject *arguments,
                       VmhQmpProgress progress,
                       gpointer progress_data,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  GTask *task = g_task_new (qmp, cancellable, callback, data);
  Job *job = g_new0 (Job, 1);

  g_task_set_source_tag (task, vmh_qmp_run_job_async);
  g_task_set_check_cancellable (task, FALSE);
  job->qmp = g_object_ref (qmp);
  job->progress = progress;
  job->progress_data = progress_data;
  job->asking = TRUE;
  job->event = g_signal_connect (qmp, "event", G_CALLBACK (on_job_event), task);
  g_task_set_task_data (task, job, (GDestroyNotify)job_free);
  json_object_set_string_member (arguments, "job-id", JOB_ID);
  vmh_qmp_call_async (qmp, command, arguments, -1, CALL_TIMEOUT_MS, cancellable, on_job_started,
                      task);
}

gboolean
vmh_qmp_run_job_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
