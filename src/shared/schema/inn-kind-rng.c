/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A source of random numbers. */
#include "inn-words.h"

static const InnChoice models[] = {
  { "virtio", N_ ("VirtIO") },
  { "virtio-transitional", N_ ("VirtIO (transitional)") },
  { "virtio-non-transitional", N_ ("VirtIO (modern only)") },
  { NULL, NULL },
};

static const InnChoice backends[] = {
  { "random", N_ ("A random device") },
  { "builtin", N_ ("Built in") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN,
    .choices = models,
    .label = N_ ("Device"),
    .help = N_ ("What the guest sees.") },
  { .name = "backend",
    .path = "backend/@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_ADVANCED,
    .choices = backends,
    .label = N_ ("Source"),
    .help = N_ ("Where the numbers come from.") },
  { .name = "path",
    .path = "backend",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Source file"),
    .help = N_ ("A random device of this computer."),
    .when = "backend=random" },
  { .name = "bytes",
    .path = "rate/@bytes",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 1024 * 1024 * 1024,
    .label = N_ ("Bytes at most"),
    .help = N_ ("In each period.") },
  { .name = "period",
    .path = "rate/@period",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 1000 * 1000,
    .label = N_ ("Period"),
    .help = N_ ("Milliseconds.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  return inn_rule (inn_element_is (element, "backend", "random") ||
                       !inn_element_has (element, "path"),
                   _ ("Built-in random numbers come from no file."), error) &&
         inn_rule (inn_element_has (element, "bytes") || !inn_element_has (element, "period"),
                   _ ("Say how many bytes there may be in a period."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "backend");
}

const InnKind inn_kind_rng = {
  .name = "rng",
  .path = "devices/rng",
  .label = N_ ("Random numbers"),
  .icon = "dialog-password-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
