/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The mainboard. */
#include "inn-words.h"

static const InnChoice types[] = {
  { "hvm", N_ ("Full") },
  { NULL, NULL },
};

static const InnChoice archs[] = {
  { "x86_64", N_ ("64-bit PC") },
  { "i686", N_ ("32-bit PC") },
  { NULL, NULL },
};

static const InnChoice machines[] = {
  { "q35", N_ ("Q35") },
  { "pc", N_ ("i440FX") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "type",
    .path = "os/type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN,
    .choices = types,
    .label = N_ ("Virtualisation") },
  { .name = "arch",
    .path = "os/type/@arch",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "x86_64",
    .choices = archs,
    .label = N_ ("Architecture"),
    .help = N_ ("The kind of processor the system was made for.") },
  { .name = "machine",
    .path = "os/type/@machine",
    .type = INN_TYPE_STRING,
    .fallback = "q35",
    .max = 64,
    .choices = machines,
    .pattern = "[a-zA-Z0-9_.\\-]+",
    .label = N_ ("Chipset"),
    .help = N_ ("Q35 is the modern one; i440FX suits systems from before 2009.") },
  { .name = "emulator",
    .path = "devices/emulator",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Emulator") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "machine");
}

const InnKind inn_kind_machine = {
  .name = "machine",
  .path = "",
  .label = N_ ("Chipset"),
  .icon = "application-x-firmware-symbolic",
  .fields = fields,
  .summary = summary,
};
