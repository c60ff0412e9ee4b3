/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/vmh-limits.h"

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

/* The last of the numbers in /proc/PID/task/TID/status. */
pid_t
vmh_usage_get_inner_number (const char *folder, const char *thread)
{
  g_autofree char *path = g_build_filename (folder, thread, "status", NULL);
  g_autofree char *status = NULL;
  char *line, *end;

  if (!g_file_get_contents (path, &status, NULL, NULL) || !(line = strstr (status, "\nNSpid:")))
    return 0;
  end = strchr (line + 1, '\n');
  if (end)
    *end = '\0';
  line = strrchr (line, '\t');
  return line ? (pid_t)strtol (line, NULL, 10) : 0;
}

/* The scheduler's own count in ns: /proc/PID/task/TID/schedstat (Documentation/scheduler/
 * sched-stats.rst). */
static guint64
read_thread_time (const char *folder, const char *thread)
{
  g_autofree char *path = g_build_filename (folder, thread, "schedstat", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_ascii_strtoull (text, NULL, 10) : 0;
}

void
vmh_usage_read_threads (pid_t pid, VmhThreadUse *threads, guint n)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/task", (int)pid);
  g_autoptr (GDir) tasks = n > 0 ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;

  for (guint seen = 0; tasks && seen < VMH_MAX_THREADS && (name = g_dir_read_name (tasks)); seen++)
    {
      const pid_t inside = vmh_usage_get_inner_number (folder, name);

      for (guint i = 0; inside != 0 && i < n; i++)
        if (threads[i].inside == inside)
          {
            threads[i].cpu_ns = read_thread_time (folder, name);
            break;
          }
    }
}

gboolean
vmh_usage_read_pressure (const char *resource, guint64 *out_ns)
{
  g_autofree char *path = g_build_filename ("/proc/pressure", resource, NULL);
  g_autofree char *text = NULL;
  const char *total;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_str_has_prefix (text, "some ") ||
      !(total = strstr (text, "total=")))
    return FALSE;
  *out_ns = g_ascii_strtoull (total + strlen ("total="), NULL, 10) * 1000;
  return TRUE;
}

gboolean
vmh_usage_read_stall (double *out_share)
{
  const char *folder = g_getenv ("VMH_PRESSURE_FOLDER");
  g_autofree char *path = g_build_filename (folder ? folder : "/proc/pressure", "memory", NULL);
  g_autofree char *text = NULL;
  const char *average;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_str_has_prefix (text, "some ") ||
      !(average = strstr (text, "avg10=")))
    return FALSE;
  *out_share = g_ascii_strtod (average + strlen ("avg10="), NULL) / 100;
  return TRUE;
}
