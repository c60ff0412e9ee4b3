/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A device through which the guest tells of its crash. */
#include "inn-words.h"

/* libvirt has pvpanic since 9.1. */
static const InnChoice models[] = {
  { "isa", N_ ("ISA") },
  { "pvpanic", N_ ("PCI") },
  { "hyperv", N_ ("Hyper-V (for Windows)") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "isa",
    .choices = models,
    .label = N_ ("Device"),
    .help = N_ ("What the guest sees.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "model");
}

const InnKind inn_kind_panic = {
  .name = "panic",
  .path = "devices/panic",
  .label = N_ ("Crash notifier"),
  .icon = "dialog-warning-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
