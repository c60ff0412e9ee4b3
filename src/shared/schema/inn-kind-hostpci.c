/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A PCI device of this computer: what is in that slot. The machine has it whole, and this computer
 * does without it meanwhile. */
#include "inn-rows.h"

static const InnChoice types[] = {
  { "pci", N_ ("PCI") },
  { NULL, NULL },
};

/* As in libvirt's format: hexadecimal with 0x, or decimal. */
static const InnField fields[] = {
  INN_ROW_HOSTDEV_MODE,
  INN_ROW_HOSTDEV_TYPE (types),
  { .name = "domain",
    .path = "source/address/@domain",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .pattern = "0x[0-9a-fA-F]{1,4}|[0-9]{1,4}",
    .label = N_ ("PCI domain"),
    .help = N_ ("Of this computer, as 0x0000, which most have alone.") },
  { .name = "bus",
    .path = "source/address/@bus",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED | INN_FIELD_REQUIRED,
    .pattern = "0x[0-9a-fA-F]{1,2}|[0-9]{1,2}",
    .label = N_ ("Bus"),
    .help = N_ ("Of this computer, as 0x03.") },
  { .name = "slot",
    .path = "source/address/@slot",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED | INN_FIELD_REQUIRED,
    .pattern = "0x[01]?[0-9a-fA-F]|[01]?[0-9]",
    .label = N_ ("Slot"),
    .help = N_ ("On that bus, as 0x00.") },
  { .name = "function",
    .path = "source/address/@function",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED | INN_FIELD_REQUIRED,
    .pattern = "0x[0-7]|[0-7]",
    .label = N_ ("Function"),
    .help = N_ ("A card may have several devices, which are 0x0 to 0x7.") },
  { .name = "managed",
    .path = "@managed",
    .type = INN_TYPE_BOOL,
    .fallback = "no",
    .label = N_ ("Taken and given back by itself"),
    .help = N_ ("This computer’s driver lets go of it when the machine starts, and gets it back "
                "when that ends. Otherwise the driver “vfio-pci” must have it already.") },
  { NULL },
};

static guint64
read_number (const InnElement *element, const char *field)
{
  g_autofree char *text = inn_element_dup (element, field);

  return text != NULL ? g_ascii_strtoull (text, NULL, 0) : 0;
}

static char *
summary (const InnElement *element)
{
  if (!inn_element_has (element, "bus"))
    return g_strdup (_ ("Not chosen yet"));
  return g_strdup_printf ("%04x:%02x:%02x.%x", (guint)read_number (element, "domain"),
                          (guint)read_number (element, "bus"), (guint)read_number (element, "slot"),
                          (guint)read_number (element, "function"));
}

const InnKind inn_kind_hostpci = {
  .name = "hostpci",
  .path = "devices/hostdev",
  .match = "@type=pci",
  .key = "domain,bus,slot,function",
  .label = N_ ("PCI device"),
  .icon = "application-x-firmware-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
