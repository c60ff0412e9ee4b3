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

/* The element as XML, without its secrets. */
static char *
dup_element_xml (const InnElement *element)
{
  InnElement open = *element;
  xmlBuffer *buffer = xmlBufferCreate ();
  char *xml;

  open.node = xmlDocCopyNode (element->node, element->domain->doc, 1);
  for (const InnField *field = open.kind->fields; field->name != NULL; field++)
    if ((field->flags & INN_FIELD_SECRET) != 0)
      inn_field_remove (field, open.node);
  xmlNodeDump (buffer, element->domain->doc, open.node, 0, 0);
  xml = g_strndup ((const char *)xmlBufferContent (buffer), xmlBufferLength (buffer));
  xmlBufferFree (buffer);
  xmlFreeNode (open.node);
  return xml;
}

/* As it is told: a secret only as being there. */
static char *
dup_told (const InnElement *element, const InnField *field)
{
  char *said = inn_element_dup_said (element, field);

  if (said == NULL || (field->flags & INN_FIELD_SECRET) == 0)
    return said;
  g_free (said);
  return g_strdup ("***");
}

static void
diff_fields (GPtrArray *changes, const char *id, const InnElement *before, const InnElement *after)
{
  for (const InnField *field = before->kind->fields; field->name != NULL; field++)
    {
      g_autofree char *was = inn_element_dup_meant (before, field);
      g_autofree char *is = inn_element_dup_meant (after, field);

      if (g_strcmp0 (was, is) != 0)
        add_change (changes, id, before->kind, field, dup_told (before, field),
                    dup_told (after, field));
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

/* The devices of one side, findable by id. */
typedef struct
{
  GPtrArray *devices, *ids;
  GHashTable *by_id;
} Side;

static void
side_init (Side *side, InnDomain *domain)
{
  side->devices = inn_domain_list (domain, NULL);
  side->ids = inn_elements_dup_ids (side->devices);
  side->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < side->devices->len; i++)
    g_hash_table_insert (side->by_id, side->ids->pdata[i], side->devices->pdata[i]);
}

static void
side_clear (Side *side)
{
  g_hash_table_unref (side->by_id);
  g_ptr_array_unref (side->ids);
  g_ptr_array_unref (side->devices);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Side, side_clear)

/* From the last to the first: without the first boot device the second would become the first. */
void
inn_element_clear_all (InnElement *element)
{
  const InnField *fields = element->kind->fields;
  guint n = 0;

  while (fields[n].name != NULL)
    n++;
  while (n-- > 0)
    {
      inn_element_clear (element, &fields[n]);
      /* A container that was empty from the start is no difference. */
      inn_field_remove (&fields[n], element->node);
    }
}

void
inn_domain_clear_sections (InnDomain *domain)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if (!(*kind)->device)
      {
        InnElement section = inn_domain_get (domain, (*kind)->name);

        inn_element_clear_all (&section);
      }
}

/* A device that is in one of the two only. */
static void
diff_lone (GPtrArray *changes, const Side *side, const Side *others, gboolean came)
{
  for (guint i = 0; i < side->devices->len; i++)
    {
      InnElement *device = side->devices->pdata[i];
      char *xml;

      if (g_hash_table_contains (others->by_id, side->ids->pdata[i]))
        continue;
      xml = dup_element_xml (device);
      add_change (changes, side->ids->pdata[i], device->kind, NULL, came ? NULL : xml,
                  came ? xml : NULL);
    }
}

static void
diff_kind (GPtrArray *changes, const InnKind *kind, const Side *was, const Side *is)
{
  for (guint i = 0; i < was->devices->len; i++)
    {
      InnElement *device = was->devices->pdata[i];
      InnElement *other =
          device->kind == kind ? g_hash_table_lookup (is->by_id, was->ids->pdata[i]) : NULL;

      if (other != NULL)
        diff_fields (changes, was->ids->pdata[i], device, other);
    }
}

static void
remove_devices (InnDomain *domain, const Side *side)
{
  for (guint i = 0; i < side->devices->len; i++)
    inn_domain_remove (side->devices->pdata[i]);
  inn_domain_clear_sections (domain);
}

/* Of two copies that will be thrown away: takes out of both what the schema knows, and looks
 * whether the rest is the same. */
static gboolean
same_unknown (InnDomain *before, InnDomain *after)
{
  g_auto (Side) was = { NULL };
  g_auto (Side) is = { NULL };
  gboolean same = TRUE;

  side_init (&was, before);
  side_init (&is, after);
  for (guint i = 0; i < was.devices->len; i++)
    {
      InnElement *one = was.devices->pdata[i];
      InnElement *two = g_hash_table_lookup (is.by_id, was.ids->pdata[i]);

      if (two == NULL)
        continue;
      inn_element_clear_all (one);
      inn_element_clear_all (two);
      same &= same_tree (one->node, two->node);
    }
  remove_devices (before, &was);
  remove_devices (after, &is);
  return same && same_tree (inn_domain_root (before), inn_domain_root (after));
}

GPtrArray *
inn_domain_diff (InnDomain *before, InnDomain *after)
{
  GPtrArray *changes = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_change_free);
  g_autoptr (InnDomain) left = inn_domain_copy (before);
  g_autoptr (InnDomain) right = inn_domain_copy (after);
  g_auto (Side) was = { NULL };
  g_auto (Side) is = { NULL };

  side_init (&was, before);
  side_init (&is, after);
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if ((*kind)->device)
      diff_kind (changes, *kind, &was, &is);
    else
      {
        InnElement one = inn_domain_get (before, (*kind)->name);
        InnElement two = inn_domain_get (after, (*kind)->name);

        diff_fields (changes, (*kind)->name, &one, &two);
      }
  diff_lone (changes, &was, &is, FALSE);
  diff_lone (changes, &is, &was, TRUE);
  if (!same_unknown (left, right))
    add_change (changes, "other", NULL, NULL, NULL, NULL);
  return changes;
}
