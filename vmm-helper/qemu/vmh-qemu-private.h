/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the files of VmhQemu share: spawn, what is beside it, connect, watch. */
#pragma once

#include "qemu/vmh-qemu.h"
#include "qemu/vmh-record.h"

G_BEGIN_DECLS

struct _VmhQemu
{
  GObject parent_instance;
  VmhBundle *bundle;
  VmhRecord *record;
  int info;              /* where bwrap says QEMU's pid; -1: known, or nothing to expect */
  int pidfd, shim_pidfd; /* -1: none or gone */
  guint pidfd_source, shim_source, info_source, end_timeout;
  VmhQmp *monitor, *events;
  GTask *connecting;
  GBytes *words;
  gboolean killed, wanted, dead, ended, clean, held;
};

VmhQemu *vmh_qemu_new (VmhBundle *bundle, VmhRecord *record);
/** vmh_qemu_watch: opens pidfds for what is on record and watches them; FALSE where QEMU is gone.
 */
gboolean vmh_qemu_watch (VmhQemu *qemu);
/** vmh_qemu_watch_shim: FALSE where it is gone. The object stays until both have ended. */
gboolean vmh_qemu_watch_shim (VmhQemu *qemu);
/** vmh_qemu_watch_info: @fd (taken over) is where bwrap will say QEMU's pid. */
void vmh_qemu_watch_info (VmhQemu *qemu, int fd);

/** VmhBeside: a program of the owner's that QEMU is connected to, before it runs. */
typedef struct
{
  const VmhPlanFd *fd; /* VMH_PLAN_FD_SHARE or VMH_PLAN_FD_CARD */
  int socket;          /* the program's end */
} VmhBeside;

void vmh_qemu_clear_beside (gpointer beside);
/** vmh_qemu_connect_beside: fills @beside's socket in; answers QEMU's end, -1 with an error. */
int vmh_qemu_connect_beside (VmhBundle *bundle, VmhBeside *beside, GError **error);
/** vmh_qemu_start_beside: and has it on record. */
gboolean vmh_qemu_start_beside (VmhQemu *qemu, const VmhBeside *beside, GError **error);
/** vmh_qemu_end_beside: all of them. Each ends with its connection, unless it hangs. */
void vmh_qemu_end_beside (const VmhRecord *record);
void vmh_qemu_fail_connect (VmhQemu *qemu, GError *error /* consumed */);

G_END_DECLS
