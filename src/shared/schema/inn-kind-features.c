/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a PC of today has and one of 1995 had not. */
#include "inn-words.h"

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
  { NULL },
};

const InnKind inn_kind_features = {
  .name = "features",
  .path = "",
  .label = N_ ("Features"),
  .icon = "preferences-other-symbolic",
  .fields = fields,
};
