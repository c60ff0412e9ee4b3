/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Cables from a guest's card to a bridge of this host, and bridges that lead to other machines
 * only. Needs CAP_NET_ADMIN; knows no machine. */
#pragma once

#include <glib.h>
#include "host/vmh-shape.h"
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_tap_open: a new tap device on @bridge, for a card with the address @mac
 * ("52:54:00:12:34:56"). It is gone when the last fd of it is closed. -1 with INN_ERROR_NOT_FOUND
 * where @bridge is no bridge. */
int vmh_tap_open (const char *bridge, const char *mac, GError **error);
/** vmh_tap_open_isolated: the same on the bridge of @owner's network @network, which is made first
 * where it is not there: it has no way out of this host, and this host has no address on it. */
int vmh_tap_open_isolated (uid_t owner, const char *network, const char *mac, GError **error);
/** VmhCable: where a cable's other end is: a bridge of this host, a network of @owner's, or a card
 * of this host that the guest's shares (vmh-macvtap.h). */
typedef struct
{
  uid_t owner;
  gboolean isolated, direct;
  const char *name;
} VmhCable;

/** vmh_tap_move: the tap of the card @mac, which is at @from, gets to @to, where it may be already.
 * The network that it leaves is swept. INN_ERROR_NOT_FOUND where there is no such tap or bridge;
 * then it stays where it is. */
gboolean vmh_tap_move (const char *mac, const VmhCable *from, const VmhCable *to, GError **error);
/** vmh_tap_limit: what the card @mac, whose cable leads to @at, gets and sends from now on. A tap
 * takes that along wherever it moves. INN_ERROR_UNSUPPORTED where the kernel cannot. */
gboolean vmh_tap_limit (const char *mac,
                        const VmhCable *at,
                        const VmhRate *to_guest,
                        const VmhRate *from_guest,
                        GError **error);
/** vmh_tap_count: bytes that the device of the card with the address @mac has received of the guest
 * and sent to it. FALSE where there is none, or more than one. */
gboolean vmh_tap_count (const char *mac, guint64 *out_received, guint64 *out_sent);
/** vmh_tap_sweep: removes such bridges that no machine is on (any more, or after a start that
 * failed). */
void vmh_tap_sweep (void);

G_END_DECLS
