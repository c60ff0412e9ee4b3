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

gboolean
vmh_pid_look (pid_t pid, VmhPid *result)
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
  result->pid = pid;
  result->start = g_ascii_strtoull (fields[19], NULL, 10);
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

pid_t
vmh_pid_child (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", (int)pid, (int)pid);
  g_autofree char *text = NULL;
  char *end;
  long child;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  child = strtol (text, &end, 10);
  while (*end == ' ')
    end++;
  return *end == '\0' ? (pid_t)child : 0;
}
