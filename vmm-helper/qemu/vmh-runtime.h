/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Sockets in a machine's runtime folder, however long the path to it is. */
#pragma once

#include "machine/vmh-bundle.h"
#include "qemu/vmh-pid.h"

G_BEGIN_DECLS

/** vmh_runtime_listen: a listening unix socket of @type (SOCK_STREAM, SOCK_SEQPACKET) called @name;
 * an old one is replaced. -1 on error. */
int vmh_runtime_listen (VmhBundle *bundle, const char *name, int type, GError **error);
/** vmh_runtime_connect: to such a socket. -1 on error. */
int vmh_runtime_connect (VmhBundle *bundle, const char *name, int type, GError **error);
/** vmh_runtime_find_shim: who holds the guest's lines, if anybody does, whatever the record says.
 */
gboolean vmh_runtime_find_shim (VmhBundle *bundle, VmhPid *result);
/** vmh_runtime_view_async: asks the machine's shim to show the line @name to @socket (stays the
 * caller's). Whoever has stopped the shim, nobody else waits for it. */
void vmh_runtime_view_async (VmhBundle *bundle,
                             const char *name,
                             gboolean history,
                             gboolean read_only,
                             int socket,
                             GAsyncReadyCallback callback,
                             gpointer data);
/** vmh_runtime_connect_card_async: gives the network card @name, whose end in QEMU is connected to
 * @socket (stays the caller's), the user-mode network. */
void vmh_runtime_connect_card_async (VmhBundle *bundle,
                                     const char *name,
                                     int socket,
                                     GAsyncReadyCallback callback,
                                     gpointer data);
/** vmh_runtime_view_finish: of both. */
gboolean vmh_runtime_view_finish (GAsyncResult *result, GError **error);

/** VmhCardLimits: bytes in a second, 0: no limit; and bytes at once after a pause. */
typedef struct
{
  guint64 to_guest, to_guest_burst, from_guest, from_guest_burst;
} VmhCardLimits;

/** vmh_runtime_limit_card_async: from now on, of the user-mode card @name; ends with
 * vmh_runtime_view_finish(). */
void vmh_runtime_limit_card_async (VmhBundle *bundle,
                                   const char *name,
                                   const VmhCardLimits *limits,
                                   GAsyncReadyCallback callback,
                                   gpointer data);

/** vmh_runtime_count_card_async: bytes that the guest has sent and received by the user-mode card
 * @name. */
void vmh_runtime_count_card_async (VmhBundle *bundle,
                                   const char *name,
                                   GAsyncReadyCallback callback,
                                   gpointer data);
gboolean vmh_runtime_count_card_finish (GAsyncResult *result,
                                        guint64 *out_sent,
                                        guint64 *out_received,
                                        GError **error);

G_END_DECLS
