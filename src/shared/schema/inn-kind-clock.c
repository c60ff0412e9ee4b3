/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The time of day that the guest finds. */
#include "inn-words.h"

static const InnChoice offsets[] = {
  { "utc", N_ ("UTC") },
  { "localtime", N_ ("Local time") },
  { NULL, NULL },
};

static const InnChoice rtc_policies[] = {
  { "catchup", N_ ("Catches up") },
  { "delay", N_ ("Goes on") },
  { NULL, NULL },
};

static const InnChoice pit_policies[] = {
  { "delay", N_ ("Goes on") },
  { "discard", N_ ("Leaves them out") },
  { NULL, NULL },
};

static const InnGroup timers = { N_ ("Timers"), N_ ("What counts the time in the guest") };

#define TIMER(timer) "clock[@offset?='utc']/timer[@name='" timer "']/"

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
  { .name = "rtc-policy",
    .path = TIMER ("rtc") "@tickpolicy",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "catchup",
    .choices = rtc_policies,
    .label = N_ ("Clock that was late"),
    .help = N_ ("What it does after the guest had to wait."),
    .group = &timers },
  { .name = "pit",
    .path = TIMER ("pit") "@present",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "yes",
    .label = N_ ("PIT"),
    .help = N_ ("The first PCs’ timer; nearly every system wants it when it starts."),
    .group = &timers },
  { .name = "pit-policy",
    .path = TIMER ("pit") "@tickpolicy",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "delay",
    .choices = pit_policies,
    .label = N_ ("PIT’s late ticks"),
    .help = N_ ("With KVM only."),
    .when = "pit=yes",
    .group = &timers },
  { .name = "kvmclock",
    .path = TIMER ("kvmclock") "@present",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "yes",
    .label = N_ ("KVM’s clock"),
    .help = N_ ("Linux keeps exact time by it."),
    .group = &timers },
  { .name = "hypervclock",
    .path = TIMER ("hypervclock") "@present",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "no",
    .label = N_ ("Hyper-V’s clock"),
    .help = N_ ("Windows keeps exact time by it. With KVM only."),
    .group = &timers },
  { .name = "tsc-frequency",
    .path = TIMER ("tsc") "@frequency",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1000000,
    .max = G_GUINT64_CONSTANT (100000000000),
    .label = N_ ("Processor’s clock (Hz)"),
    .help = N_ ("How fast the guest’s time stamp counter goes. With KVM only."),
    .group = &timers },
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
