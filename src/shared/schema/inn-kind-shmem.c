/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Memory that machines of one owner have in common, as a PCI device of each. */
#include "inn-words.h"

#include "shared/inn-size.h"

static const InnChoice models[] = {
  { "ivshmem-plain", N_ ("Shared memory (ivshmem)") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "name",
    .path = "@name",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_REQUIRED,
    .max = 64,
    .pattern = "[A-Za-z0-9][A-Za-z0-9_.\\-]*",
    .label = N_ ("Name"),
    .help = N_ ("Machines that have one of the same name share its contents.") },
  { .name = "model",
    .path = "model/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN,
    .choices = models,
    .label = N_ ("Device"),
    .help = N_ ("What the guest sees.") },
  { .name = "size",
    .path = "size",
    .type = INN_TYPE_SIZE,
    .flags = INN_FIELD_REQUIRED,
    .min = 1 << 20,
    .max = 1 << 30,
    .label = N_ ("Size"),
    .help = N_ ("A power of two, and the same in all of them.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  guint64 size = inn_element_get_uint (element, "size");

  return inn_rule ((size & (size - 1)) == 0,
                   _ ("The size of shared memory is a power of two, as 4 MiB. Choose one."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_join (inn_element_dup (element, "name"),
                       inn_size_format (inn_element_get_uint (element, "size")));
}

const InnKind inn_kind_shmem = {
  .name = "shmem",
  .path = "devices/shmem",
  .key = "name",
  .label = N_ ("Shared memory"),
  .icon = "drive-harddisk-solidstate-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
