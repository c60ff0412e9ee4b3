/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Asks whether the caller may do an action: polkit in system mode, nobody in session mode. The only
 * file that knows polkit. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_auth_check_async: @sender is the caller's unique name on the system bus and the only thing
 * that polkit is told of it (never a pid); @uid its user, for the limits. @interactive: a password
 * may be asked for, which may take minutes; there is no timeout. First it is asked without, so that
 * what needs no password never waits behind what does. */
void vmh_auth_check_async (const char *sender,
                           uid_t uid,
                           const char *action,
                           gboolean interactive,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data);
/** vmh_auth_check_finish: TRUE only after an explicit yes; else INN_ERROR_DENIED, _DISMISSED,
 * _AUTH_REQUIRED, _LIMIT or _CANCELLED. */
gboolean vmh_auth_check_finish (GAsyncResult *result, GError **error);

G_END_DECLS
