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

static const InnChoice growths[] = {
  { "virtio-mem", N_ ("In small steps (VirtIO)") },
  { "dimm", N_ ("In modules (DIMM)") },
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
  { .name = "slots",
    .path = "maxMemory/@slots",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_HIDDEN,
    .fallback = "16",
    .max = 256,
    .label = N_ ("Slots"),
    .help = N_ ("For memory modules.") },
  { .name = "growth",
    .path = "metadata/innkeeper:machine/innkeeper:memory-growth",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .choices = growths,
    .label = N_ ("More memory comes"),
    .help = N_ ("In small steps where the system has the driver virtio-mem, as Linux since 2020 "
                "does; in modules for Windows and others.") },
  { .name = "access",
    .path = "memoryBacking/access/@mode",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "shared",
    .choices = accesses,
    .label = N_ ("Memory is"),
    .help = N_ ("Shared memory is needed for folders shared with the machine. Equal pages of "
                "private memory can be merged by this computer.") },
  { .name = "no-share-pages",
    .path = "memoryBacking/nosharepages",
    .type = INN_TYPE_PRESENT,
    .flags = INN_FIELD_ADVANCED,
    .label = N_ ("Never merged"),
    .help = N_ ("This computer does not look for equal pages in it.") },
  { .name = "locked",
    .path = "memoryBacking/locked",
    .type = INN_TYPE_PRESENT,
    .flags = INN_FIELD_ADVANCED,
    .label = N_ ("Never swapped"),
    .help = N_ ("This computer keeps all of it in its memory from the start on.") },
  { .name = "huge-pages",
    .path = "memoryBacking/hugepages",
    .type = INN_TYPE_PRESENT,
    .flags = INN_FIELD_ADVANCED,
    .label = N_ ("Huge pages"),
    .help = N_ ("Faster; this computer must have set them aside. It cannot be given more later.") },
  { .name = "huge-page-size",
    .path = "memoryBacking/hugepages/page/@size",
    .type = INN_TYPE_SIZE,
    .flags = INN_FIELD_ADVANCED | INN_FIELD_UNIT,
    .fallback = "2097152",
    .min = 2 * 1024 * 1024,
    .max = 1024 * 1024 * 1024,
    .label = N_ ("Size of a huge page"),
    .help = N_ ("2 MiB or 1 GiB."),
    .when = "huge-pages=yes" },
  { NULL },
};

static gboolean
check_pages (const InnElement *element, GError **error)
{
  guint64 page = inn_element_get_uint (element, "huge-page-size");

  return inn_rule (page == 2 * 1024 * 1024 || page == 1024 * 1024 * 1024,
                   _ ("Huge pages have 2 MiB or 1 GiB."), error) &&
         inn_rule (!inn_element_get_bool (element, "huge-pages") ||
                       inn_element_get_uint (element, "size") % MAX (page, 1) == 0,
                   _ ("The memory must be a whole number of huge pages."), error);
}

static gboolean
check (const InnElement *element, GError **error)
{
  guint64 size = inn_element_get_uint (element, "size");

  if (!check_pages (element, error))
    return FALSE;

  return inn_rule (inn_element_get_uint (element, "current") <= size,
                   _ ("The memory now cannot be more than what the machine starts with."), error) &&
         inn_rule (!inn_element_has (element, "slots") || inn_element_has (element, "maximum"),
                   _ ("Slots for memory modules need the most memory."), error) &&
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
