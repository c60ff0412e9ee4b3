/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Cables from a guest's card to a bridge of this host, and bridges that lead to other machines
 * only. Needs CAP_NET_ADMIN; knows no machine. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_tap_open: a new tap device on @bridge, for a card with the address @mac
 * ("52:54:00:12:34:56"). It is gone when the last fd of it is closed. -1 with INN_ERROR_NOT_FOUND
 * where @bridge is no bridge. */
int vmh_tap_open (const char *bridge, const char *mac, GError **error);
/** vmh_tap_open_isolated: the same on the bridge of @owner's network @network, which is made first
 * where it is not there: it has no way out of this host, and this host has no address on it. */
int vmh_tap_open_isolated (uid_t owner, const char *network, const char *mac, GError **error);
/** vmh_tap_sweep: removes such bridges that no machine is on (any more, or after a start that
 * failed). */
void vmh_tap_sweep (void);

G_END_DECLS
