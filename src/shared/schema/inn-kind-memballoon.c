/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The balloon through which memory is given back. */
#include "inn-words.h"

static const InnChoice models[] = {
  { "virtio", N_ ("VirtIO") },
  { "virtio-transitional", N_ ("VirtIO (transitional)") },
  { "virtio-non-transitional", N_ ("VirtIO (modern only)") },
  { "none", N_ ("None") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED,
    .choices = models,
    .label = N_ ("Device"),
    .help = N_ ("What the guest sees.") },
  { .name = "autodeflate",
    .path = "@autodeflate",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "off",
    .choices = inn_words_on_off,
    .label = N_ ("Give memory back to the guest in need"),
    .help = N_ ("Rather than let it kill programs.") },
  { .name = "free-page-reporting",
    .path = "@freePageReporting",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "off",
    .choices = inn_words_on_off,
    .label = N_ ("Give back unused memory"),
    .help = N_ ("The guest tells which memory it does not use.") },
  { .name = "stats-period",
    .path = "stats/@period",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED,
    .min = 1,
    .max = 3600,
    .label = N_ ("Ask for statistics"),
    .help = N_ ("Seconds between questions.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "model");
}

const InnKind inn_kind_memballoon = {
  .name = "memballoon",
  .path = "devices/memballoon",
  .label = N_ ("Memory balloon"),
  .icon = "drive-harddisk-solidstate-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
