/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A USB device of this computer: whichever is of that maker and model, or what is plugged in at
 * that place now. */
#include "inn-rows.h"

#define PATTERN_ID "0x[0-9a-fA-F]{1,4}"

static const InnChoice types[] = {
  { "usb", N_ ("USB") },
  { NULL, NULL },
};

static const InnChoice startups[] = {
  { "mandatory", N_ ("Do not start") },
  { "requisite", N_ ("Only resume") },
  { "optional", N_ ("Start without it") },
  { NULL, NULL },
};

static const InnField fields[] = {
  INN_ROW_HOSTDEV_MODE,
  INN_ROW_HOSTDEV_TYPE (types),
  { .name = "vendor",
    .path = "source/vendor/@id",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .pattern = PATTERN_ID,
    .label = N_ ("Vendor"),
    .help =
        N_ ("Number of the maker, as 0x046d. Any device of this vendor and product is taken.") },
  { .name = "product",
    .path = "source/product/@id",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .pattern = PATTERN_ID,
    .label = N_ ("Product"),
    .help = N_ ("Number of the model, as 0xc52b.") },
  { .name = "bus",
    .path = "source/address/@bus",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 999,
    .label = N_ ("Bus"),
    .help = N_ ("Only to tell apart two devices of the same model.") },
  { .name = "device",
    .path = "source/address/@device",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 127,
    .label = N_ ("Number on the bus"),
    .help = N_ ("It is another one each time that the device is plugged in.") },
  { .name = "startup",
    .path = "source/@startupPolicy",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_NOT_GUEST,
    .fallback = "mandatory",
    .choices = startups,
    .label = N_ ("If it is missing"),
    .help = N_ ("Plugged in later, it comes into the running machine.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  gboolean model = inn_element_has (element, "vendor"), place = inn_element_has (element, "bus");

  return inn_rule (model == inn_element_has (element, "product"),
                   _ ("A USB device is named by vendor and product together."), error) &&
         inn_rule (place == inn_element_has (element, "device"),
                   _ ("A place of a USB device is a bus and a number on it."), error) &&
         inn_rule (model || place, _ ("Choose a USB device of this computer."), error);
}

static char *
summary (const InnElement *element)
{
  g_autofree char *vendor = inn_element_dup (element, "vendor");
  g_autofree char *product = inn_element_dup (element, "product");
  g_autofree char *bus = inn_element_dup (element, "bus");
  g_autofree char *device = inn_element_dup (element, "device");

  if (vendor && product)
    return g_strdup_printf ("%s:%s", vendor, product);
  if (bus && device)
    return g_strdup_printf (_ ("Bus %s, device %s"), bus, device);
  return g_strdup (_ ("Not chosen yet"));
}

const InnKind inn_kind_hostdev = {
  .name = "hostdev",
  .path = "devices/hostdev",
  .match = "@type=usb",
  .key = "vendor,product",
  .label = N_ ("USB device"),
  .icon = "media-removable-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
