/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A parallel port: what an old system prints on. */
#include "inn-rows.h"

static const InnField fields[] = {
  INN_ROW_LEADS_TO (INN_FIELD_DEFAULT, inn_words_chardev),
  INN_ROW_PORT (2, N_ ("LPT1 and lp0 are number 0.")),
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "type");
}

const InnKind inn_kind_parallel = {
  .name = "parallel",
  .path = "devices/parallel",
  .label = N_ ("Parallel port"),
  .icon = "printer-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
