/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Control groups of the guests' where no systemd keeps them: how much processor time each may take.
 * Linux's cgroups v2 (Documentation/admin-guide/cgroup-v2.rst) and v1 (scheduler/sched-bwc.rst).
 * Knows no machine. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** VmhShare: of this computer's processor time. */
typedef struct
{
  guint64 limit;  /* µs of INN_CPU_PERIOD; 0: none */
  guint64 weight; /* beside others' 1024; 0: as they */
} VmhShare;

/** vmh_cgroup_set: puts @pids (pid_t) into a group of their own, known by @id, that has @share.
 * Error: INN_ERROR_UNSUPPORTED where the computer has none, INN_ERROR_FAILED. */
gboolean vmh_cgroup_set (const char *id, const GArray *pids, const VmhShare *share, GError **error);
/** vmh_cgroup_remove: the group @id, where there is one, when its last process has ended. */
void vmh_cgroup_remove (const char *id);
/** vmh_cgroup_sweep: removes the groups that nothing runs in any more. */
void vmh_cgroup_sweep (void);

/** vmh_cgroup_get_weight: of cgroup 2 and systemd, where all others have 100. */
guint64 vmh_cgroup_get_weight (const VmhShare *share);

G_END_DECLS
