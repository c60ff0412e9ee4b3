/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A floppy drive and the disk in it. */
#include "inn-words.h"

static const InnChoice buses[] = {
  { "fdc", N_ ("Floppy controller") },
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
    .fallback = "fdc",
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
    .flags = INN_FIELD_LIVE,
    .label = N_ ("Image"),
    .help = N_ ("The file on this computer that holds its contents.") },
  { .name = "block",
    .path = "source/@dev",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED,
    .label = N_ ("Device"),
    .help = N_ ("The disk or drive of this computer, as /dev/sr0.") },
  { .name = "format",
    .path = "driver/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "raw",
    .choices = inn_words_disk_format,
    .label = N_ ("Format"),
    .help = N_ ("How the file is laid out. It is never guessed: a guest could lie.") },
  { .name = "readonly",
    .path = "readonly",
    .type = INN_TYPE_PRESENT,
    .label = N_ ("Read-only"),
    .help = N_ ("The guest cannot write to it.") },
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
  return inn_rule_source (element, error) && inn_rule_target (element, error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_storage (element, _ ("empty"));
}

const InnKind inn_kind_floppy = {
  .name = "floppy",
  .path = "devices/disk",
  .match = "@device=floppy",
  .key = "target",
  .label = N_ ("Floppy drive"),
  .icon = "media-floppy-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
