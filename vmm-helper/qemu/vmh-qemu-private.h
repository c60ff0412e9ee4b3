/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the three files of VmhQemu share: spawn, connect, watch. */
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
/** vmh_qemu_end_shares: what shares folders with it. Each ends with its connection, unless it
 * hangs.
 */
void vmh_qemu_end_shares (const VmhRecord *record);
void vmh_qemu_fail_connect (VmhQemu *qemu, GError *error /* consumed */);

G_END_DECLS
