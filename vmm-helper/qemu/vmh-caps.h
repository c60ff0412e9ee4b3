/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a QEMU binary can do, asked of it once for each binary and modification time. Never guessed
 * from a version. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** VmhCaps: names of the types that this QEMU has: a set. */
typedef GHashTable VmhCaps;

/** vmh_caps_load_async: @emulator an absolute path; @uid who asks it where we are root. The answer
 * is kept in @folder. */
void vmh_caps_load_async (const char *emulator,
                          const char *folder,
                          uid_t uid,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer data);
VmhCaps *vmh_caps_load_finish (GAsyncResult *result, GError **error);
/** vmh_caps_has: as VmhPlanHost wants it. */
gboolean vmh_caps_has (const char *type, gpointer caps);

G_END_DECLS
