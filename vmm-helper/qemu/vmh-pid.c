/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns what is read of /proc about a process, and pidfds. */
#include "qemu/vmh-pid.h"

#include "qemu/vmh-fd.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define STOP_TIMEOUT_MS 100

const char *
vmh_boot_id (void)
{
  static char *id;

  if (!id && g_file_get_contents ("/proc/sys/kernel/random/boot_id", &id, NULL, NULL))
    g_strstrip (id);
  return id ? id : "";
}

/* FALSE for a zombie. */
static gboolean
look (pid_t pid, pid_t *parent, guint64 *start, char *state)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int)pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;
  char *rest;

  if (pid <= 0 || !g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  rest = strrchr (text, ')'); /* the name before it may hold anything */
  if (!rest || strlen (rest) < 3)
    return FALSE;
  fields = g_strsplit (rest + 2, " ", 22);
  if (g_strv_length (fields) < 21 || strchr ("ZX", fields[0][0]))
    return FALSE;
  *parent = (pid_t)g_ascii_strtoll (fields[1], NULL, 10);
  *start = g_ascii_strtoull (fields[19], NULL, 10);
  *state = fields[0][0];
  return TRUE;
}

gboolean
vmh_pid_look (pid_t pid, VmhPid *result)
{
  pid_t parent;
  char state;

  if (!look (pid, &parent, &result->start, &state))
    return FALSE;
  result->pid = pid;
  return TRUE;
}

int
vmh_pid_open (const VmhPid *pid)
{
  VMH_AUTOFD fd = pid->pid > 0 ? (int)syscall (SYS_pidfd_open, pid->pid, 0) : -1;
  VmhPid now;

  /* Looked at after it was opened: from here on the fd cannot come to mean another process. */
  if (fd < 0 || !vmh_pid_look (pid->pid, &now) || now.start != pid->start)
    return -1;
  return vmh_steal_fd (&fd);
}

gboolean
vmh_pidfd_kill (int pidfd)
{
  return syscall (SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0;
}

static char **
read_children (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", (int)pid, (int)pid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_new0 (char *, 1);
  return g_strsplit (g_strstrip (text), " ", -1);
}

static void
list_family (pid_t pid, GArray *pids)
{
  g_auto (GStrv) children = read_children (pid);

  g_array_append_val (pids, pid);
  for (char **child = children; *child; child++)
    if (**child)
      list_family ((pid_t)g_ascii_strtoll (*child, NULL, 10), pids);
}

void
vmh_pid_list_family (const VmhPid *pid, GArray *pids)
{
  VMH_AUTOFD fd = vmh_pid_open (pid);

  if (fd >= 0)
    list_family (pid->pid, pids);
}

/* A signal is sent at once and obeyed when the process comes to it: until then it may have another
 * child. One whose disk hangs (D) has none. */
static void
stop (int pidfd, pid_t pid)
{
  pid_t parent;
  guint64 start;
  char state;

  syscall (SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0);
  for (int waited = 0; waited < STOP_TIMEOUT_MS; waited++)
    {
      if (!look (pid, &parent, &start, &state) || strchr ("TtD", state))
        return;
      g_usleep (1000);
    }
}

static void kill_family (int owned_pidfd, pid_t pid, GArray *killed);

/* @pidfd is what @pid means. It stands still first, so that it has no more children than are seen.
 */
static void
kill_children (int pidfd, pid_t pid, GArray *killed)
{
  g_auto (GStrv) children = NULL;

  stop (pidfd, pid);
  children = read_children (pid);
  for (char **child = children; *child; child++)
    {
      pid_t number = (pid_t)g_ascii_strtoll (*child, NULL, 10);
      VMH_AUTOFD fd = number > 0 ? (int)syscall (SYS_pidfd_open, number, 0) : -1;
      pid_t parent;
      guint64 start;
      char state;

      if (fd >= 0 && look (number, &parent, &start, &state) && parent == pid)
        kill_family (vmh_steal_fd (&fd), number, killed);
    }
}

/* Adds the pidfds of all to @killed. */
static void
kill_family (int owned_pidfd, pid_t pid, GArray *killed)
{
  kill_children (owned_pidfd, pid, killed);
  vmh_pidfd_kill (owned_pidfd);
  g_array_append_val (killed, owned_pidfd);
}

static void
clear_pidfd (gpointer fd)
{
  vmh_clear_fd (fd);
}

static GArray *
killed_new (void)
{
  GArray *killed = g_array_new (FALSE, FALSE, sizeof (int));

  g_array_set_clear_func (killed, clear_pidfd);
  return killed;
}

static GArray *
kill_all (const VmhPid *pid)
{
  GArray *killed = killed_new ();
  VMH_AUTOFD fd = vmh_pid_open (pid);

  if (fd >= 0)
    kill_family (vmh_steal_fd (&fd), pid->pid, killed);
  return killed;
}

void
vmh_pid_kill_children (const VmhPid *pid)
{
  g_autoptr (GArray) killed = killed_new ();
  VMH_AUTOFD fd = vmh_pid_open (pid);

  if (fd < 0)
    return;
  kill_children (fd, pid->pid, killed);
  syscall (SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0);
}

void
vmh_pid_kill_family (const VmhPid *pid)
{
  g_array_unref (kill_all (pid));
}

void
vmh_pid_end_family (const VmhPid *pid, guint timeout_ms)
{
  g_autoptr (GArray) killed = kill_all (pid);
  gint64 end = g_get_monotonic_time () + timeout_ms * G_TIME_SPAN_MILLISECOND;

  for (guint i = 0; i < killed->len; i++)
    {
      gint64 left = MAX (end - g_get_monotonic_time (), 0) / G_TIME_SPAN_MILLISECOND;
      GPollFD process = { g_array_index (killed, int, i), G_IO_IN, 0 };

      g_poll (&process, 1, (gint)left);
    }
}
