/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the runtime folder says of a running guest, so that the next helper finds it. */
#pragma once

#include "machine/vmh-bundle.h"
#include "qemu/vmh-pid.h"

G_BEGIN_DECLS

/* In the runtime folder, for the moment between its making and its being connected. */
#define VMH_SHARE_SOCKET "share"

/* vmm-screen, which begins QEMU, and stays beside it in its room: where it waits for viewers, and
 * for QEMU's D-Bus display. */
#define VMH_SCREEN_VIEWERS "screen"
#define VMH_SCREEN_QEMU    "screen-qemu"

typedef struct
{
  VmhPid shim, qemu; /* qemu.pid 0: not known yet */
  char *accelerator, *reason, *user_network;
  gboolean starting; /* not all has been told to it yet that goes before its first instruction */
  gboolean beside;   /* programs run beside it that the next start has to wait for */
  gboolean ending;   /* it was to be forced off: no crash, whoever sees its end */
  GArray *shares;    /* VmhPid: programs of the owner's that share folders */
  char **lines;      /* "serial0=serial" */
  char **displays;   /* "vnc" */
} VmhRecord;

void vmh_record_free (VmhRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhRecord, vmh_record_free)

/** vmh_record_save: the old content or the new one, never half of one. */
gboolean vmh_record_save (const VmhRecord *record, VmhBundle *bundle, GError **error);
/** vmh_record_load: NULL where there is none, or it is of another boot. */
VmhRecord *vmh_record_load (VmhBundle *bundle);
/** vmh_record_remove: everything of a guest that is gone: record, sockets, exit status. With
 * @record only where that one is on disk: the machine may run again since. */
void vmh_record_remove (VmhBundle *bundle, const VmhRecord *record);
/** vmh_record_load_end: how the one on record has ended, as its shim has written down: TRUE if by
 * itself and with 0. *out_words: what its serial line said last, any bytes; NULL: nothing. */
gboolean vmh_record_load_end (VmhBundle *bundle, GBytes **out_words);

G_END_DECLS
