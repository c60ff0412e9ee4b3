/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Who made the computer, as the guest reads it. */
#include "devices/vmh-plan-private.h"

typedef struct
{
  const char *field, *property; /* of QEMU's -smbios; NULL: the end */
} Row;

static const struct
{
  const char *type;
  Row rows[8];
} tables[] = {
  { "0",
    { { "bios-vendor", "vendor" },
      { "bios-version", "version" },
      { "bios-date", "date" },
      { "bios-release", "release" } } },
  { "1",
    { { "manufacturer", "manufacturer" },
      { "product", "product" },
      { "version", "version" },
      { "serial", "serial" },
      { "sku", "sku" },
      { "family", "family" } } },
  { "2",
    { { "board-manufacturer", "manufacturer" },
      { "board-product", "product" },
      { "board-version", "version" },
      { "board-serial", "serial" },
      { "board-asset", "asset" },
      { "board-location", "location" } } },
  { "3",
    { { "chassis-manufacturer", "manufacturer" },
      { "chassis-version", "version" },
      { "chassis-serial", "serial" },
      { "chassis-asset", "asset" },
      { "chassis-sku", "sku" } } },
};

static void
build_oem_strings (VmhPlan *plan, const InnElement *smbios)
{
  g_autofree char *text = inn_element_dup (smbios, "oem-strings");
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);

  for (char **line = lines; *line; line++)
    {
      g_autofree char *escaped = vmh_plan_escape (*line);
      g_autofree char *value = g_strconcat ("type=11,value=", escaped, NULL);

      vmh_plan_option (plan, "-smbios", value);
    }
}

void
vmh_smbios_build (VmhPlan *plan)
{
  InnElement smbios = inn_domain_get (plan->domain, "smbios");

  if (!inn_element_is (&smbios, "mode", "sysinfo"))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    {
      g_autoptr (GString) value = g_string_new (NULL);

      for (const Row *row = tables[i].rows; row->field; row++)
        {
          g_autofree char *text = inn_element_dup (&smbios, row->field);
          g_autofree char *escaped = text ? vmh_plan_escape (text) : NULL;

          if (escaped)
            g_string_append_printf (value, ",%s=%s", row->property, escaped);
        }
      if (value->len > 0)
        {
          g_string_prepend (value, tables[i].type);
          g_string_prepend (value, "type=");
          vmh_plan_option (plan, "-smbios", value->str);
        }
    }
  build_oem_strings (plan, &smbios);
}
