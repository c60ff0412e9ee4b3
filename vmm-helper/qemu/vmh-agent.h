/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Talks with the agent in a guest (qemu-guest-agent), over the socket that its QEMU listens on.
 * What comes from there is the guest's: bytes, depth and time of it are bounded, and nobody else
 * waits for it. Knows the protocol; what the answers mean is in vmh-agent-info.h. */
#pragma once

#include "qemu/vmh-qemu.h"

G_BEGIN_DECLS

/** VmhAgentCommand: one line that is sent. */
typedef struct
{
  char *text;      /* JSON; wiped when it is freed */
  gboolean silent; /* it is not answered where it succeeds */
} VmhAgentCommand;

/** vmh_agent_command: of @arguments, JSON text or NULL. */
VmhAgentCommand *vmh_agent_command (const char *name, const char *arguments);
void vmh_agent_command_free (VmhAgentCommand *command);

/** vmh_agent_ask_async: @commands (VmhAgentCommand, taken over), one after the other, when the
 * talks that began before are over. INN_ERROR_LIMIT where too many wait, INN_ERROR_GUEST where no
 * agent answers. */
void vmh_agent_ask_async (VmhQemu *qemu,
                          GPtrArray *commands,
                          GAsyncReadyCallback callback,
                          gpointer data);
/** vmh_agent_talk_async: the same over @socket (taken over), at once. */
void
vmh_agent_talk_async (int socket, GPtrArray *commands, GAsyncReadyCallback callback, gpointer data);
/** vmh_agent_ask_finish: of each command its whole answer, which may be an error (see
 * vmh_agent_check()); NULL of one without. transfer full, of JsonNode. Of both. */
GPtrArray *vmh_agent_ask_finish (GAsyncResult *result, GError **error);
/** vmh_agent_check: FALSE with INN_ERROR_GUEST and the agent's own words (as text that can be
 * shown) where @answer is an error. */
gboolean vmh_agent_check (JsonNode *answer, GError **error);

/** vmh_agent_dup_text: of the guest's, as it can be shown: cut, valid, without control characters.
 */
char *vmh_agent_dup_text (const char *text);

G_END_DECLS
