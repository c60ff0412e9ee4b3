/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How much goes through a network device of this host, by the kernel's traffic control (tc(8)). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** VmhRate: bytes in a second, 0: as many as there are; and bytes at once after a pause. */
typedef struct
{
  guint64 rate, burst;
} VmhRate;

/** vmh_shape_sends: what @device sends from now on. INN_ERROR_UNSUPPORTED where the kernel cannot.
 */
gboolean vmh_shape_sends (const char *device, const VmhRate *rate, GError **error);
/** vmh_shape_receives: what @device receives from now on. It takes a way round through a device of
 * its own, @detour, which stays until it is removed; nothing goes through it once @device is gone.
 */
gboolean
vmh_shape_receives (const char *device, const char *detour, const VmhRate *rate, GError **error);

G_END_DECLS
