/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The time of day that the guest finds. */
#include "inn-words.h"

static const InnChoice offsets[] = {
  { "utc", N_ ("UTC") },
  { "localtime", N_ ("Local time") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "offset",
    .path = "clock/@offset",
    .type = INN_TYPE_ENUM,
    .fallback = "utc",
    .choices = offsets,
    .label = N_ ("Clock"),
    .help = N_ ("Linux and most others keep UTC; Windows wants local time.") },
  { .name = "hpet",
    .path = "clock[@offset?='utc']/timer[@name='hpet']/@present",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "no",
    .label = N_ ("HPET"),
    .help = N_ ("A timer that some old systems need and all others are faster without.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "offset");
}

const InnKind inn_kind_clock = {
  .name = "clock",
  .path = "",
  .label = N_ ("Clock"),
  .icon = "preferences-system-time-symbolic",
  .fields = fields,
  .summary = summary,
};
