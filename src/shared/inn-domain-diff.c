/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What differs between two domains: field by field for what we know, and as one change for all
 * that we do not. Formatting, comments, the order of attributes and of devices are no difference.
 */
#include "inn-domain-private.h"

#include <string.h>

void
inn_change_free (InnChange *change)
{
  g_free (change->id);
  g_free (change->before);
  g_free (change->after);
  g_free (change);
}

static void
add_change (GPtrArray *changes,
            const char *id,
            const InnKind *kind,
            const InnField *field,
            char *before,
            char *after)
{
  InnChange *change = g_new0 (InnChange, 1);

  change->id = g_strdup (id);
  change->kind = kind;
  change->field = field;
  change->before = before;
  change->after = after;
  g_ptr_array_add (changes, change);
}

static char *
dup_node_xml (const xmlNode *node)
{
  xmlBuffer *buffer = xmlBufferCreate ();
  char *xml;

  xmlNodeDump (buffer, node->doc, (xmlNode *)node, 0, 0);
  xml = g_strndup ((const char *)xmlBufferContent (buffer), xmlBufferLength (buffer));
  xmlBufferFree (buffer);
  return xml;
}

static void
diff_fields (GPtrArray *changes, const char *id, const InnElement *before, const InnElement *after)
{
  for (const InnField *field = before->kind->fields; field->name != NULL; field++)
    {
      g_autofree char *was = inn_element_dup_meant (before, field);
      g_autofree char *is = inn_element_dup_meant (after, field);

      if (g_strcmp0 (was, is) != 0)
        add_change (changes, id, before->kind, field, inn_element_dup_said (before, field),
                    inn_element_dup_said (after, field));
    }
}

/* Comments, processing instructions and white space between elements say nothing. */
static const xmlNode *
next_telling (const xmlNode *node)
{
  while (node != NULL && (node->type == XML_COMMENT_NODE || node->type == XML_PI_NODE ||
                          (node->type == XML_TEXT_NODE && xmlIsBlankNode (node))))
    node = node->next;
  return node;
}

static gboolean
same_name (const xmlNode *one, const xmlNode *two)
{
  const xmlChar *ns_one = one->ns != NULL ? one->ns->href : NULL;
  const xmlChar *ns_two = two->ns != NULL ? two->ns->href : NULL;

  return xmlStrEqual (one->name, two->name) && xmlStrEqual (ns_one, ns_two);
}

static gboolean
same_attributes (const xmlNode *one, const xmlNode *two)
{
  guint count = 0;

  for (const xmlAttr *attribute = two->properties; attribute != NULL; attribute = attribute->next)
    count++;
  for (const xmlAttr *attribute = one->properties; attribute != NULL; attribute = attribute->next)
    {
      const xmlChar *ns = attribute->ns != NULL ? attribute->ns->href : NULL;
      xmlChar *a = xmlNodeListGetString (one->doc, attribute->children, 1);
      xmlChar *b = ns != NULL ? xmlGetNsProp (two, attribute->name, ns)
                              : xmlGetNoNsProp (two, attribute->name);
      gboolean equal = b != NULL && g_strcmp0 ((const char *)(a != NULL ? a : (const xmlChar *)""),
                                               (const char *)b) == 0;

      xmlFree (a);
      xmlFree (b);
      if (!equal || count-- == 0)
        return FALSE;
    }
  return count == 0;
}

/* Depth is bounded by the parser's limit. */
static gboolean
same_tree (const xmlNode *one, const xmlNode *two)
{
  const xmlNode *a, *b;

  if (one->type != XML_ELEMENT_NODE || two->type != XML_ELEMENT_NODE)
    return one->type == two->type &&
           g_strcmp0 ((const char *)one->content, (const char *)two->content) == 0;
  if (!same_name (one, two) || !same_attributes (one, two))
    return FALSE;
  for (a = next_telling (one->children), b = next_telling (two->children); a != NULL && b != NULL;
       a = next_telling (a->next), b = next_telling (b->next))
    if (!same_tree (a, b))
      return FALSE;
  return a == NULL && b == NULL;
}

static GHashTable *
index_devices (GPtrArray *devices)
{
  GHashTable *index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < devices->len; i++)
    g_hash_table_insert (index, inn_element_dup_id (devices->pdata[i]), devices->pdata[i]);
  return index;
}

/* From the last to the first: without the first boot device the second would become the first. */
static void
clear_fields (InnElement *element)
{
  const InnField *fields = element->kind->fields;
  guint n = 0;

  while (fields[n].name != NULL)
    n++;
  while (n-- > 0)
    {
      inn_element_clear (element, &fields[n]);
      /* A container that was empty from the start is no difference. */
      inn_path_remove (element->node, fields[n].path);
    }
}

static void
clear_sections (InnDomain *domain)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if (!(*kind)->device)
      {
        InnElement section = inn_domain_get (domain, (*kind)->name);

        clear_fields (&section);
      }
}

/* A device that is in one of the two only. */
static void
diff_lone (GPtrArray *changes, GPtrArray *devices, GHashTable *others, gboolean came)
{
  for (guint i = 0; i < devices->len; i++)
    {
      InnElement *device = devices->pdata[i];
      g_autofree char *id = inn_element_dup_id (device);
      char *xml;

      if (g_hash_table_contains (others, id))
        continue;
      xml = dup_node_xml (device->node);
      add_change (changes, id, device->kind, NULL, came ? NULL : xml, came ? xml : NULL);
    }
}

/* Of two copies that will be thrown away: takes out of both what the schema knows, and looks
 * whether the rest is the same. */
static gboolean
same_unknown (InnDomain *before, InnDomain *after)
{
  g_autoptr (GPtrArray) was = inn_domain_list (before, NULL);
  g_autoptr (GPtrArray) is = inn_domain_list (after, NULL);
  g_autoptr (GHashTable) index_was = index_devices (was);
  g_autoptr (GHashTable) index_is = index_devices (is);
  GHashTableIter iter;
  gpointer id, value;
  gboolean same = TRUE;

  g_hash_table_iter_init (&iter, index_was);
  while (g_hash_table_iter_next (&iter, &id, &value))
    {
      InnElement *other = g_hash_table_lookup (index_is, id);

      if (other == NULL)
        continue;
      clear_fields (value);
      clear_fields (other);
      same &= same_tree (((InnElement *)value)->node, other->node);
    }
  for (guint i = 0; i < was->len; i++)
    inn_domain_remove (was->pdata[i]);
  for (guint i = 0; i < is->len; i++)
    inn_domain_remove (is->pdata[i]);
  clear_sections (before);
  clear_sections (after);
  return same && same_tree (inn_domain_root (before), inn_domain_root (after));
}

GPtrArray *
inn_domain_diff (InnDomain *before, InnDomain *after)
{
  GPtrArray *changes = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_change_free);
  g_autoptr (GPtrArray) was = inn_domain_list (before, NULL);
  g_autoptr (GPtrArray) is = inn_domain_list (after, NULL);
  g_autoptr (GHashTable) index_was = index_devices (was);
  g_autoptr (GHashTable) index_is = index_devices (is);
  g_autoptr (InnDomain) left = inn_domain_copy (before);
  g_autoptr (InnDomain) right = inn_domain_copy (after);

  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      if (!(*kind)->device)
        {
          InnElement one = inn_domain_get (before, (*kind)->name);
          InnElement two = inn_domain_get (after, (*kind)->name);

          diff_fields (changes, (*kind)->name, &one, &two);
          continue;
        }
      for (guint i = 0; i < was->len; i++)
        {
          InnElement *device = was->pdata[i];
          g_autofree char *id = device->kind == *kind ? inn_element_dup_id (device) : NULL;
          InnElement *other = id != NULL ? g_hash_table_lookup (index_is, id) : NULL;

          if (other != NULL)
            diff_fields (changes, id, device, other);
        }
    }
  diff_lone (changes, was, index_is, FALSE);
  diff_lone (changes, is, index_was, TRUE);
  if (!same_unknown (left, right))
    add_change (changes, "other", NULL, NULL, NULL, NULL);
  return changes;
}
