/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A folder of this computer that the guest sees, too. */
#include "inn-words.h"

static const InnChoice types[] = {
  { "mount", N_ ("A folder") },
  { NULL, NULL },
};

/* "path" is 9p. */
static const InnChoice drivers[] = {
  { "virtiofs", N_ ("virtiofs") },
  { "path", N_ ("9p") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN,
    .fallback = "mount",
    .choices = types,
    .label = N_ ("Source"),
    .help = N_ ("What is shared.") },
  { .name = "driver",
    .path = "driver/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN,
    .fallback = "path",
    .choices = drivers,
    .label = N_ ("Protocol"),
    .help = N_ ("How the guest reaches it.") },
  { .name = "source",
    .path = "source/@dir",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_FOLDER,
    .label = N_ ("Folder"),
    .help = N_ (
        "The guest’s administrator can do in it all that you can. Other users there make no new "
        "files in it: all of it belongs to root.") },
  { .name = "tag",
    .path = "target/@dir",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_REQUIRED,
    .max = 35,
    .pattern = "[A-Za-z0-9_.+/\\-]+",
    .label = N_ ("Name in the guest"),
    .help = N_ ("It is mounted there by “mount -t virtiofs NAME /mnt”.") },
  { .name = "readonly",
    .path = "readonly",
    .type = INN_TYPE_PRESENT,
    .label = N_ ("Read-only"),
    .help = N_ ("The guest cannot write to it.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_element_dup (element, "source");
}

const InnKind inn_kind_filesystem = {
  .name = "filesystem",
  .path = "devices/filesystem",
  .key = "tag",
  .label = N_ ("Shared folder"),
  .icon = "folder-publicshare-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
