/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A text console of the guest: the first serial port by another name, or a VirtIO one. */
#include "inn-rows.h"

static const InnChoice targets[] = {
  { "serial", N_ ("The first serial port") },
  { "virtio", N_ ("VirtIO console") },
  { NULL, NULL },
};

static const InnField fields[] = {
  INN_ROW_LEADS_TO (INN_FIELD_DEFAULT, inn_words_chardev),
  INN_ROW_PORT (31, N_ ("The first is number 0.")),
  INN_ROW_SORT (INN_FIELD_DEFAULT, targets, "serial"),
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
