/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Where the guest starts from. Each device may have a place of its own instead. */
#include "inn-words.h"

static const InnChoice devices[] = {
  { "hd", N_ ("Disk") },
  { "cdrom", N_ ("CD or DVD") },
  { "network", N_ ("Network") },
  { "fd", N_ ("Floppy disk") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "first",
    .path = "os/boot[1]/@dev",
    .type = INN_TYPE_ENUM,
    .choices = devices,
    .label = N_ ("Start from"),
    .help = N_ ("Where the machine looks first for a system.") },
  { .name = "second",
    .path = "os/boot[2]/@dev",
    .type = INN_TYPE_ENUM,
    .choices = devices,
    .label = N_ ("Then from"),
    .help = N_ ("Tried where the one before has no system.") },
  { .name = "third",
    .path = "os/boot[3]/@dev",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .choices = devices,
    .label = N_ ("Third"),
    .help = N_ ("Tried where the one before has no system.") },
  { .name = "fourth",
    .path = "os/boot[4]/@dev",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .choices = devices,
    .label = N_ ("Fourth"),
    .help = N_ ("Tried where the one before has no system.") },
  { .name = "menu",
    .path = "os/bootmenu/@enable",
    .type = INN_TYPE_BOOL,
    .fallback = "no",
    .label = N_ ("Boot menu"),
    .help = N_ ("F12 or Esc offers all devices when the machine starts.") },
  { .name = "menu-timeout",
    .path = "os/bootmenu[@enable?='yes']/@timeout",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .max = 65535,
    .label = N_ ("Boot menu stays"),
    .help = N_ ("Milliseconds.") },
  { .name = "reboot-timeout",
    .path = "os/bios/@rebootTimeout",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .max = 32767,
    .label = N_ ("Try again after"),
    .help = N_ ("Milliseconds, where nothing could be started from.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  static const char *const places[] = { "first", "second", "third", "fourth" };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    for (guint j = i + 1; j < G_N_ELEMENTS (places); j++)
      {
        g_autofree char *one = inn_element_dup (element, places[i]);
        g_autofree char *two = inn_element_dup (element, places[j]);

        if (!inn_rule (one == NULL || g_strcmp0 (one, two) != 0,
                       _ ("The same device cannot be tried twice."), error))
          return FALSE;
      }
  return inn_rule (inn_element_get_bool (element, "menu") ||
                       !inn_element_has (element, "menu-timeout"),
                   _ ("The time is for the boot menu. Turn that on, too."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "first");
}

const InnKind inn_kind_boot = {
  .name = "boot",
  .path = "",
  .label = N_ ("Start"),
  .icon = "media-playback-start-symbolic",
  .fields = fields,
  .check = check,
  .summary = summary,
};
