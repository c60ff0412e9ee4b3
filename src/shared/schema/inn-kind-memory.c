/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How much memory the guest has and may get. */
#include "inn-words.h"

#include "shared/inn-size.h"

static const InnChoice accesses[] = {
  { "shared", N_ ("Shared with helpers") },
  { "private", N_ ("Private") },
  { NULL, NULL },
};

static const InnChoice importances[] = {
  { "low", N_ ("Low") },
  { "normal", N_ ("Normal") },
  { "high", N_ ("High") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "size",
    .path = "memory",
    .type = INN_TYPE_SIZE,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_LIVE,
    .min = 1024 * 1024,
    .max = (guint64)16 << 40,
    .label = N_ ("Memory"),
    .help = N_ ("What the machine has. It can be given more while it runs.") },
  { .name = "current",
    .path = "currentMemory",
    .type = INN_TYPE_SIZE,
    .flags = INN_FIELD_LIVE,
    .min = 1024 * 1024,
    .max = (guint64)16 << 40,
    .label = N_ ("Memory now"),
    .help =
        N_ ("Less than it started with: the rest is given back to this computer by the balloon.") },
  { .name = "automatic",
    .path = "metadata/innkeeper:machine/innkeeper:balloon",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_NOT_GUEST,
    .fallback = "no",
    .label = N_ ("Give back what it does not use"),
    .help = N_ ("Only while this computer is short of memory; later the machine gets it again.") },
  { .name = "floor",
    .path = "metadata/innkeeper:machine/innkeeper:balloon-floor",
    .type = INN_TYPE_SIZE,
    .flags = INN_FIELD_NOT_GUEST,
    .min = 16 * 1024 * 1024,
    .max = (guint64)16 << 40,
    .label = N_ ("Keeps at least"),
    .help = N_ ("It never gives back more; half of its memory where nothing stands here."),
    .when = "automatic=yes" },
  { .name = "importance",
    .path = "metadata/innkeeper:machine/innkeeper:balloon-importance",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_NOT_GUEST,
    .fallback = "normal",
    .choices = importances,
    .label = N_ ("Importance"),
    .help = N_ ("Machines of less importance give memory back first."),
    .when = "automatic=yes" },
  { .name = "maximum",
    .path = "maxMemory[@slots?='16']",
    .type = INN_TYPE_SIZE,
    .flags = INN_FIELD_ADVANCED,
    .min = 1024 * 1024,
    .max = (guint64)16 << 40,
    .label = N_ ("Most memory"),
    .help = N_ ("So much can be plugged in while the machine runs.") },
  { .name = "access",
    .path = "memoryBacking/access/@mode",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "shared",
    .choices = accesses,
    .label = N_ ("Memory is"),
    .help = N_ ("Shared memory is needed for folders shared with the machine. Equal pages of "
                "private memory can be merged by this computer.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  guint64 size = inn_element_get_uint (element, "size");

  return inn_rule (inn_element_get_uint (element, "current") <= size,
                   _ ("The memory now cannot be more than what the machine starts with."), error) &&
         inn_rule (!inn_element_has (element, "maximum") ||
                       inn_element_get_uint (element, "maximum") >= size,
                   _ ("The most memory cannot be less than what the machine starts with."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_size_format (inn_element_get_uint (element, "size"));
}

const InnKind inn_kind_memory = {
  .name = "memory",
  .path = "",
  .label = N_ ("Memory"),
  .icon = "drive-harddisk-solidstate-symbolic",
  .fields = fields,
  .check = check,
  .summary = summary,
};
