/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What comes in from the bus, where it comes in: how much of it there may be, and whose the files
 * are that came along. The gate decides who may do what with it. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_intake_begin: from now on each message that @connection brings is counted, in GDBus's thread
 * and before anything waits for it, until it is freed. A call too many is answered there with
 * INN_ERROR_LIMIT. */
void vmh_intake_begin (GDBusConnection *connection);

/** vmh_intake_know: @sender is @user's. What it sends is counted as that user's from now on. */
void vmh_intake_know (const char *sender, uid_t user);
/** vmh_intake_owe: @body, of an answer or a signal, is about to be sent to @sender: it is counted
 * until the bus takes it. */
void vmh_intake_owe (const char *sender, GVariant *body);
/** vmh_intake_may_answer: whether @user has so little of that, that more would not keep others
 * waiting (VMH_MAX_OWED_BYTES_AHEAD). */
gboolean vmh_intake_may_answer (uid_t user);
/** vmh_intake_wake: @source (one at a time) becomes ready where that becomes so; @on FALSE: no
 * more. */
void vmh_intake_wake (GSource *source, gboolean on);
/** vmh_intake_forget: it has left the bus. */
void vmh_intake_forget (const char *sender);

/** vmh_intake_get_files: the files that came with @message, to be taken out of it (and -1 put in
 * their place); what is left is closed with the message, as its sender's. NULL, 0 where there are
 * none. */
int *vmh_intake_get_files (GDBusMessage *message, gsize *n_files);
/** vmh_intake_claim: they are @user's from now on. */
void vmh_intake_claim (GDBusMessage *message, uid_t user);

G_END_DECLS
