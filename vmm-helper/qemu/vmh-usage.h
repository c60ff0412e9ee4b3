/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a QEMU takes of this computer, as the kernel counts it. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_usage_read: @out_cpu_ns of all its threads, those that have ended too; @out_resident bytes
 * of it that are in memory. FALSE where there is no such process. */
gboolean vmh_usage_read (pid_t pid, guint64 *out_cpu_ns, guint64 *out_resident);

/** VmhThreadUse: @inside: the thread's number in the innermost pid namespace that it is in, of
 * which only threads of the process are found, whatever it is; @cpu_ns: its CPU time, 0 where there
 * is none such. */
typedef struct
{
  pid_t inside;
  guint64 cpu_ns;
} VmhThreadUse;

/** vmh_usage_get_inner_number: of the @thread in @folder, /proc/PID/task; 0 where it has ended. */
pid_t vmh_usage_get_inner_number (const char *folder, const char *thread);
/** vmh_usage_read_threads: of @pid; looks at each of its threads. */
void vmh_usage_read_threads (pid_t pid, VmhThreadUse *threads, guint n);

/** vmh_usage_read_pressure: @resource "cpu", "memory", "io": ns for which something on this
 * computer has waited for it since it was started (PSI, Documentation/accounting/psi.rst). FALSE
 * where the kernel does not tell. */
gboolean vmh_usage_read_pressure (const char *resource, guint64 *out_ns);

/** vmh_usage_read_stall: of the last ten seconds, the share (0 to 1) in which something has waited
 * for memory. VMH_PRESSURE_FOLDER stands for /proc/pressure in tests. */
gboolean vmh_usage_read_stall (double *out_share);

G_END_DECLS
