/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the helper's files about processes share. Nobody else includes it. */
#pragma once

#include "vmh-spawn-wire.h"
#include "vmh-spawn.h"
#include "vmh-stuck.h"

G_BEGIN_DECLS

struct _VmhProcess
{
  grefcount refs;
  uid_t user;
  pid_t pid;
  int pidfd;
  int channel; /* to the child; silent once its program runs */
  gboolean ended;
  int status;      /* as of waitpid() */
  VmhStuck *stuck; /* from when it should end until it has */

  int pipe; /* captured: the end to read; -1: none */
  guint pipe_source;
  GByteArray *output;
  gsize most;

  GTask *waiting;
  guint timeout;
  GSource *cancel;
};

/** vmh_spawn_new_errand: something else than a program. */
VmhSpawn *vmh_spawn_new_errand (VmhSpawnAct act, uid_t user, int flags);

/** vmh_process_new: takes the fds over. */
VmhProcess *vmh_process_new (pid_t pid, int pidfd, int channel, uid_t user);
void vmh_process_take_pipe (VmhProcess *process, int fd, gsize most);
/** vmh_process_expect_end: it was killed or is done; if it hangs now, that counts. */
void vmh_process_expect_end (VmhProcess *process);
void vmh_process_ended (VmhProcess *process, int status);
/** vmh_process_get_answer: what the child says, with an fd (-1: none); FALSE where it says nothing.
 */
gboolean vmh_process_get_answer (VmhProcess *process, VmhSpawnAnswer *out_answer, int *out_fd);

G_END_DECLS
