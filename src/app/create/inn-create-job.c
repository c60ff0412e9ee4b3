/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Follows Manager.Create to its job's end. If nobody waits any more (the dialog was closed) the job
 * goes on by itself. */
#include "inn-create-job.h"

#include "client/inn-job.h"

#include <glib/gi18n.h>

struct _InnCreateJob
{
  GObject parent_instance;

  InnConnection *connection;
  InnJob *job; /* NULL until it is in the connection's list */
  char *machine, *path;
  char *step;
  gboolean cancelled; /* asked for, before there was a job to cancel */
};

G_DEFINE_FINAL_TYPE (InnCreateJob, inn_create_job, G_TYPE_OBJECT)

enum
{
  PROGRESS,
  ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_job_notify (InnCreateJob *self)
{
  g_clear_pointer (&self->step, g_free);
  g_object_get (self->job, "step", &self->step, NULL);
  g_signal_emit (self, signals[PROGRESS], 0);
}

static void
on_jobs_changed (InnCreateJob *self)
{
  GListModel *jobs = inn_connection_get_jobs (self->connection);

  if (self->job != NULL || self->path == NULL)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr (InnJob) job = g_list_model_get_item (jobs, i);

      if (g_strcmp0 (inn_job_get_path (job), self->path) != 0)
        continue;
      self->job = g_steal_pointer (&job);
      g_signal_connect_object (self->job, "notify", G_CALLBACK (on_job_notify), self,
                               G_CONNECT_SWAPPED);
      if (self->cancelled)
        inn_job_cancel_async (self->job, NULL, NULL);
      on_job_notify (self);
      return;
    }
}

static void
on_job_ended (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnCreateJob) self = data;
  g_autoptr (GError) error = NULL;

  inn_job_wait_finish (result, &error);
  g_signal_emit (self, signals[ENDED], 0, error);
}

static void
on_begun (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnCreateJob) self = data;
  g_autoptr (GError) error = NULL;

  if (!inn_create_finish (result, &self->machine, &self->path, &error))
    {
      g_signal_emit (self, signals[ENDED], 0, error);
      return;
    }
  on_jobs_changed (self);
  inn_job_wait_async (self->connection, self->path, NULL, on_job_ended, g_object_ref (self));
}

static void
inn_create_job_dispose (GObject *object)
{
  InnCreateJob *self = INN_CREATE_JOB (object);

  g_clear_object (&self->job);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->machine, g_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->step, g_free);
  G_OBJECT_CLASS (inn_create_job_parent_class)->dispose (object);
}

static void
inn_create_job_class_init (InnCreateJobClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = inn_create_job_dispose;
  signals[PROGRESS] = g_signal_new ("progress", INN_TYPE_CREATE_JOB, G_SIGNAL_RUN_LAST, 0, NULL,
                                    NULL, NULL, G_TYPE_NONE, 0);
  signals[ENDED] = g_signal_new ("ended", INN_TYPE_CREATE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
inn_create_job_init (InnCreateJob *self)
{
}

InnCreateJob *
inn_create_job_new (InnConnection *connection)
{
  InnCreateJob *self = g_object_new (INN_TYPE_CREATE_JOB, NULL);

  self->connection = g_object_ref (connection);
  g_signal_connect_object (inn_connection_get_jobs (connection), "items-changed",
                           G_CALLBACK (on_jobs_changed), self, G_CONNECT_SWAPPED);
  return self;
}

void
inn_create_job_run (InnCreateJob *self,
                    InnDomain *domain,
                    const InnSource *source,
                    guint64 disk_size,
                    gboolean start)
{
  inn_create_async (self->connection, domain, source, disk_size, start, NULL, on_begun,
                    g_object_ref (self));
}

void
inn_create_job_cancel (InnCreateJob *self)
{
  self->cancelled = TRUE;
  if (self->job != NULL)
    inn_job_cancel_async (self->job, NULL, NULL);
}

const char *
inn_create_job_get_machine (InnCreateJob *self)
{
  return self->machine;
}

const char *
inn_create_job_get_step (InnCreateJob *self)
{
  return self->step != NULL && self->step[0] != '\0' ? self->step : _ ("Making the machine…");
}

double
inn_create_job_get_progress (InnCreateJob *self)
{
  double progress = 0;

  if (self->job != NULL)
    g_object_get (self->job, "progress", &progress, NULL);
  return CLAMP (progress, 0, 1);
}
