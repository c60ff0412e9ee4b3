/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Files that users bring may be on file systems that never answer: then to close one never ends,
 * nor does a process that has one. Here such files are closed, never in the main loop, and what
 * hangs is counted, so that a user comes to a limit of its own. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Whose files those are that came with messages for nobody. */
#define VMH_STRANGERS ((uid_t)-1)

/** vmh_close_later: closes @fd (-1: nothing), brought or named by @user, in a thread. */
void vmh_close_later (uid_t user, int fd);

/** vmh_stuck_on_full: @func is called in the main loop, once, when so many files wait to be closed
 * that the helper will soon have room for none. */
void vmh_stuck_on_full (void (*func) (gpointer data), gpointer data);

/** VmhStuck: something of a user's that should end soon. */
typedef struct _VmhStuck VmhStuck;
VmhStuck *vmh_stuck_begin (uid_t user);
void vmh_stuck_end (VmhStuck *stuck);
/** vmh_stuck_check: FALSE with INN_ERROR_LIMIT where VMH_MAX_STUCK_PER_UID of @user's should have
 * ended long ago. */
gboolean vmh_stuck_check (uid_t user, GError **error);

G_END_DECLS
