/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Where the guest's kernel writes its last words when it crashes, to read them after its restart.
 * libvirt has it since 10.6. */
#include "inn-words.h"

static const InnChoice backends[] = {
  { "acpi-erst", N_ ("ACPI ERST") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "backend",
    .path = "@backend",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN,
    .choices = backends,
    .label = N_ ("Device") },
  { .name = "path",
    .path = "path",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("File") },
  { .name = "size",
    .path = "size",
    .type = INN_TYPE_SIZE,
    .fallback = "65536",
    .min = 16384,
    .max = 16 * 1024 * 1024,
    .label = N_ ("Room"),
    .help = N_ ("It is kept while the machine restarts, until it is turned off.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  return inn_rule (inn_element_get_uint (element, "size") % 8192 == 0,
                   _ ("The room must be a multiple of 8 KiB."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "backend");
}

const InnKind inn_kind_pstore = {
  .name = "pstore",
  .path = "devices/pstore",
  .label = N_ ("Crash memory"),
  .icon = "media-flash-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
