/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns what is read of /proc about a process, and pidfds. */
#include "qemu/vmh-pid.h"

#include "qemu/vmh-fd.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

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
look (pid_t pid, pid_t *parent, guint64 *start)
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
  return TRUE;
}

gboolean
vmh_pid_look (pid_t pid, VmhPid *result)
{
  pid_t parent;

  if (!look (pid, &parent, &result->start))
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

/* @pidfd is what @pid means. It stands still first, so that it has no more children than are seen.
 */
static void
kill_family (int pidfd, pid_t pid)
{
  g_auto (GStrv) children = NULL;

  syscall (SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0);
  children = read_children (pid);
  for (char **child = children; *child; child++)
    {
      pid_t number = (pid_t)g_ascii_strtoll (*child, NULL, 10);
      VMH_AUTOFD fd = number > 0 ? (int)syscall (SYS_pidfd_open, number, 0) : -1;
      pid_t parent;
      guint64 start;

      if (fd >= 0 && look (number, &parent, &start) && parent == pid)
        kill_family (fd, number);
    }
  vmh_pidfd_kill (pidfd);
}

void
vmh_pid_kill_family (const VmhPid *pid)
{
  VMH_AUTOFD fd = vmh_pid_open (pid);

  if (fd >= 0)
    kill_family (fd, pid->pid);
}
