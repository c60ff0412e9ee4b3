/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A mediated device of this computer: a share of a card that others have their own shares of, this
 * computer too. It is named by its UUID alone. */
#include "inn-rows.h"

static const InnChoice types[] = {
  { "mdev", N_ ("Mediated") },
  { NULL, NULL },
};

/* libvirt's others are of mainframes. */
static const InnChoice models[] = {
  { "vfio-pci", N_ ("PCI") },
  { NULL, NULL },
};

static const InnChoice displays[] = {
  { "off", N_ ("No screen") },
  { NULL, NULL },
};

static const InnField fields[] = {
  INN_ROW_HOSTDEV_MODE,
  INN_ROW_HOSTDEV_TYPE (types),
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN,
    .choices = models,
    .label = N_ ("Model") },
  { .name = "display",
    .path = "@display",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN,
    .fallback = "off",
    .choices = displays,
    .label = N_ ("Screen") },
  { .name = "uuid",
    .path = "source/address/@uuid",
    .type = INN_TYPE_UUID,
    .flags = INN_FIELD_ADVANCED | INN_FIELD_REQUIRED,
    .label = N_ ("UUID"),
    .help = N_ ("By which this computer knows it, as “mdevctl list” shows.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  char *uuid = inn_element_dup (element, "uuid");

  return uuid != NULL ? uuid : g_strdup (_ ("Not chosen yet"));
}

const InnKind inn_kind_hostmdev = {
  .name = "hostmdev",
  .path = "devices/hostdev",
  .match = "@type=mdev",
  .key = "uuid",
  .label = N_ ("Mediated device"),
  .icon = "application-x-firmware-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
