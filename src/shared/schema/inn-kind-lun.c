/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A SCSI disk or drive of this computer, whole, with its own words for itself and its own commands.
 */
#include "inn-rows.h"

static const InnChoice buses[] = {
  { "scsi", N_ ("SCSI") },
  { NULL, NULL },
};

static const InnChoice types[] = {
  { "block", N_ ("Disk of this computer") },
  { NULL, NULL },
};

static const InnChoice formats[] = {
  { "raw", N_ ("Plain (raw)") },
  { NULL, NULL },
};

static const InnField fields[] = {
  INN_ROW_TARGET,
  INN_ROW_BUS (buses, "scsi"),
  { .name = "type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN,
    .choices = types,
    .label = N_ ("Kind of source"),
    .help = N_ ("Where its contents are.") },
  { .name = "block",
    .path = "source/@dev",
    .type = INN_TYPE_PATH,
    .label = N_ ("Device"),
    .help =
        N_ ("A whole SCSI or SATA disk, or drive, of this computer that it does not use itself, "
            "as /dev/sdb.") },
  { .name = "format",
    .path = "driver/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN,
    .fallback = "raw",
    .choices = formats,
    .label = N_ ("Format"),
    .help = N_ ("It has none of its own.") },
  INN_ROW_READONLY,
  INN_ROW_BOOT_ORDER,
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_storage (element, _ ("not chosen"));
}

const InnKind inn_kind_lun = {
  .name = "lun",
  .path = "devices/disk",
  .match = "@device=lun",
  .key = "target",
  .label = N_ ("Disk with SCSI commands"),
  .icon = "drive-harddisk-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = inn_rule_target,
  .summary = summary,
};
