/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A text console of the guest: the first serial port by another name, or a VirtIO one. */
#include "inn-words.h"

static const InnChoice targets[] = {
  { "serial", N_ ("The first serial port") },
  { "virtio", N_ ("VirtIO console") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED,
    .choices = inn_words_chardev,
    .label = N_ ("Leads to"),
    .help = N_ ("What is at the other end of the line.") },
  { .name = "port",
    .path = "target/@port",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .max = 31,
    .label = N_ ("Number"),
    .help = N_ ("The first is number 0.") },
  { .name = "target-type",
    .path = "target/@type",
    .type = INN_TYPE_ENUM,
    .fallback = "serial",
    .choices = targets,
    .label = N_ ("Port"),
    .help = N_ ("What the guest sees.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "target-type");
}

const InnKind inn_kind_console = {
  .name = "console",
  .path = "devices/console",
  .label = N_ ("Console"),
  .icon = "utilities-terminal-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
