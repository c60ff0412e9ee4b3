/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a guest's agent is asked and asked for: its commands, and what its answers mean. Its words
 * are those of a stranger. */
#pragma once

#include "qemu/vmh-agent.h"

G_BEGIN_DECLS

/** vmh_agent_info_list: the commands whose answers vmh_agent_info_build() takes. */
GPtrArray *vmh_agent_info_list (void);
/** vmh_agent_info_build: a{sv} as Guest.GetInfo tells it; floating. @answers NULL: none is there.
 */
GVariant *vmh_agent_info_build (GPtrArray *answers);

/* One command each. */
GPtrArray *vmh_agent_set_password (const char *user, const char *password);
GPtrArray *vmh_agent_set_time (gint64 ns); /* since 1970 */
GPtrArray *vmh_agent_trim (void);
/** vmh_agent_set_cpus: the first @n are switched on; the answer says how many are. */
GPtrArray *vmh_agent_set_cpus (guint n);
GPtrArray *vmh_agent_power_off (void);

G_END_DECLS
