/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What happens when the guest turns off, restarts or crashes. */
#include "inn-words.h"

static const InnChoice actions[] = {
  { "destroy", N_ ("Turn it off") },
  { "restart", N_ ("Start it again") },
  { "preserve", N_ ("Keep it as it is, to look at") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "on-poweroff",
    .path = "on_poweroff",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "destroy",
    .choices = actions,
    .label = N_ ("When it shuts down"),
    .help = N_ ("After the system in it has shut down.") },
  { .name = "on-reboot",
    .path = "on_reboot",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "restart",
    .choices = actions,
    .label = N_ ("When it restarts"),
    .help = N_ ("After the system in it has asked for a restart.") },
  { .name = "on-crash",
    .path = "on_crash",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "destroy",
    .choices = actions,
    .label = N_ ("When it crashes"),
    .help = N_ ("After the system in it has told of a crash.") },
  { NULL },
};

const InnKind inn_kind_events = {
  .name = "events",
  .path = "",
  .label = N_ ("Events"),
  .icon = "emblem-system-symbolic",
  .fields = fields,
};
