/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A process named so that it is never mistaken for another: pid, start time and boot. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  pid_t pid;     /* 0: none */
  guint64 start; /* field 22 of /proc/PID/stat: clock ticks after boot */
} VmhPid;

/** vmh_boot_id: of the kernel that runs now; "" where it cannot be read. */
const char *vmh_boot_id (void);
/** vmh_pid_look: fills in @pid's start time; FALSE where there is no such process (a zombie is
 * none). */
gboolean vmh_pid_look (pid_t pid, VmhPid *result);
/** vmh_pid_open: a pidfd of exactly that process, close-on-exec; -1 where it is gone. */
int vmh_pid_open (const VmhPid *pid);
/** vmh_pidfd_kill: SIGKILL; FALSE where it is gone already. */
gboolean vmh_pidfd_kill (int pidfd);
/** vmh_pid_list_family: adds @pid, its children and theirs (pid_t); nothing where it is gone. */
void vmh_pid_list_family (const VmhPid *pid, GArray *pids);
/** vmh_pid_kill_family: SIGKILL for @pid, its children and theirs; nothing where it is gone. */
void vmh_pid_kill_family (const VmhPid *pid);
/** vmh_pid_kill_children: the same but for @pid itself, which sees them end. */
void vmh_pid_kill_children (const VmhPid *pid);
/** vmh_pid_end_family: the same, and waits until they have ended, for @timeout_ms at most. */
void vmh_pid_end_family (const VmhPid *pid, guint timeout_ms);

G_END_DECLS
