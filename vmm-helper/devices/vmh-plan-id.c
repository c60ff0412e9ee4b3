/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a device is called in QEMU: by what tells it from others of its kind while the machine runs,
 * so that it keeps its name when one before it goes. */
#include "devices/vmh-plan-private.h"

guint
vmh_plan_index (const InnElement *element)
{
  g_autoptr (GPtrArray) elements = inn_domain_list (element->domain, element->kind->name);

  for (guint i = 0; i < elements->len; i++)
    if (((InnElement *)elements->pdata[i])->node == element->node)
      return i;
  g_return_val_if_reached (0);
}

/* QEMU takes fewer letters than a tag has. */
static char *
dup_tag_id (const InnElement *element)
{
  g_autofree char *tag = inn_element_dup (element, "tag");
  GString *id = g_string_new ("filesystem-");

  for (const char *letter = tag; *letter; letter++)
    if (g_ascii_isalnum (*letter) || *letter == '.' || *letter == '-')
      g_string_append_c (id, *letter);
    else
      g_string_append_printf (id, "_%02x", (guint8)*letter);
  return g_string_free (id, FALSE);
}

char *
vmh_plan_id (const InnElement *element, guint index)
{
  g_autofree char *mac =
      g_str_equal (element->kind->name, "interface") ? inn_element_dup (element, "mac") : NULL;
  g_autofree char *target =
      inn_kind_find (element->kind, "target") ? inn_element_dup (element, "target") : NULL;

  if (mac)
    {
      g_auto (GStrv) parts = g_strsplit (mac, ":", -1);
      g_autofree char *digits = g_strjoinv ("", parts);

      return g_strdup_printf ("interface-%s", digits);
    }
  if (target)
    return g_strdup_printf ("%s-%s", element->kind->name, target);
  if (g_str_equal (element->kind->name, "filesystem"))
    return dup_tag_id (element);
  if (g_str_equal (element->kind->name, "hostdev"))
    {
      const VmhPlanUsb usb = vmh_plan_read_usb (element);

      return usb.by_model ? g_strdup_printf ("hostdev-%04x-%04x", usb.vendor, usb.product)
                          : g_strdup_printf ("hostdev-%u-%u", usb.bus, usb.device);
    }
  if (g_str_equal (element->kind->name, "hostpci"))
    {
      g_autofree char *address = vmh_plan_dup_pci (element);

      return g_strdup_printf ("hostpci-%s", g_strdelimit (address, ":", '-'));
    }
  if (vmh_plan_is_mediated (element))
    {
      g_autofree char *uuid = vmh_plan_dup_pci (element);

      return g_strdup_printf ("hostmdev-%s", uuid);
    }
  if (g_str_equal (element->kind->name, "shmem"))
    {
      g_autofree char *name = inn_element_dup (element, "name");

      return g_strdup_printf ("shmem-%s", name);
    }
  return g_strdup_printf ("%s-%u", element->kind->name, index);
}
