/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A process that was started: its output, its end, and how it is ended. */
#include "vmh-spawn-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "shared/inn-errors.h"
#include "vmh-wire.h"

VmhProcess *
vmh_process_new (pid_t pid, int pidfd, int channel, uid_t user)
{
  VmhProcess *process = g_new0 (VmhProcess, 1);

  g_ref_count_init (&process->refs);
  process->user = user;
  process->pid = pid;
  process->pidfd = pidfd;
  process->channel = channel;
  process->pipe = -1;
  return process;
}

VmhProcess *
vmh_process_ref (VmhProcess *process)
{
  g_ref_count_inc (&process->refs);
  return process;
}

static void
stop_reading (VmhProcess *process)
{
  g_clear_handle_id (&process->pipe_source, g_source_remove);
  if (process->pipe >= 0)
    close (process->pipe);
  process->pipe = -1;
}

static void
stop_watching (VmhProcess *process)
{
  g_clear_handle_id (&process->timeout, g_source_remove);
  if (process->cancel != NULL)
    g_source_destroy (process->cancel);
  g_clear_pointer (&process->cancel, g_source_unref);
}

void
vmh_process_unref (VmhProcess *process)
{
  if (!g_ref_count_dec (&process->refs))
    return;
  stop_reading (process);
  stop_watching (process);
  g_clear_pointer (&process->stuck, vmh_stuck_end);
  g_clear_pointer (&process->output, g_byte_array_unref);
  close (process->channel);
  close (process->pidfd);
  g_free (process);
}

pid_t
vmh_process_get_pid (VmhProcess *process)
{
  return process->pid;
}

GBytes *
vmh_process_get_output (VmhProcess *process)
{
  return process->output != NULL ? g_bytes_new (process->output->data, process->output->len)
                                 : g_bytes_new (NULL, 0);
}

void
vmh_process_expect_end (VmhProcess *process)
{
  if (!process->ended && process->stuck == NULL)
    process->stuck = vmh_stuck_begin (process->user);
}

void
vmh_process_kill (VmhProcess *process)
{
  if (process->ended)
    return;
  syscall (SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
  vmh_process_expect_end (process);
}

/* ---- output ---- */

/* FALSE where no more is to come, or was there. */
static gboolean
read_some (VmhProcess *process)
{
  guint8 buffer[16384];
  ssize_t n = read (process->pipe, buffer, sizeof buffer);

  if (n <= 0)
    return n < 0 && errno == EINTR;
  if (process->output->len + (gsize)n > process->most)
    {
      vmh_process_kill (process);
      return FALSE;
    }
  g_byte_array_append (process->output, buffer, (guint)n);
  return TRUE;
}

static gboolean
on_output (int fd, GIOCondition condition, gpointer data)
{
  VmhProcess *process = data;

  if (read_some (process))
    return G_SOURCE_CONTINUE;
  process->pipe_source = 0;
  stop_reading (process);
  return G_SOURCE_REMOVE;
}

void
vmh_process_take_pipe (VmhProcess *process, int fd, gsize most)
{
  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  process->pipe = fd;
  process->most = most;
  process->output = g_byte_array_new ();
  process->pipe_source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_output, process);
}

/* ---- the end ---- */

static void
finish (VmhProcess *process, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&process->waiting);

  stop_watching (process);
  if (task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static GError *
explain_end (VmhProcess *process)
{
  VmhSpawnAnswer answer;
  GError *error = NULL;
  int fd;

  if (process->status == 0)
    return NULL;
  if (process->status == -1)
    return g_error_new_literal (INN_ERROR, INN_ERROR_FAILED,
                                _ ("Nobody knows how the program ended."));
  if (vmh_process_get_answer (process, &answer, &fd))
    {
      vmh_close_later (process->user, fd);
      return g_error_new_literal (G_IO_ERROR, g_io_error_from_errno (answer.code),
                                  g_strerror (answer.code));
    }
  g_spawn_check_wait_status (process->status, &error);
  return error;
}

void
vmh_process_ended (VmhProcess *process, int status)
{
  process->ended = TRUE;
  process->status = status;
  g_clear_pointer (&process->stuck, vmh_stuck_end);
  /* Its last words; what it has left behind may hold the pipe, and is not waited for. */
  while (process->pipe >= 0 && read_some (process))
    ;
  stop_reading (process);
  if (process->waiting != NULL)
    finish (process, explain_end (process));
}

static gboolean
on_timeout (gpointer data)
{
  g_autoptr (VmhProcess) process = vmh_process_ref (data);

  process->timeout = 0;
  vmh_process_kill (process);
  finish (process, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, g_strerror (ETIMEDOUT)));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  g_autoptr (VmhProcess) process = vmh_process_ref (data);

  vmh_process_kill (process);
  finish (process, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Cancelled.")));
  return G_SOURCE_REMOVE;
}

void
vmh_process_wait_async (VmhProcess *process,
                        guint seconds,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_return_if_fail (process->waiting == NULL);
  g_task_set_source_tag (task, vmh_process_wait_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, vmh_process_ref (process), (GDestroyNotify)vmh_process_unref);
  process->waiting = task;
  if (process->ended)
    {
      finish (process, explain_end (process));
      return;
    }
  if (seconds > 0)
    process->timeout = g_timeout_add_seconds (seconds, on_timeout, process);
  if (cancellable != NULL)
    {
      process->cancel = g_cancellable_source_new (cancellable);
      g_source_set_callback (process->cancel, G_SOURCE_FUNC (on_cancelled), process, NULL);
      g_source_attach (process->cancel, NULL);
    }
}

gboolean
vmh_process_wait_finish (VmhProcess *process, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
vmh_process_get_answer (VmhProcess *process, VmhSpawnAnswer *out_answer, int *out_fd)
{
  return vmh_wire_receive (process->channel, out_answer, sizeof *out_answer, out_fd,
                           MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == sizeof *out_answer;
}
