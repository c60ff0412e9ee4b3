/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* See vmh-image-copier.h. */

#include "vmh-image-copier.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <grp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qemu/vmh-fd.h"
#include "qemu/vmh-qmp.h"
#include "shared/inn-errors.h"
#include "vmh-host.h"

/* Opening an image is quick; an image that keeps QEMU busy for longer is made for that. */
#define CALL_TIMEOUT_MS 20000u

/* How often a job's progress is asked for; its end is told by an event. */
#define POLL_MS 250u

/* For QEMU with all its libraries, and a qcow2's tables. */
#define MEMORY_LIMIT ((rlim_t)4 << 30)

#define NOBODY 65534

/* The fds in the child: the two images, its monitor. */
#define SOURCE_FD  3
#define TARGET_FD  4
#define MONITOR_FD 5

#define JOB_ID "copy"

struct _VmhImageCopier
{
  GSubprocess *process;
  VmhQmp *qmp;
};

VmhImageCopier *
vmh_image_copier_new (void)
{
  return g_new0 (VmhImageCopier, 1);
}

void
vmh_image_copier_free (VmhImageCopier *copier)
{
  if (copier->process != NULL)
    g_subprocess_force_exit (copier->process);
  if (copier->qmp != NULL)
    vmh_qmp_close (copier->qmp);
  g_clear_object (&copier->qmp);
  g_clear_object (&copier->process);
  g_free (copier);
}

/* Between fork and exec: nothing but system calls. */
static void
become_nobody (gpointer data)
{
  struct rlimit memory = { MEMORY_LIMIT, MEMORY_LIMIT };
  struct rlimit core = { 0, 0 };

  if (setrlimit (RLIMIT_AS, &memory) != 0 || setrlimit (RLIMIT_CORE, &core) != 0)
    _exit (126);
  if (getuid () == 0 && (setgroups (0, NULL) != 0 || setresgid (NOBODY, NOBODY, NOBODY) != 0 ||
                         setresuid (NOBODY, NOBODY, NOBODY) != 0))
    _exit (126);
}

static void
add_library_folder (GPtrArray *argv, const char *name)
{
  g_autofree char *path = g_strconcat ("/", name, NULL);
  g_autofree char *target = g_file_read_link (path, NULL);

  if (target == NULL && !g_file_test (path, G_FILE_TEST_IS_DIR))
    return;
  g_ptr_array_add (argv, g_strdup (target != NULL ? "--symlink" : "--ro-bind"));
  g_ptr_array_add (argv, g_strdup (target != NULL ? target : path));
  g_ptr_array_add (argv, g_steal_pointer (&path));
}

static void
add_words (GPtrArray *argv, const char *const *words)
{
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, g_strdup (*words));
}

static GPtrArray *
make_argv (const char *emulator)
{
  static const char *const before[] = { "/usr/bin/bwrap", "--unshare-user",
                                        "--unshare-all",  "--die-with-parent",
                                        "--cap-drop",     "ALL",
                                        "--ro-bind",      "/usr",
                                        "/usr",           "--dev-bind",
                                        "/dev/null",      "/dev/null",
                                        "--dev-bind",     "/dev/urandom",
                                        "/dev/urandom",   NULL };
  static const char *const after[] = {
    "-machine",
    "none",
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-S",
    "-sandbox",
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    "-add-fd",
    "fd=" G_STRINGIFY (SOURCE_FD) ",set=1",
    "-add-fd",
    "fd=" G_STRINGIFY (TARGET_FD) ",set=2",
    "-chardev",
    "socket,id=qmp,fd=" G_STRINGIFY (MONITOR_FD),
    "-mon",
    "chardev=qmp,mode=control",
    NULL
  };
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);

  add_words (argv, before);
  add_library_folder (argv, "lib");
  add_library_folder (argv, "lib64");
  add_words (argv, (const char *const[]){ "--remount-ro", "/", "--chdir", "/", "--", NULL });
  g_ptr_array_add (argv, g_strdup (emulator));
  add_words (argv, after);
  g_ptr_array_add (argv, NULL);
  return argv;
}

/* Any QEMU can do it; the computer's own kind first. */
static const char *
find_emulator (GError **error)
{
  VmhHost *host = vmh_host_get_default ();
  g_autoptr (GVariant) arch = g_variant_ref_sink (vmh_host_get_fact (host, "Architecture"));
  g_autoptr (GVariant) all = g_variant_ref_sink (vmh_host_get_fact (host, "Emulators"));
  const VmhEmulator *emulator =
      vmh_host_get_emulator (host, g_variant_get_string (arch, NULL), error);
  const char *other;

  if (emulator == NULL && g_variant_n_children (all) > 0)
    {
      g_clear_error (error);
      g_variant_get_child (all, 0, "(&s&s&s)", &other, NULL, NULL);
      emulator = vmh_host_get_emulator (host, other, error);
    }
  return emulator != NULL ? emulator->path : NULL;
}

static gboolean
spawn (VmhImageCopier *copier, int source_fd, int target_fd, int monitor_fd, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autoptr (GPtrArray) argv = NULL;
  const char *emulator = find_emulator (error);

  if (emulator == NULL)
    return FALSE;
  argv = make_argv (emulator);
  g_subprocess_launcher_set_environ (launcher, (char *[]){ "LC_ALL=C", NULL });
  g_subprocess_launcher_set_child_setup (launcher, become_nobody, NULL, NULL);
  g_subprocess_launcher_take_fd (launcher, fcntl (source_fd, F_DUPFD_CLOEXEC, 10), SOURCE_FD);
  g_subprocess_launcher_take_fd (launcher, fcntl (target_fd, F_DUPFD_CLOEXEC, 10), TARGET_FD);
  g_subprocess_launcher_take_fd (launcher, fcntl (monitor_fd, F_DUPFD_CLOEXEC, 10), MONITOR_FD);
  copier->process =
      g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, error);
  return copier->process != NULL;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VmhImageCopier *copier = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  copier->qmp = vmh_qmp_open_finish (result, &error);
  if (copier->qmp != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, INN_ERROR,
                             g_cancellable_is_cancelled (g_task_get_cancellable (task))
                                 ? INN_ERROR_CANCELLED
                                 : INN_ERROR_QEMU,
                             _ ("The program that copies disk images did not start (%s). See the "
                                "helper's log for what it said."),
                             error->message);
}

void
vmh_image_copier_start_async (VmhImageCopier *copier,
                              int source_fd,
                              int target_fd,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  GError *error = NULL;
  int ends[2];

  g_task_set_source_tag (task, vmh_image_copier_start_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, copier, NULL);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_LIMIT, "%s", g_strerror (errno));
      g_object_unref (task);
      return;
    }
  if (spawn (copier, source_fd, target_fd, ends[1], &error))
    vmh_qmp_open_async (vmh_steal_fd (&ends[0]), cancellable, on_opened, g_object_ref (task));
  else
    {
      GError *plain = inn_error_from_io (error, _ ("Disk images cannot be copied"));

      g_clear_error (&error);
      g_task_return_error (task, plain);
    }
  vmh_clear_fd (&ends[0]);
  vmh_clear_fd (&ends[1]);
  g_object_unref (task);
}

gboolean
vmh_image_copier_start_finish (VmhImageCopier *copier, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
vmh_image_copier_call_async (VmhImageCopier *copier,
                             const char *command,
                             JsonObject *arguments,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  vmh_qmp_call_async (copier->qmp, command, arguments, -1, CALL_TIMEOUT_MS, cancellable, callback,
                      data);
}

JsonNode *
vmh_image_copier_call_finish (VmhImageCopier *copier, GAsyncResult *result, GError **error)
{
  return vmh_qmp_call_finish (copier->qmp, result, error);
}

/* A job on its way: asked for again and again until it is "concluded". */
typedef struct
{
  VmhQmp *qmp; /* its own: the copier may be freed when the job has returned */
  VmhImageProgress progress;
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
  const char *status = json_object_get_string_member_with_default (facts, "status", "");
  const char *failure = json_object_get_string_member_with_default (facts, "error", NULL);

  if (g_str_equal (status, "concluded"))
    {
      if (failure != NULL)
        end_job (task, g_error_new_literal (INN_ERROR, INN_ERROR_QEMU, failure));
      else
        vmh_qmp_call_async (qmp, "job-dismiss", id_argument (), -1, CALL_TIMEOUT_MS, cancellable,
                            on_job_dismissed, task);
      return;
    }
  if (job->progress != NULL)
    job->progress ((guint64)json_object_get_int_member_with_default (facts, "current-progress", 0),
                   (guint64)json_object_get_int_member_with_default (facts, "total-progress", 0),
                   job->progress_data);
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
vmh_image_copier_run_async (VmhImageCopier *copier,
                            const char *command,
                            JsonObject *arguments,
                            VmhImageProgress progress,
                            gpointer progress_data,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Job *job = g_new0 (Job, 1);

  g_task_set_source_tag (task, vmh_image_copier_run_async);
  g_task_set_check_cancellable (task, FALSE);
  job->qmp = g_object_ref (copier->qmp);
  job->progress = progress;
  job->progress_data = progress_data;
  job->asking = TRUE;
  job->event = g_signal_connect (copier->qmp, "event", G_CALLBACK (on_job_event), task);
  g_task_set_task_data (task, job, (GDestroyNotify)job_free);
  json_object_set_string_member (arguments, "job-id", JOB_ID);
  vmh_qmp_call_async (copier->qmp, command, arguments, -1, CALL_TIMEOUT_MS, cancellable,
                      on_job_started, task);
}

gboolean
vmh_image_copier_run_finish (VmhImageCopier *copier, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_exited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_subprocess_wait_check_finish (G_SUBPROCESS (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_quit (GObject *source, GAsyncResult *result, gpointer data)
{
  /* It may end before it answers; how it ended is what counts. */
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);
}

void
vmh_image_copier_quit_async (VmhImageCopier *copier,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, vmh_image_copier_quit_async);
  g_subprocess_wait_check_async (copier->process, cancellable, on_exited, task);
  vmh_qmp_call_async (copier->qmp, "quit", NULL, -1, CALL_TIMEOUT_MS, NULL, on_quit, NULL);
}

gboolean
vmh_image_copier_quit_finish (VmhImageCopier *copier, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
