/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A keyboard, mouse or tablet. */
#include "inn-words.h"

static const InnChoice types[] = {
  { "tablet", N_ ("Tablet") },
  { "mouse", N_ ("Mouse") },
  { "keyboard", N_ ("Keyboard") },
  { NULL, NULL },
};

static const InnChoice buses[] = {
  { "usb", N_ ("USB") },
  { "virtio", N_ ("VirtIO") },
  { "ps2", N_ ("PS/2") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED,
    .choices = types,
    .label = N_ ("Device"),
    .help = N_ ("A tablet lets the pointer leave the window freely.") },
  { .name = "bus",
    .path = "@bus",
    .type = INN_TYPE_ENUM,
    .fallback = "usb",
    .choices = buses,
    .label = N_ ("Bus"),
    .help = N_ ("How it is connected to the machine.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  return inn_rule (!inn_element_is (element, "bus", "ps2") ||
                       !inn_element_is (element, "type", "tablet"),
                   _ ("There is no tablet for PS/2. Choose USB or VirtIO."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_join (inn_dup_choice (element, "type"), inn_dup_choice (element, "bus"));
}

const InnKind inn_kind_input = {
  .name = "input",
  .path = "devices/input",
  .match = "@type=tablet|mouse|keyboard", /* others are devices of the host, passed through */
  .label = N_ ("Input"),
  .icon = "input-mouse-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
