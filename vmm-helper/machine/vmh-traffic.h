/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a machine's disks and network cards have carried, all of them together. */
#pragma once

#include "machine/vmh-machine.h"

G_BEGIN_DECLS

typedef enum
{
  VMH_TRAFFIC_READ,
  VMH_TRAFFIC_WRITTEN,
  VMH_TRAFFIC_RECEIVED, /* by the guest */
  VMH_TRAFFIC_SENT,
  VMH_N_TRAFFIC
} VmhTrafficKind;

/** VmhTraffic: bytes since QEMU was started, of what was there; G_MAXUINT64: not known. */
typedef struct
{
  guint64 bytes[VMH_N_TRAFFIC];
} VmhTraffic;

/** vmh_traffic_count_async: one question to QEMU, and one to the shim for each user-mode card. */
void vmh_traffic_count_async (VmhMachine *machine, GAsyncReadyCallback callback, gpointer data);
void vmh_traffic_count_finish (GAsyncResult *result, VmhTraffic *out_traffic);

G_END_DECLS
