/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A memory module: some of the machine's memory that can be unplugged as a whole. As libvirt
 * counts, <memory> of the machine says all of it, modules too. */
#include "inn-words.h"

#include "shared/inn-size.h"

static const InnChoice models[] = {
  { "dimm", N_ ("Memory module") },
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
  { .name = "size",
    .path = "target/size",
    .type = INN_TYPE_SIZE,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_UNIT,
    .min = 1024 * 1024,
    .max = (guint64)16 << 40,
    .label = N_ ("Size"),
    .help = N_ ("A part of the machine’s memory, not beside it.") },
  { .name = "node",
    .path = "target/node",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "0",
    .max = 3,
    .label = N_ ("NUMA cell"),
    .help = N_ ("To which it belongs; the first is 0.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_size_format (inn_element_get_uint (element, "size"));
}

const InnKind inn_kind_dimm = {
  .name = "dimm",
  .path = "devices/memory",
  .match = "@model=dimm",
  .label = N_ ("Memory module"),
  .icon = "drive-harddisk-solidstate-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
