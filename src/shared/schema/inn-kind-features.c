/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a PC of today has and one of 1995 had not. */
#include "inn-words.h"

static const InnGroup hiding = { N_ ("Of KVM"), N_ ("What the guest knows of it") };

#define SWITCH(word, xml, otherwise, title, about, in)                                             \
  {                                                                                                \
    .name = word, .path = "features/" xml "/@state", .type = INN_TYPE_BOOL,                        \
    .flags = INN_FIELD_ADVANCED, .fallback = otherwise, .choices = inn_words_on_off,               \
    .label = title, .help = about, .group = in                                                     \
  }

static const InnField fields[] = {
  { .name = "acpi",
    .path = "features/acpi",
    .type = INN_TYPE_PRESENT,
    .label = N_ ("ACPI"),
    .help = N_ ("Shut down by the power button, sleep, hot-plug. Off only for very old systems.") },
  { .name = "apic",
    .path = "features/apic",
    .type = INN_TYPE_PRESENT,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("APIC"),
    .help = N_ ("Needed for more than one processor.") },
  SWITCH ("smm",
          "smm",
          NULL,
          N_ ("System management mode"),
          N_ ("Secure Boot needs it; off otherwise."),
          NULL),
  SWITCH ("pmu",
          "pmu",
          NULL,
          N_ ("Performance counters"),
          N_ ("For programs that measure programs, as perf."),
          NULL),
  SWITCH ("vmport",
          "vmport",
          NULL,
          N_ ("VMware port"),
          N_ ("Some old drivers of pointers look for it."),
          NULL),
  SWITCH ("vmcoreinfo",
          "vmcoreinfo",
          "off",
          N_ ("Notes for memory dumps"),
          N_ ("A Linux guest says where its parts are, so that a dump can be read."),
          NULL),
  SWITCH ("kvm-hidden",
          "kvm/hidden",
          "off",
          N_ ("Hide KVM"),
          N_ ("For drivers that refuse to work in a virtual machine."),
          &hiding),
  SWITCH ("kvm-hint-dedicated",
          "kvm/hint-dedicated",
          "off",
          N_ ("Processors of its own"),
          N_ ("The guest may take it that nobody else uses them. Only with “Runs on”."),
          &hiding),
  SWITCH ("kvm-poll-control",
          "kvm/poll-control",
          "off",
          N_ ("The guest waits itself"),
          N_ ("An idle guest answers faster and costs more."),
          &hiding),
  SWITCH ("kvm-pv-ipi",
          "kvm/pv-ipi",
          "on",
          N_ ("Fast calls between processors"),
          N_ ("By asking KVM."),
          &hiding),
  { NULL },
};

const InnKind inn_kind_features = {
  .name = "features",
  .path = "",
  .label = N_ ("Features"),
  .icon = "preferences-other-symbolic",
  .fields = fields,
};
