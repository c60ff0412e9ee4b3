/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs a table of steps, backwards where one fails. Knows no verb. */
#include "vmh-flow.h"

#include <glib/gi18n-lib.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "shared/inn-errors.h"

typedef struct
{
  const char *verb;
  const VmhStep *steps;
  gpointer context;
  VmhJob *job;
  guint current;
  double done; /* weights of the steps that are */
  double total;
} Flow;

static void next_step (GTask *task);

static void
flow_free (gpointer data)
{
  Flow *flow = data;

  g_clear_object (&flow->job);
  g_free (flow);
}

/* For the tests of what a kill leaves behind: "create:2" dies before create's third step, and with
 * the number of steps after the last. */
static gboolean
is_at (const char *variable, const char *verb, guint n)
{
  const char *where = g_getenv (variable);
  g_autofree char *here = where ? g_strdup_printf ("%s:%u", verb, n) : NULL;

  return here && g_str_equal (here, where);
}

void
vmh_flow_mark (const char *verb, guint n)
{
  if (is_at ("VMH_ABORT_AT", verb, n))
    kill (getpid (), SIGKILL);
}

gboolean
vmh_flow_fails (const char *verb, guint n)
{
  return is_at ("VMH_FAIL_AT", verb, n);
}

static void
fail (GTask *task, GError *error)
{
  Flow *flow = g_task_get_task_data (task);

  for (guint i = flow->current + 1; i-- > 0;)
    if (flow->steps[i].name != NULL && flow->steps[i].undo != NULL)
      flow->steps[i].undo (flow->context);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
step_done (GTask *task)
{
  Flow *flow = g_task_get_task_data (task);

  flow->done += flow->steps[flow->current].weight;
  flow->current++;
  next_step (task);
}

static void
on_step_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Flow *flow = g_task_get_task_data (task);
  const VmhStep *step = &flow->steps[flow->current];
  GError *error = NULL;

  if (step->finish != NULL ? step->finish (flow->context, result, &error)
                           : g_task_propagate_boolean (G_TASK (result), &error))
    step_done (task);
  else
    fail (task, error);
}

static void
next_step (GTask *task)
{
  Flow *flow = g_task_get_task_data (task);
  const VmhStep *step = &flow->steps[flow->current];
  GError *error = NULL;

  vmh_flow_mark (flow->verb, flow->current);
  if (step->name == NULL)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      /* This step has not begun, the one before it has ended. */
      if (flow->current > 0)
        {
          flow->current--;
          fail (task, g_error_new_literal (INN_ERROR, INN_ERROR_CANCELLED, _ ("Cancelled.")));
          return;
        }
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_CANCELLED, _ ("Cancelled."));
      g_object_unref (task);
      return;
    }
  if (flow->job != NULL)
    {
      vmh_job_set_step (flow->job, _ (step->name));
      vmh_job_set_step_range (flow->job, flow->done / flow->total,
                              (flow->done + step->weight) / flow->total);
    }
  if (step->start != NULL)
    step->start (flow->context, flow->job, g_task_get_cancellable (task), on_step_ready, task);
  else if (step->run (flow->context, &error))
    step_done (task);
  else
    fail (task, error);
}

void
vmh_flow_run_async (const char *verb,
                    const VmhStep *steps,
                    gpointer context,
                    VmhJob *job,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Flow *flow = g_new0 (Flow, 1);

  g_task_set_source_tag (task, vmh_flow_run_async);
  /* Cancel counts between steps; once the last is done, what was asked for is there. */
  g_task_set_check_cancellable (task, FALSE);
  flow->verb = verb;
  flow->steps = steps;
  flow->context = context;
  flow->job = job != NULL ? g_object_ref (job) : NULL;
  for (const VmhStep *step = steps; step->name != NULL; step++)
    flow->total += step->weight;
  flow->total = MAX (flow->total, 1);
  g_task_set_task_data (task, flow, flow_free);
  next_step (task);
}

gboolean
vmh_flow_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
