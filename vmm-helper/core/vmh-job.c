/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A job: numbers that grow, and an end. What it works on is its owner's business. */
#include "vmh-job.h"

#include <glib/gi18n-lib.h>
#include "shared/inn-errors.h"
#include "shared/inn-names.h"
#include "vmh-limits.h"

/* Progress is told at most this often; its end always. */
#define TELL_INTERVAL (G_USEC_PER_SEC / 10)

struct _VmhJob
{
  GObject parent_instance;

  VmhRegistry *registry;
  GCancellable *cancellable;
  char *path;
  char *operation;
  char *machine_path;
  char *machine_name;
  uid_t owner;
  const char *state;
  char *step;
  double progress;
  double step_from, step_to; /* this step's part of the progress */
  gint64 step_started;
  gint64 told;
  guint64 rate;
  guint remaining;
  char *error_name;
  char *error_message;
  guint linger_id;
};

G_DEFINE_FINAL_TYPE (VmhJob, vmh_job, G_TYPE_OBJECT)

/* All that are on the bus, oldest first, to count and to thin out; not owned. */
static GQueue all_jobs = G_QUEUE_INIT;
static guint64 last_number;

static void
vmh_job_finalize (GObject *object)
{
  VmhJob *job = VMH_JOB (object);

  g_queue_remove (&all_jobs, job);
  g_clear_handle_id (&job->linger_id, g_source_remove);
  g_object_unref (job->registry);
  g_object_unref (job->cancellable);
  g_free (job->path);
  g_free (job->operation);
  g_free (job->machine_path);
  g_free (job->machine_name);
  g_free (job->step);
  g_free (job->error_name);
  g_free (job->error_message);
  G_OBJECT_CLASS (vmh_job_parent_class)->finalize (object);
}

static void
vmh_job_class_init (VmhJobClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vmh_job_finalize;
}

static void
vmh_job_init (VmhJob *job)
{
  job->cancellable = g_cancellable_new ();
  job->state = "running";
  job->step = g_strdup ("");
  job->error_name = g_strdup ("");
  job->error_message = g_strdup ("");
  job->step_to = 1;
}

static gboolean
is_running (VmhJob *job)
{
  return g_str_equal (job->state, "running");
}

static void
drop (VmhJob *job)
{
  g_clear_handle_id (&job->linger_id, g_source_remove);
  vmh_registry_unexport (job->registry, G_OBJECT (job));
}

static guint
count (uid_t owner, gboolean running, VmhJob **out_oldest)
{
  guint n = 0;

  for (GList *link = all_jobs.tail; link != NULL; link = link->prev)
    {
      VmhJob *job = link->data;

      if (job->owner != owner || is_running (job) != running)
        continue;
      n++;
      if (out_oldest != NULL)
        *out_oldest = job;
    }
  return n;
}

gboolean
vmh_job_check_limit (uid_t owner, GError **error)
{
  if (count (owner, TRUE, NULL) < VMH_MAX_JOBS_PER_UID)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
               _ ("%u jobs are running already. Wait until one has ended."),
               (guint)VMH_MAX_JOBS_PER_UID);
  return FALSE;
}

guint
vmh_job_count_running (void)
{
  guint n = 0;

  for (GList *link = all_jobs.head; link != NULL; link = link->next)
    if (is_running (link->data))
      n++;
  return n;
}

gboolean
vmh_job_is_any_there (void)
{
  return all_jobs.length > 0;
}

static void
handle_cancel (VmhCall *call)
{
  VmhJob *job = vmh_call_get_object (call);
  g_autoptr (GVariant) options = g_variant_get_child_value (vmh_call_get_parameters (call), 0);
  GError *error = NULL;

  if (!vmh_call_check_options (options, NULL, &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  if (is_running (job))
    g_cancellable_cancel (job->cancellable);
  vmh_call_return (call, NULL);
}

#define GETTER(name, expression) VMH_GETTER (name, VmhJob *job, expression)

GETTER (operation, g_variant_new_string (job->operation))
GETTER (machine, g_variant_new_object_path (job->machine_path))
GETTER (machine_name, g_variant_new_string (job->machine_name))
GETTER (owner, g_variant_new_uint32 (job->owner))
GETTER (state, g_variant_new_string (job->state))
GETTER (step, g_variant_new_string (job->step))
GETTER (progress, g_variant_new_double (job->progress))
GETTER (rate, g_variant_new_uint64 (job->rate))
GETTER (remaining, g_variant_new_uint32 (job->remaining))
GETTER (error_name, g_variant_new_string (job->error_name))
GETTER (error_message, g_variant_new_string (job->error_message))

static const VmhMethod methods[] = { { "Cancel", handle_cancel }, { 0 } };

static const VmhProperty properties[] = {
  { "Operation", get_operation },
  { "Machine", get_machine },
  { "MachineName", get_machine_name },
  { "Owner", get_owner },
  { "State", get_state },
  { "Step", get_step },
  { "Progress", get_progress },
  { "Rate", get_rate },
  { "Remaining", get_remaining },
  { "ErrorName", get_error_name },
  { "ErrorMessage", get_error_message },
  { 0 },
};

const VmhInterface vmh_job_interface = { INN_IFACE_JOB, methods, properties };

VmhJob *
vmh_job_new (VmhRegistry *registry,
             const char *operation,
             const char *machine_path,
             const char *machine_name,
             uid_t owner)
{
  static const VmhInterface *const interfaces[] = { &vmh_job_interface, NULL };
  VmhJob *job = g_object_new (VMH_TYPE_JOB, NULL);

  job->registry = g_object_ref (registry);
  job->path = g_strdup_printf (INN_JOBS_PATH "/%" G_GUINT64_FORMAT, ++last_number);
  job->operation = g_strdup (operation);
  job->machine_path = g_strdup (machine_path);
  job->machine_name = g_strdup (machine_name);
  job->owner = owner;
  job->step_started = g_get_monotonic_time ();
  g_queue_push_tail (&all_jobs, job);
  vmh_registry_export (registry, job->path, owner, G_OBJECT (job), interfaces);
  return job;
}

const char *
vmh_job_get_path (VmhJob *job)
{
  return job->path;
}

GCancellable *
vmh_job_get_cancellable (VmhJob *job)
{
  return job->cancellable;
}

void
vmh_job_set_step (VmhJob *job, const char *step)
{
  g_free (job->step);
  job->step = g_strdup (step);
  job->step_started = g_get_monotonic_time ();
  job->rate = 0;
  job->remaining = 0;
  vmh_registry_changed (job->registry, G_OBJECT (job), INN_IFACE_JOB, "Step", "Rate", "Remaining",
                        NULL);
}

static void
tell_progress (VmhJob *job)
{
  gint64 now = g_get_monotonic_time ();

  if (now - job->told < TELL_INTERVAL)
    return;
  job->told = now;
  vmh_registry_changed (job->registry, G_OBJECT (job), INN_IFACE_JOB, "Progress", "Rate",
                        "Remaining", NULL);
}

static void
set_progress (VmhJob *job, double fraction)
{
  job->progress = CLAMP (fraction, job->progress, 1); /* never back */
  tell_progress (job);
}

void
vmh_job_set_step_range (VmhJob *job, double from, double to)
{
  job->step_from = from;
  job->step_to = to;
  set_progress (job, from);
}

void
vmh_job_set_bytes (VmhJob *job, guint64 done, guint64 total)
{
  gint64 elapsed = g_get_monotonic_time () - job->step_started;
  double fraction = total > 0 ? MIN ((double)done / (double)total, 1) : 0;

  if (elapsed > 0)
    job->rate = (guint64)((double)done * G_USEC_PER_SEC / (double)elapsed);
  if (job->rate > 0 && total > done)
    job->remaining = (guint)MIN ((total - done) / job->rate + 1, G_MAXUINT);
  else
    job->remaining = 0;
  set_progress (job, job->step_from + (job->step_to - job->step_from) * fraction);
}

static gboolean
on_linger_over (gpointer data)
{
  VmhJob *job = data;

  job->linger_id = 0;
  drop (job);
  return G_SOURCE_REMOVE;
}

void
vmh_job_end (VmhJob *job, GError *error)
{
  g_autoptr (GError) owned = error;
  VmhJob *oldest = NULL;

  g_return_if_fail (is_running (job));
  if (owned == NULL)
    {
      job->state = "done";
      job->progress = 1;
    }
  else
    {
      g_autoptr (GError) told = inn_error_from_io (owned, _ ("The helper could not do this"));
      g_autofree char *name = g_dbus_error_encode_gerror (told);

      job->state = g_error_matches (told, INN_ERROR, INN_ERROR_CANCELLED) ? "cancelled" : "failed";
      g_free (job->error_name);
      job->error_name = g_steal_pointer (&name);
      g_free (job->error_message);
      job->error_message = g_strdup (told->message);
    }
  job->rate = 0;
  job->remaining = 0;
  vmh_registry_changed (job->registry, G_OBJECT (job), INN_IFACE_JOB, "State", "Progress", "Rate",
                        "Remaining", "ErrorName", "ErrorMessage", NULL);
  /* The registry keeps it alive until the timer, or a flood of younger ones, takes it off. */
  job->linger_id = g_timeout_add_seconds (VMH_JOB_LINGER, on_linger_over, job);
  if (count (job->owner, FALSE, &oldest) > VMH_MAX_ENDED_JOBS_PER_UID)
    drop (oldest);
}
