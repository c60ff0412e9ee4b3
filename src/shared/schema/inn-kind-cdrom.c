/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A CD or DVD drive and the medium in it. */
#include "inn-rows.h"

static const InnChoice buses[] = {
  { "sata", N_ ("SATA") }, { "ide", N_ ("IDE") }, { "scsi", N_ ("SCSI") },
  { "usb", N_ ("USB") },   { NULL, NULL },
};

static const InnField fields[] = {
  INN_ROW_TARGET,
  INN_ROW_BUS (buses, "sata"),
  INN_ROW_SOURCE_TYPE,
  INN_ROW_SOURCE (INN_FIELD_LIVE, N_ ("Image")),
  INN_ROW_BLOCK (INN_FIELD_DEFAULT),
  INN_ROW_FORMAT (INN_FIELD_DEFAULT, "raw"),
  INN_ROW_READONLY,
  INN_ROW_SERIAL,
  INN_ROW_BOOT_ORDER,
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_storage (element, _ ("empty"));
}

const InnKind inn_kind_cdrom = {
  .name = "cdrom",
  .path = "devices/disk",
  .match = "@device=cdrom",
  .key = "target",
  .label = N_ ("CD or DVD drive"),
  .icon = "media-optical-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = inn_rule_storage,
  .summary = summary,
};
