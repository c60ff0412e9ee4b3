/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A timer that acts when the guest has hung. */
#include "inn-words.h"

/* Q35 has itco built in, and libvirt names it there since 9.1. */
static const InnChoice models[] = {
  { "i6300esb", N_ ("Intel 6300ESB (PCI)") },
  { "ib700", N_ ("iB700 (ISA)") },
  { "itco", N_ ("Intel TCO (of Q35)") },
  { NULL, NULL },
};

static const InnChoice actions[] = {
  { "reset", N_ ("Reset it") },
  { "shutdown", N_ ("Shut it down") },
  { "poweroff", N_ ("Turn it off") },
  { "pause", N_ ("Pause it") },
  { "none", N_ ("Nothing") },
  { "inject-nmi", N_ ("Send it an NMI") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_ADVANCED,
    .choices = models,
    .label = N_ ("Device"),
    .help = N_ ("What the guest sees.") },
  { .name = "action",
    .path = "@action",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_LIVE,
    .fallback = "reset",
    .choices = actions,
    .label = N_ ("When the guest hangs"),
    .help = N_ ("What is done with the machine.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "action");
}

const InnKind inn_kind_watchdog = {
  .name = "watchdog",
  .path = "devices/watchdog",
  .label = N_ ("Watchdog"),
  .icon = "alarm-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
