/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Names and addresses for new devices. */
#include "inn-domain-new.h"
#include "inn-domain-private.h"

#include <string.h>

static const struct
{
  const char *bus, *prefix;
} prefixes[] = {
  { "virtio", "vd" }, { "sata", "sd" }, { "scsi", "sd" }, { "usb", "sd" },
  { "ide", "hd" },    { "fdc", "fd" },  { "nvme", "sd" },
};

const char *
inn_target_prefix (const char *bus)
{
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_strcmp0 (prefixes[i].bus, bus) == 0)
      return prefixes[i].prefix;
  return NULL;
}

/* 0: "a", 25: "z", 26: "aa". */
static char *
dup_letters (guint number)
{
  char letters[8];
  guint at = sizeof letters - 1;

  letters[at] = '\0';
  for (number++; number > 0; number = (number - 1) / 26)
    letters[--at] = (char)('a' + (number - 1) % 26);
  return g_strdup (letters + at);
}

char *
inn_domain_free_target (InnDomain *domain, const char *bus)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *prefix = inn_target_prefix (bus);

  g_return_val_if_fail (prefix != NULL, NULL);
  for (guint i = 0; i < devices->len; i++)
    {
      const InnElement *device = devices->pdata[i];
      char *target = inn_kind_find (device->kind, "target") != NULL
                         ? inn_element_dup (device, "target")
                         : NULL;

      if (target != NULL)
        g_hash_table_add (taken, target);
    }
  for (guint number = 0;; number++)
    {
      g_autofree char *letters = dup_letters (number);
      char *target = g_strconcat (prefix, letters, NULL);

      if (!g_hash_table_contains (taken, target))
        return target;
      g_free (target);
    }
}

char *
inn_mac_random (void)
{
  guint32 random = g_random_int ();

  return g_strdup_printf ("52:54:00:%02x:%02x:%02x", random & 0xff, (random >> 8) & 0xff,
                          (random >> 16) & 0xff);
}

gboolean
inn_domain_add_macs (InnDomain *domain, GError **error)
{
  g_autoptr (GPtrArray) cards = inn_domain_list (domain, "interface");

  for (guint i = 0; i < cards->len; i++)
    {
      InnElement *card = g_ptr_array_index (cards, i);
      g_autofree char *mac = inn_mac_random ();

      if (!inn_element_has (card, "mac") && !inn_element_set (card, "mac", mac, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
inn_domain_is_uefi (InnDomain *domain)
{
  InnElement firmware = inn_domain_get (domain, "firmware");

  return inn_element_is (&firmware, "firmware", "efi") ||
         (!inn_element_has (&firmware, "firmware") &&
          inn_element_is (&firmware, "loader-type", "pflash"));
}

GPtrArray *
inn_domain_list_unknown (InnDomain *domain)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  xmlNode *devices = inn_domain_devices (domain);

  for (xmlNode *node = devices != NULL ? devices->children : NULL; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE && !inn_node_is (node, "emulator") &&
        inn_kind_of (node) == NULL)
      g_ptr_array_add (names, g_strdup ((const char *)node->name));
  return names;
}
