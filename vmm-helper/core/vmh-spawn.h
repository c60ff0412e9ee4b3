/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How every other process is started. The helper never forks: its child would have all files that
 * users have passed to it, and closing one of those can hang for ever. A small server, forked
 * before the first such file can come, forks instead; its child is given, over a socket of its own,
 * what it is to do and the files for that. Main thread only. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_spawn_begin: starts the server; first thing in main(), before there are other threads. A
 * unit test gets it at its first start of a process. */
gboolean vmh_spawn_begin (GError **error);
/** vmh_spawn_on_lost: @func is called once if the server dies. It cannot be had again: from then on
 * no process can be started, by this helper. */
void vmh_spawn_on_lost (void (*func) (gpointer data), gpointer data);
/** vmh_spawn_entrust: @fd is a socket, or locked by flock(). Where a thread of the helper's hangs,
 * a kill ends the helper, but none of its files: then the server shuts this one down, or unlocks
 * it.
 */
void vmh_spawn_entrust (int fd);
/** vmh_spawn_end: ends the server; what it has started and is not bound runs on. */
void vmh_spawn_end (void);

/** VmhSpawn: a program that is to be started, with /dev/null as its first three files, two
 * variables in its environment, no core file, no new privileges, in a session of its own. */
typedef struct _VmhSpawn VmhSpawn;

/** vmh_spawn_new: @program is a path, and its first argument. @user: whom it is for: where it does
 * not end when it is killed, that is counted against this user. */
VmhSpawn *vmh_spawn_new (const char *program, uid_t user);
/** vmh_spawn_new_for_fd: the program is what @fd (kept open by the caller until the start) is open
 * on, so that the path to it needs no rights; all arguments are to be added. */
VmhSpawn *vmh_spawn_new_for_fd (int fd, uid_t user);
void vmh_spawn_free (VmhSpawn *spawn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhSpawn, vmh_spawn_free)

void vmh_spawn_add_arg (VmhSpawn *spawn, const char *arg);
/** vmh_spawn_add_args: ended by NULL. */
void vmh_spawn_add_args (VmhSpawn *spawn, ...) G_GNUC_NULL_TERMINATED;
/** vmh_spawn_pass_fd: @fd, kept open by the caller until the start, is @number in the program. */
void vmh_spawn_pass_fd (VmhSpawn *spawn, int number, int fd);
/** vmh_spawn_become: where we are root. No groups. */
void vmh_spawn_become (VmhSpawn *spawn, uid_t uid, gid_t gid);
/** vmh_spawn_become_person: where we are root: @uid, with all its groups. */
void vmh_spawn_become_person (VmhSpawn *spawn, uid_t uid);
/** vmh_spawn_add_group: after vmh_spawn_become(), where that did anything: the one @group that it
 * has after all; 0: none. */
void vmh_spawn_add_group (VmhSpawn *spawn, gid_t group);
void vmh_spawn_limit_memory (VmhSpawn *spawn, guint64 bytes);
/** vmh_spawn_lock_memory: where we are root, the program may lock so many @bytes of its memory;
 * G_MAXUINT64: all. */
void vmh_spawn_lock_memory (VmhSpawn *spawn, guint64 bytes);
/** vmh_spawn_bind: it ends with us, however we end, and so does all that it has started in its
 * session. PR_SET_PDEATHSIG alone does not do that: bubblewrap dies of it between the start of its
 * child and the moment in which that asks for the same, and the child then waits for ever. */
void vmh_spawn_bind (VmhSpawn *spawn);
/** vmh_spawn_capture: what the program writes to fd @number (1 or 2) is kept, up to @most bytes; it
 * is killed where it writes more. */
void vmh_spawn_capture (VmhSpawn *spawn, int number, gsize most);

/** VmhProcess: a program that was started. It runs on when nobody has a reference. */
typedef struct _VmhProcess VmhProcess;

/** VmhSpawnFunc: called when there is a process, before the program is; if FALSE it ends. */
typedef gboolean (*VmhSpawnFunc) (pid_t pid, gpointer data, GError **error);
/** vmh_spawn_start: waits for the fork, which nothing holds up, not for the program; that it cannot
 * be run is told by vmh_process_wait_finish(). @func may be NULL. */
VmhProcess *vmh_spawn_start (VmhSpawn *spawn, VmhSpawnFunc func, gpointer data, GError **error);

VmhProcess *vmh_process_ref (VmhProcess *process);
void vmh_process_unref (VmhProcess *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhProcess, vmh_process_unref)

pid_t vmh_process_get_pid (VmhProcess *process);
/** vmh_process_kill: nothing, if it has ended. */
void vmh_process_kill (VmhProcess *process);
/** vmh_process_wait_async: once. @seconds: it is killed after them, 0: never; @cancellable: it is
 * killed. Neither waits until it is dead. */
void vmh_process_wait_async (VmhProcess *process,
                             guint seconds,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);
/** vmh_process_wait_finish: an error unless it ended with status 0: G_IO_ERROR_CANCELLED or
 * TIMED_OUT; what its start failed with (a G_IO_ERROR); G_SPAWN_EXIT_ERROR with its status. */
gboolean vmh_process_wait_finish (VmhProcess *process, GAsyncResult *result, GError **error);
/** vmh_process_get_output: what was captured so far. */
GBytes *vmh_process_get_output (VmhProcess *process);

G_END_DECLS
