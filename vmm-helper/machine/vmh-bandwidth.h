/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How much goes through a machine's network cards. The shim keeps to it for those of the user-mode
 * network, the kernel for those with a tap. */
#pragma once

#include "qemu/vmh-runtime.h"
#include "shared/inn-domain.h"

G_BEGIN_DECLS

/** vmh_bandwidth_read: what @card may; nothing is limited where all is 0. */
VmhCardLimits vmh_bandwidth_read (const InnElement *card);
gboolean vmh_bandwidth_is_limited (const VmhCardLimits *limits);
/** vmh_bandwidth_limit_cable: of a card that has a tap, which is where @card says. */
gboolean vmh_bandwidth_limit_cable (uid_t owner,
                                    const InnElement *card,
                                    const VmhCardLimits *limits,
                                    GError **error);
/** vmh_bandwidth_start_async: of all cards of a guest that has not begun; of user-mode ones where
 * @passt carries them. A VmhStep's start without a finish. */
void vmh_bandwidth_start_async (VmhBundle *bundle,
                                InnDomain *domain,
                                gboolean passt,
                                GAsyncReadyCallback callback,
                                gpointer data);

G_END_DECLS
