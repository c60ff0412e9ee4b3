/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A disk: an image file or a block device of the host. */
#include "inn-words.h"

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
  { "enospace", N_ ("Pause when the disk is full, else tell the guest") },
  { "stop", N_ ("Pause the machine") },
  { "report", N_ ("Tell the guest") },
  { "ignore", N_ ("Do nothing") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "target",
    .path = "target/@dev",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_ADVANCED,
    .pattern = "(fd|hd|sd|vd)[a-z]{1,3}",
    .label = N_ ("Name"),
    .help = N_ ("Tells it from the others; the guest may call it otherwise.") },
  { .name = "bus",
    .path = "target/@bus",
    .type = INN_TYPE_ENUM,
    .fallback = "virtio",
    .choices = buses,
    .label = N_ ("Bus"),
    .help = N_ ("How it is connected to the machine.") },
  { .name = "type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "file",
    .choices = inn_words_disk_type,
    .label = N_ ("Kind of source"),
    .help = N_ ("Where its contents are.") },
  { .name = "source",
    .path = "source/@file",
    .type = INN_TYPE_PATH,
    .label = N_ ("File"),
    .help = N_ ("The file on this computer that holds its contents.") },
  { .name = "block",
    .path = "source/@dev",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_ADVANCED,
    .label = N_ ("Device"),
    .help = N_ ("The disk or drive of this computer, as /dev/sr0.") },
  { .name = "format",
    .path = "driver/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_ADVANCED,
    .choices = inn_words_disk_format,
    .label = N_ ("Format"),
    .help = N_ ("How the file is laid out. It is never guessed: a guest could lie.") },
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
  { .name = "readonly",
    .path = "readonly",
    .type = INN_TYPE_PRESENT,
    .label = N_ ("Read-only"),
    .help = N_ ("The guest cannot write to it.") },
  { .name = "shareable",
    .path = "shareable",
    .type = INN_TYPE_PRESENT,
    .flags = INN_FIELD_ADVANCED,
    .label = N_ ("Shared"),
    .help = N_ ("Several machines may write to it at once; the systems in them must know how.") },
  { .name = "serial",
    .path = "serial",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .max = 36,
    .pattern = "[A-Za-z0-9_.+\\- ]+",
    .label = N_ ("Serial number"),
    .help = N_ ("What the guest reads as the disk's serial number.") },
  { .name = "boot-order",
    .path = "boot/@order",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 512,
    .label = N_ ("Place in the boot order"),
    .help = N_ ("1 is tried first.") },
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

  return inn_rule_source (element, error) && inn_rule_target (element, error);
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
