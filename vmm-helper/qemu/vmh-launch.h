/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Starts a program as another user with exactly the files it is given, and not before its start has
 * been written down. Knows neither QEMU nor machines. */
#pragma once

#include "core/vmh-spawn.h"

G_BEGIN_DECLS

typedef struct _VmhLaunch VmhLaunch;

/** vmh_launch_new: the program is what @program_fd (taken over) is open on, so that the path to it
 * needs no rights. @uid and @gid: who it becomes where we are root; else it stays what we are. */
VmhLaunch *vmh_launch_new (int program_fd, uid_t uid, gid_t gid);
void vmh_launch_free (VmhLaunch *launch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhLaunch, vmh_launch_free)

void vmh_launch_add_arg (VmhLaunch *launch, const char *arg);
/** vmh_launch_set_fd: @fd (taken over), a file of ours, is @number (from 2 on) in the program. */
void vmh_launch_set_fd (VmhLaunch *launch, int number, int fd);
/** vmh_launch_set_file: the same with a file of @user's: nobody waits for its file system. */
void vmh_launch_set_file (VmhLaunch *launch, int number, int fd, uid_t user);

/** vmh_launch_add_group: see vmh_spawn_add_group(). */
void vmh_launch_add_group (VmhLaunch *launch, gid_t group);
/** vmh_launch_lock_memory: see vmh_spawn_lock_memory(). */
void vmh_launch_lock_memory (VmhLaunch *launch, guint64 bytes);
/** vmh_launch_bind: see vmh_spawn_bind(). */
void vmh_launch_bind (VmhLaunch *launch);

/** VmhLaunchFunc: called between fork and exec, in the helper; if FALSE nothing is started. */
typedef VmhSpawnFunc VmhLaunchFunc;
/** vmh_launch_run: returns its pid, leader of a session; 0 on error. All fds are closed here then,
 * users' soon. What goes wrong in the child before its exec is told on its standard error. */
pid_t vmh_launch_run (VmhLaunch *launch, VmhLaunchFunc func, gpointer data, GError **error);

G_END_DECLS
