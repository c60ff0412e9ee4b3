/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine of ours for libvirt. */
#include "inn-import-private.h"

#include "inn-errors.h"

#include <glib/gi18n-lib.h>

/* Words of the schema's that libvirt's own does not have. */
static gboolean
check_words (InnDomain *domain, GError **error)
{
  static const char *const kinds[] = { "disk", "cdrom", "floppy" };

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    {
      g_autoptr (GPtrArray) list = inn_domain_list (domain, kinds[k]);

      for (guint i = 0; i < list->len; i++)
        if (inn_element_is (list->pdata[i], "format", "vhdx"))
          {
            g_autofree char *label = inn_element_dup_label (list->pdata[i]);

            g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                         _ ("%s: libvirt does not know the format vhdx. Convert the image to "
                            "qcow2 first."),
                         label);
            return FALSE;
          }
        else if (inn_element_is (list->pdata[i], "bus", "nvme"))
          {
            g_autofree char *label = inn_element_dup_label (list->pdata[i]);

            g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                         _ ("%s: libvirt does not know disks on NVMe. Choose another bus first."),
                         label);
            return FALSE;
          }
    }
  return TRUE;
}

static void
bring_back (InnDomain *domain)
{
  xmlNode *root = inn_domain_root (domain);
  const char *attribute;
  xmlNode *aside = inn_path_find (root, INN_ASIDE_PATH, &attribute);
  xmlNode *devices;

  if (aside == NULL)
    return;
  inn_domain_touch (domain);
  devices = inn_path_make (root, "devices", &attribute);
  for (xmlNode *node = aside->children; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE)
      inn_node_insert (devices, xmlDocCopyNode (node, domain->doc, 1), NULL);
  inn_path_remove_element (root, INN_ASIDE_PATH);
}

static void
drop_secrets (const InnElement *element)
{
  for (const InnField *field = element->kind->fields; field->name != NULL; field++)
    if ((field->flags & INN_FIELD_SECRET) != 0 && inn_element_has (element, field->name))
      {
        InnElement open = *element;

        inn_element_set (&open, field->name, NULL, NULL);
      }
}

char *
inn_domain_export (InnDomain *domain, gboolean secrets, GError **error)
{
  g_autoptr (InnDomain) copy = inn_domain_copy (domain);
  g_autoptr (GPtrArray) devices = NULL;

  if (!check_words (copy, error))
    return NULL;
  bring_back (copy);
  devices = inn_domain_list (copy, NULL);
  for (guint i = 0; i < devices->len && !secrets; i++)
    drop_secrets (devices->pdata[i]);
  return inn_domain_to_xml (copy);
}
