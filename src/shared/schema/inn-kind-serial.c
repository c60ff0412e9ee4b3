/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A serial port. */
#include "inn-rows.h"

static const InnChoice targets[] = {
  { "isa-serial", N_ ("PC serial port") },
  { "pci-serial", N_ ("PCI card") },
  { "usb-serial", N_ ("USB adapter") },
  { NULL, NULL },
};

static const InnField fields[] = {
  INN_ROW_LEADS_TO (INN_FIELD_DEFAULT, inn_words_chardev),
  INN_ROW_PORT (3, N_ ("COM1 and ttyS0 are number 0.")),
  INN_ROW_SORT (INN_FIELD_ADVANCED, targets, "isa-serial"),
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "target-type");
}

const InnKind inn_kind_serial = {
  .name = "serial",
  .path = "devices/serial",
  .label = N_ ("Serial port"),
  .icon = "utilities-terminal-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
