/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Where devices say that they stand on a bus (<address>), whether we know their kind or not: no two
 * in one place. */
#include "inn-domain-private.h"

#include <string.h>

/* Of each type of address, the attributes that make the place; absent ones are 0. libvirt's format
 * page, "Device Addresses". */
static const struct
{
  const char *type;
  const char *parts[5];
} places[] = {
  { "pci", { "domain", "bus", "slot", "function", NULL } },
  { "usb", { "bus", "port", NULL } },
  { "drive", { "controller", "bus", "target", "unit", NULL } },
  { "virtio-serial", { "controller", "bus", "port", NULL } },
};

static void
append_part (GString *place, xmlNode *address, const char *name)
{
  g_autofree char *path = g_strconcat ("@", name, NULL);
  g_autofree char *text = inn_path_dup (address, path);
  guint64 number = 0;
  char *end = NULL;

  if (text != NULL)
    number = g_ascii_strtoull (text, &end, 0);
  if (end != NULL && *end == '\0')
    g_string_append_printf (place, " %" G_GUINT64_FORMAT, number);
  else
    g_string_append_printf (place, " %s", text != NULL ? text : "0"); /* a USB port is "1.2" */
}

char *
inn_device_dup_place (xmlNode *device)
{
  const char *attribute;
  xmlNode *address = inn_path_find (device, "address", &attribute);
  g_autofree char *type = address != NULL ? inn_path_dup (address, "@type") : NULL;

  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (places); i++)
    if (strcmp (places[i].type, type) == 0)
      {
        GString *place = g_string_new (type);

        if (strcmp (type, "drive") == 0) /* a place on the controllers of one bus */
          {
            g_autofree char *bus = inn_path_dup (device, "target/@bus");

            g_string_append_printf (place, " %s", bus != NULL ? bus : "");
          }
        for (const char *const *part = places[i].parts; *part != NULL; part++)
          append_part (place, address, *part);
        return g_string_free (place, FALSE);
      }
  return NULL;
}
