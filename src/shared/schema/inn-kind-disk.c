/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A disk: an image file or a block device of the host. */
#include "inn-rows.h"

static const InnChoice buses[] = {
  { "virtio", N_ ("VirtIO") }, { "sata", N_ ("SATA") }, { "ide", N_ ("IDE") },
  { "scsi", N_ ("SCSI") },     { "usb", N_ ("USB") },   { NULL, NULL },
};

static const InnChoice ios[] = {
  { "threads", N_ ("Threads") },
  { "native", N_ ("Native (Linux AIO)") },
  { "io_uring", N_ ("io_uring") },
  { NULL, NULL },
};

static const InnChoice discards[] = {
  { "unmap", N_ ("Give it back") },
  { "ignore", N_ ("Keep it") },
  { NULL, NULL },
};

static const InnChoice zeroes[] = {
  { "off", N_ ("Write them") },
  { "on", N_ ("Write them quickly") },
  { "unmap", N_ ("Leave them out") },
  { NULL, NULL },
};

static const InnChoice policies[] = {
  { "enospace", N_ ("Pause when it is full") },
  { "stop", N_ ("Pause the machine") },
  { "report", N_ ("Tell the guest") },
  { "ignore", N_ ("Do nothing") },
  { NULL, NULL },
};

static const InnField fields[] = {
  INN_ROW_TARGET,
  INN_ROW_BUS (buses, "virtio"),
  INN_ROW_SOURCE_TYPE,
  INN_ROW_SOURCE (INN_FIELD_DEFAULT, N_ ("File")),
  INN_ROW_BLOCK (INN_FIELD_DEFAULT),
  INN_ROW_FORMAT (INN_FIELD_REQUIRED, NULL),
  { .name = "cache",
    .path = "driver/@cache",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "writeback",
    .choices = inn_words_disk_cache,
    .label = N_ ("Cache"),
    .help = N_ ("Trades speed for safety.") },
  { .name = "io",
    .path = "driver/@io",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "threads",
    .choices = ios,
    .label = N_ ("Access"),
    .help = N_ ("How QEMU reads and writes the file.") },
  { .name = "discard",
    .path = "driver/@discard",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "ignore",
    .choices = discards,
    .label = N_ ("Deleted space"),
    .help = N_ ("Give back to this computer what the guest has deleted.") },
  { .name = "detect-zeroes",
    .path = "driver/@detect_zeroes",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "off",
    .choices = zeroes,
    .label = N_ ("Zeroes"),
    .help = N_ ("What happens with blocks of nothing but zeroes.") },
  { .name = "error-policy",
    .path = "driver/@error_policy",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "enospace",
    .choices = policies,
    .label = N_ ("When writing fails"),
    .help = N_ ("For example when this computer's disk is full.") },
  INN_ROW_READONLY,
  { .name = "shareable",
    .path = "shareable",
    .type = INN_TYPE_PRESENT,
    .flags = INN_FIELD_ADVANCED,
    .label = N_ ("Shared"),
    .help = N_ ("Several machines may write to it at once; the systems in them must know how.") },
  INN_ROW_SERIAL,
  INN_ROW_BOOT_ORDER,
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  if (!inn_rule (
          !inn_element_is (element, "io", "native") || inn_element_is (element, "cache", "none") ||
              inn_element_is (element, "cache", "directsync"),
          _ ("Native access works only without the host's cache. Choose that, too."), error) ||
      !inn_rule (
          !inn_element_get_bool (element, "readonly") ||
              (!inn_element_is (element, "bus", "ide") && !inn_element_is (element, "bus", "sata")),
          _ ("IDE and SATA disks cannot be read-only. Choose VirtIO, SCSI or USB."), error))
    return FALSE;

  return inn_rule_storage (element, error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_storage (element, NULL);
}

const InnKind inn_kind_disk = {
  .name = "disk",
  .path = "devices/disk",
  .match = "@device=disk|",
  .key = "target",
  .label = N_ ("Disk"),
  .icon = "drive-harddisk-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
