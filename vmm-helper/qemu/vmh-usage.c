/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-usage.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The CPU time of all its threads by its clock, which is exact (/proc/PID/stat counts hundredths of
 * a second) and needs no file; how much of it is in memory, from /proc/PID/statm (proc(5)). */
gboolean
vmh_usage_read (pid_t pid, guint64 *out_cpu_ns, guint64 *out_resident)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", (int)pid);
  g_autofree char *statm = NULL;
  unsigned long long size, resident;
  struct timespec time;
  clockid_t clock;

  if (clock_getcpuclockid (pid, &clock) != 0 || clock_gettime (clock, &time) < 0 ||
      !g_file_get_contents (path, &statm, NULL, NULL) ||
      sscanf (statm, "%llu %llu", &size, &resident) != 2)
    return FALSE;
  *out_cpu_ns = (guint64)time.tv_sec * 1000000000 + (guint64)time.tv_nsec;
  *out_resident = resident * (guint64)sysconf (_SC_PAGESIZE);
  return TRUE;
}
