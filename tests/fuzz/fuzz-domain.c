/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as a machine's XML: parse → check → look at every field → change → serialise → parse
 * again → diff; and as one of libvirt's: import → export → parse again. Whatever we write must be
 * readable and mean the same; and the pass over the text before the parser has counted what the
 * parser then found. */
#include "fuzz.h"
#include "shared/inn-domain-import.h"
#include "shared/inn-domain-new.h"
#include "shared/inn-domain-private.h"
#include "shared/inn-errors.h"

#include <stdlib.h>
#include <string.h>

/* The guard reads text, the parser makes a tree: neither sees more than the other. */
static guint
count_nodes (const xmlNode *parent, guint depth)
{
  guint nodes = 0;

  g_assert_cmpuint (depth, <=, INN_DOMAIN_MAX_DEPTH + 1);
  for (const xmlNode *node = parent->children; node != NULL; node = node->next)
    {
      guint attributes = 0;

      g_assert_true (node->type == XML_ELEMENT_NODE || node->type == XML_TEXT_NODE ||
                     node->type == XML_CDATA_SECTION_NODE || node->type == XML_COMMENT_NODE ||
                     node->type == XML_PI_NODE);
      nodes += node->type != XML_TEXT_NODE;
      if (node->type != XML_ELEMENT_NODE)
        continue;
      for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
        attributes++;
      for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next)
        attributes++;
      g_assert_cmpuint (attributes, <=, INN_DOMAIN_MAX_ATTRIBUTES);
      nodes += count_nodes (node, depth + 1);
    }
  return nodes;
}

static void
look_at (InnDomain *domain)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);
  g_autoptr (GPtrArray) unknown = inn_domain_list_unknown (domain);

  g_assert_cmpuint (devices->len + unknown->len, <=, INN_DOMAIN_MAX_DEVICES);
  for (guint i = 0; i < devices->len && i < 32; i++)
    {
      const InnElement *device = devices->pdata[i];
      g_autofree char *id = inn_element_dup_id (device);
      g_autofree char *label = inn_element_dup_label (device);
      g_autofree char *summary =
          device->kind->summary != NULL ? device->kind->summary (device) : NULL;
      g_autoptr (InnElement) found = inn_domain_find (domain, id);

      g_assert_nonnull (found);
      g_assert_true (g_utf8_validate (label, -1, NULL));
      g_assert_true (summary == NULL || g_utf8_validate (summary, -1, NULL));
      for (const InnField *field = device->kind->fields; field->name != NULL; field++)
        {
          inn_element_get_uint (device, field->name);
          inn_element_get_bool (device, field->name);
        }
    }
}

/* Everything that a person could clear is cleared, and one device more is there. */
static void
change (InnDomain *domain)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);
  InnElement general = inn_domain_get (domain, "general");
  InnElement boot = inn_domain_get (domain, "boot");
  InnElement added = inn_domain_add (domain, "cdrom");
  g_autofree char *target = inn_domain_free_target (domain, "sata");

  inn_element_set (&general, "title", "<&\"'>", NULL);
  inn_element_set (&general, "autostart", "yes", NULL);
  inn_element_set (&boot, "first", "cdrom", NULL);
  inn_element_set (&added, "target", target, NULL);
  for (guint i = 0; i < devices->len; i += 2)
    {
      InnElement *device = devices->pdata[i];

      for (const InnField *field = device->kind->fields; field->name != NULL; field++)
        inn_element_set (device, field->name, NULL, NULL);
    }
  for (guint i = 1; i < devices->len; i += 4)
    inn_domain_remove (devices->pdata[i]);
}

static void
read_back (InnDomain *domain)
{
  g_autofree char *xml = inn_domain_to_xml (domain);
  g_autoptr (GError) error = NULL;
  g_autoptr (InnDomain) again = NULL;
  g_autoptr (GPtrArray) changes = NULL;

  if (strlen (xml) > INN_DOMAIN_MAX_XML)
    return;
  again = inn_domain_parse (xml, -1, &error);
  if (again == NULL && g_error_matches (error, INN_ERROR, INN_ERROR_LIMIT))
    return; /* one device more than allowed */
  if (again == NULL)
    g_error ("What was written cannot be read: %s\n%s", error->message, xml);
  changes = inn_domain_diff (domain, again);
  if (changes->len > 0)
    g_error ("What was read is not what was written: %s", xml);
}

/* What is imported is sound, and what is given back can be imported again. */
static void
bring_over (const char *xml, gsize size)
{
  static const InnImportHost own = { FALSE, NULL, NULL, NULL }, whole = { TRUE, NULL, NULL, NULL };
  g_autoptr (GPtrArray) notes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (InnDomain) domain =
      inn_domain_import (xml, (gssize)size, size % 2 ? &own : &whole, &notes, &error);
  g_autoptr (GPtrArray) unknown = NULL;
  g_autoptr (InnDomain) again = NULL;
  g_autofree char *exported = NULL;

  if (domain == NULL)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL) && strlen (error->message) < 2000);
      return;
    }
  g_assert_true (inn_domain_check (domain, NULL));
  unknown = inn_domain_list_unknown (domain);
  g_assert_cmpuint (unknown->len, ==, 0);
  for (guint i = 0; i < notes->len; i++)
    {
      const InnImportNote *note = notes->pdata[i];

      g_assert_true (note->what != NULL && g_utf8_validate (note->what, -1, NULL));
      g_assert_true (note->text == NULL || g_utf8_validate (note->text, -1, NULL));
    }
  read_back (domain);
  exported = inn_domain_export (domain, TRUE, NULL);
  if (exported == NULL || strlen (exported) > INN_DOMAIN_MAX_XML)
    return;
  again = inn_domain_parse (exported, -1, &error);
  if (again == NULL && !g_error_matches (error, INN_ERROR, INN_ERROR_LIMIT))
    g_error ("What was given back cannot be read: %s\n%s", error->message, exported);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (InnDomain) domain = inn_domain_parse ((const char *)data, (gssize)size, &error);
  g_autoptr (InnDomain) copy = NULL;
  g_autoptr (GPtrArray) changes = NULL;
  g_autofree char *xml = NULL;

  if (domain == NULL)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL) && strlen (error->message) < 2000);
      return 0;
    }
  g_assert_null (xmlGetIntSubset (domain->doc));
  g_assert_cmpuint (count_nodes ((xmlNode *)domain->doc, 1), <=, INN_DOMAIN_MAX_ELEMENTS);
  xml = inn_domain_to_xml (domain);
  g_assert_true (strlen (xml) == size && memcmp (xml, data, size) == 0);
  if (!inn_domain_check (domain, &error))
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  look_at (domain);
  bring_over (xml, size);
  copy = inn_domain_copy (domain);
  change (copy);
  changes = inn_domain_diff (domain, copy);
  g_assert_cmpuint (changes->len, >, 0);
  read_back (copy);
  return 0;
}
