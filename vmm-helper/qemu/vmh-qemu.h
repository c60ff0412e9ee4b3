/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One running QEMU: its process, its shim, its two monitors. Started or found again; knows no
 * machine's state. */
#pragma once

#include "devices/vmh-plan.h"
#include "qemu/vmh-sandbox.h"
#include "machine/vmh-bundle.h"
#include "qemu/vmh-qmp.h"

G_BEGIN_DECLS

#define VMH_TYPE_QEMU (vmh_qemu_get_type ())
G_DECLARE_FINAL_TYPE (VmhQemu, vmh_qemu, VMH, QEMU, GObject)

/* signals: "event" (const char *name, JsonObject *data): from the monitor for events.
 * "ended" (gboolean clean): once, when the process is gone; clean: it ended by itself, with 0. */

/** VmhQemuStart: all that a start needs; borrowed for the call. */
typedef struct
{
  VmhPlan *plan;
  const char *accelerator, *reason;
  GArray
      *files; /* int, one for each of the plan's fds: open for files, -1 for others; taken over */
  gboolean localtime;
  const VmhRender *render; /* the graphics card that draws for it; NULL: none */
  const char *note;        /* the log's first line, or NULL */
  const char *vfio;        /* folder with the nodes of its PCI devices; NULL: it can have none */
  char **network_command;  /* for the plan's user-mode cards; NULL: they need none */
} VmhQemuStart;

/** vmh_qemu_spawn: starts shim, sandbox and QEMU, stopped before its first instruction. What there
 * is to know of them is on record before any of them runs. */
VmhQemu *vmh_qemu_spawn (VmhBundle *bundle, const VmhQemuStart *start, GError **error);
/** vmh_qemu_find: the one on record, if it lives. An unfinished start is ended: what was still to
 * be told to QEMU died with the helper that knew it. */
VmhQemu *vmh_qemu_find (VmhBundle *bundle);

/** vmh_qemu_connect_async: until both monitors have greeted. */
void vmh_qemu_connect_async (VmhQemu *qemu,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);
gboolean vmh_qemu_connect_finish (VmhQemu *qemu, GAsyncResult *result, GError **error);

VmhQmp *vmh_qemu_get_monitor (VmhQemu *qemu); /* for commands; NULL before it is connected */
pid_t vmh_qemu_get_pid (VmhQemu *qemu);       /* 0 where it is not known yet, or gone */
/** vmh_qemu_list_pids: adds its shim and all below it (pid_t). */
void vmh_qemu_list_pids (VmhQemu *qemu, GArray *pids);
const char *vmh_qemu_get_accelerator (VmhQemu *qemu);
const char *vmh_qemu_get_reason (VmhQemu *qemu);
const char *vmh_qemu_get_user_network (VmhQemu *qemu); /* as vmh_plan_get_user_network() */
const char *const *vmh_qemu_get_displays (VmhQemu *qemu);
const char *const *vmh_qemu_get_lines (VmhQemu *qemu); /* "serial0=serial" */
/** vmh_qemu_run_beside: starts what shares the folder, or has the smart card, @fd of a plan, and
 * has it on record; answers QEMU's end of it, and -1 with an error. It ends when that is closed. */
int vmh_qemu_run_beside (VmhQemu *qemu, const VmhPlanFd *fd, GError **error);
/** vmh_qemu_kill: at once and for good; "ended" follows as soon as it is dead. */
void vmh_qemu_kill (VmhQemu *qemu);
/** vmh_qemu_has_ended: whether "ended" has been emitted; @clean as it said. */
gboolean vmh_qemu_has_ended (VmhQemu *qemu, gboolean *clean);
/** vmh_qemu_want_words: though it will be killed, "ended" is to wait for what it said last. */
void vmh_qemu_want_words (VmhQemu *qemu);
/** vmh_qemu_get_words: once it has ended, what its serial line said last: any bytes, or NULL. */
GBytes *vmh_qemu_get_words (VmhQemu *qemu);
/** vmh_qemu_set_ready: all is told to it that goes before its first instruction. Until then the
 * next helper takes it for an unfinished start. */
gboolean vmh_qemu_set_ready (VmhQemu *qemu, GError **error);

G_END_DECLS
