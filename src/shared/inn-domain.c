/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The domain as a document: parsing within limits, serialising, copying, and its devices as
 * elements. What fields say is inn-element.c's. */
#include "inn-domain-private.h"
#include "inn-errors.h"
#include "inn-xml-guard.h"

#include <glib/gi18n-lib.h>
#include <libxml/parser.h>
#include <libxml/xmlsave.h>
#include <string.h>

static const char empty_domain[] = "<domain type=\"kvm\">\n"
                                   "  <memory unit=\"MiB\">1024</memory>\n"
                                   "  <vcpu>1</vcpu>\n"
                                   "  <os>\n"
                                   "    <type arch=\"x86_64\" machine=\"q35\">hvm</type>\n"
                                   "  </os>\n"
                                   "  <features>\n"
                                   "    <acpi/>\n"
                                   "    <apic/>\n"
                                   "  </features>\n"
                                   "  <clock offset=\"utc\"/>\n"
                                   "  <devices/>\n"
                                   "</domain>\n";

#if LIBXML_VERSION >= 21200
typedef const xmlError Fault;
#else
typedef xmlError Fault;
#endif

/* The first fault is what is wrong; what follows from it the parser finds later. */
static void
on_parse_error (void *data, Fault *fault)
{
  xmlParserCtxt *ctxt = data;
  xmlError *first = ctxt->_private;

  if (first->code == XML_ERR_OK && fault->level >= XML_ERR_ERROR)
    xmlCopyError (fault, first);
}

/* Whether the parser has nothing against it; not even an undeclared name space, which it takes. */
static gboolean
check_parse (xmlParserCtxt *ctxt, const xmlDoc *doc, GError **error)
{
  const xmlError *first = ctxt->_private;
  const xmlError *last = first->code != XML_ERR_OK ? first : xmlCtxtGetLastError (ctxt);
  g_autofree char *message = NULL;

  if (doc != NULL && xmlGetIntSubset (doc) == NULL && (last == NULL || last->level < XML_ERR_ERROR))
    return TRUE;
  if (last == NULL || last->message == NULL)
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_XML,
                           _ ("This is not XML. Check that the whole text was copied."));
      return FALSE;
    }
  /* What stands behind an "&" that nobody has escaped is the text of a field: a password, maybe. */
  if (last->code == XML_ERR_UNDECLARED_ENTITY || last->code == XML_WAR_UNDECLARED_ENTITY)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_XML,
                   _ ("Line %d, column %d: Behind “&” is no name that XML knows. Write “&amp;” "
                      "for the sign itself."),
                   last->line, last->int2);
      return FALSE;
    }
  message = inn_text_shorten (last->message, 200);
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_XML, _ ("Line %d, column %d: %s."), last->line,
               last->int2, g_strstrip (message));
  return FALSE;
}

gboolean
inn_domain_check_count (const xmlNode *devices, GError **error)
{
  guint count = devices != NULL ? (guint)xmlChildElementCount ((xmlNode *)devices) : 0;

  if (count <= INN_DOMAIN_MAX_DEVICES)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
               _ ("A machine may have %u devices, and this one has %u. Remove some."),
               INN_DOMAIN_MAX_DEVICES, count);
  return FALSE;
}

/* What holds for the document as such; what its fields say is inn_domain_check()'s. */
static gboolean
check_document (xmlDoc *doc, GError **error)
{
  const xmlNode *root = xmlDocGetRootElement (doc);
  const xmlNode *devices = NULL;

  if (root == NULL || !inn_node_is (root, "domain"))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_XML,
                   _ ("Line %ld, column 1: The outermost element must be <domain>, the definition "
                      "of one machine."),
                   root != NULL ? xmlGetLineNo (root) : 1);
      return FALSE;
    }
  for (const xmlNode *node = root->children; node != NULL; node = node->next)
    if (inn_node_is (node, "devices"))
      {
        if (devices != NULL)
          {
            g_set_error (error, INN_ERROR, INN_ERROR_INVALID_XML,
                         _ ("Line %ld, column 1: There may be only one <devices>. Move these "
                            "devices into the first."),
                         xmlGetLineNo (node));
            return FALSE;
          }
        devices = node;
      }
  return inn_domain_check_count (devices, error);
}

static xmlDoc *
read_document (const char *xml, gsize size, GError **error)
{
  xmlParserCtxt *ctxt = xmlNewParserCtxt ();
  xmlError first = { 0 };
  xmlDoc *doc;

  ctxt->_private = &first;
  ctxt->sax->serror = on_parse_error;
  doc = xmlCtxtReadMemory (ctxt, xml, (int)size, NULL, "UTF-8",
                           XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                               XML_PARSE_IGNORE_ENC | XML_PARSE_BIG_LINES);

  if (!check_parse (ctxt, doc, error) || !check_document (doc, error))
    g_clear_pointer (&doc, xmlFreeDoc);
  xmlResetError (&first);
  xmlFreeParserCtxt (ctxt);
  return doc;
}

static InnDomain *
domain_new_take (xmlDoc *doc, char *original, gboolean declared)
{
  InnDomain *domain = g_new0 (InnDomain, 1);

  g_atomic_ref_count_init (&domain->refs);
  domain->doc = doc;
  domain->original = original;
  domain->declared = declared;
  return domain;
}

InnDomain *
inn_domain_parse (const char *xml, gssize length, GError **error)
{
  static const InnXmlLimits limits = { INN_DOMAIN_MAX_ELEMENTS, INN_DOMAIN_MAX_ATTRIBUTES,
                                       INN_DOMAIN_MAX_DEPTH };
  gsize size = length < 0 ? strnlen (xml, INN_DOMAIN_MAX_XML + 1) : (gsize)length;
  xmlDoc *doc;

  if (size == 0)
    xml = ""; /* it may be NULL */
  if (size > INN_DOMAIN_MAX_XML)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
                   _ ("A machine's XML may be %u KiB long, and this is longer."),
                   INN_DOMAIN_MAX_XML / 1024);
      return NULL;
    }
  if (!g_utf8_validate_len (xml, size, NULL))
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_XML,
                           _ ("This is not text in UTF-8. Save it with that encoding."));
      return NULL;
    }
  if (!inn_xml_guard (xml, size, &limits, error))
    return NULL;

  doc = read_document (xml, size, error);
  if (doc == NULL)
    return NULL;
  return domain_new_take (doc, g_strndup (xml, size), size > 5 && memcmp (xml, "<?xml", 5) == 0);
}

InnDomain *
inn_domain_new (void)
{
  InnDomain *domain = inn_domain_parse (empty_domain, -1, NULL);
  InnElement general = inn_domain_get (domain, "general");
  g_autofree char *uuid = g_uuid_string_random ();

  inn_element_set (&general, "uuid", uuid, NULL);
  return domain;
}

InnDomain *
inn_domain_copy (InnDomain *domain)
{
  return domain_new_take (domain->doc != NULL ? xmlCopyDoc (domain->doc, 1) : NULL,
                          g_strdup (domain->original), domain->declared);
}

InnDomain *
inn_domain_ref (InnDomain *domain)
{
  g_atomic_ref_count_inc (&domain->refs);
  return domain;
}

void
inn_domain_unref (InnDomain *domain)
{
  if (!g_atomic_ref_count_dec (&domain->refs))
    return;
  g_clear_pointer (&domain->doc, xmlFreeDoc);
  g_free (domain->original);
  g_free (domain);
}

char *
inn_domain_to_xml (InnDomain *domain)
{
  xmlBuffer *buffer;
  xmlSaveCtxt *save;
  char *xml;

  if (domain->original != NULL)
    return g_strdup (domain->original);
  buffer = xmlBufferCreate ();
  save = xmlSaveToBuffer (buffer, "UTF-8", domain->declared ? 0 : XML_SAVE_NO_DECL);
  xmlSaveDoc (save, domain->doc);
  xmlSaveClose (save);
  xml = g_strndup ((const char *)xmlBufferContent (buffer), xmlBufferLength (buffer));
  xmlBufferFree (buffer);
  return xml;
}

gboolean
inn_domain_fold (InnDomain *domain)
{
  if (!g_atomic_ref_count_compare (&domain->refs, 1))
    return FALSE;
  if (domain->original == NULL)
    domain->original = inn_domain_to_xml (domain);
  g_clear_pointer (&domain->doc, xmlFreeDoc);
  return TRUE;
}

void
inn_domain_touch (InnDomain *domain)
{
  g_clear_pointer (&domain->original, g_free);
}

xmlNode *
inn_domain_root (InnDomain *domain)
{
  if (domain->doc == NULL)
    domain->doc = read_document (domain->original, strlen (domain->original), NULL);
  return xmlDocGetRootElement (domain->doc);
}

xmlNode *
inn_domain_devices (InnDomain *domain)
{
  const char *attribute;

  return inn_path_find (inn_domain_root (domain), "devices", &attribute);
}

/* "@device=disk|": the attribute is one of the words; an empty one stands for its absence. */
static gboolean
match_holds (const char *match, const xmlNode *node)
{
  const char *word = strchr (match, '=') + 1;
  const char *value = "";
  gsize length;

  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    if (attribute->ns == NULL &&
        strncmp ((const char *)attribute->name, match + 1, word - match - 2) == 0 &&
        attribute->name[word - match - 2] == '\0')
      value = attribute->children != NULL ? (const char *)attribute->children->content : "";
  for (;; word += length + 1)
    {
      length = strcspn (word, "|");
      if (strlen (value) == length && strncmp (value, word, length) == 0)
        return TRUE;
      if (word[length] == '\0')
        return FALSE;
    }
}

static gboolean
kind_matches (const InnKind *kind, const xmlNode *node)
{
  return kind->device && inn_node_is (node, strrchr (kind->path, '/') + 1) &&
         (kind->match == NULL || match_holds (kind->match, node));
}

const InnKind *
inn_kind_of (const xmlNode *node)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if (kind_matches (*kind, node))
      return *kind;
  return NULL;
}

InnElement *
inn_element_copy (const InnElement *element)
{
  InnElement *copy = g_memdup2 (element, sizeof *element);

  inn_domain_ref (copy->domain);
  return copy;
}

void
inn_element_free (InnElement *element)
{
  inn_domain_unref (element->domain);
  g_free (element);
}

InnElement
inn_domain_get (InnDomain *domain, const char *kind_name)
{
  InnElement element = { domain, inn_domain_root (domain), inn_schema_find (kind_name) };

  g_assert (element.kind != NULL && !element.kind->device);
  return element;
}

GPtrArray *
inn_domain_list (InnDomain *domain, const char *kind_name)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_element_free);
  const InnKind *wanted = kind_name != NULL ? inn_schema_find (kind_name) : NULL;
  xmlNode *devices = inn_domain_devices (domain);

  g_return_val_if_fail (kind_name == NULL || wanted != NULL, list);
  for (xmlNode *node = devices != NULL ? devices->children : NULL; node != NULL; node = node->next)
    {
      InnElement element = { domain, node, wanted };

      if (node->type != XML_ELEMENT_NODE)
        continue;
      if (wanted == NULL)
        element.kind = inn_kind_of (node);
      else if (!kind_matches (wanted, node))
        continue;
      if (element.kind != NULL)
        g_ptr_array_add (list, inn_element_copy (&element));
    }
  return list;
}

/* The values of the kind's key fields joined by ":"; NULL where one is absent or it has no key. */
static char *
dup_key (const InnElement *element)
{
  g_auto (GStrv) names = NULL;

  if (element->kind->key == NULL)
    return NULL;
  names = g_strsplit (element->kind->key, ",", -1);
  for (char **name = names; *name != NULL; name++)
    {
      const InnField *field = inn_kind_find (element->kind, *name);
      g_autofree char *said = inn_element_dup_said (element, field);

      if (said == NULL)
        return NULL;
      g_free (*name);
      *name = inn_element_dup_meant (element, field);
    }
  return g_strjoinv (":", names);
}

InnElement *
inn_domain_find (InnDomain *domain, const char *id)
{
  gsize length = strcspn (id, ":");
  g_autofree char *kind_name = g_strndup (id, length);
  const InnKind *kind = inn_schema_find (kind_name);
  g_autoptr (GPtrArray) list = NULL, ids = NULL;

  if (kind == NULL || kind->device == (id[length] == '\0'))
    return NULL;
  if (!kind->device)
    {
      InnElement section = inn_domain_get (domain, kind_name);

      return inn_element_copy (&section);
    }
  list = inn_domain_list (domain, kind_name);
  ids = inn_elements_dup_ids (list);
  for (guint i = 0; i < list->len; i++)
    if (strcmp (ids->pdata[i], id) == 0)
      return inn_element_copy (list->pdata[i]);
  return NULL;
}

/* Devices of one sort stand together: the one behind the last of them, NULL for the end. */
static xmlNode *
device_after (const xmlNode *devices, const char *name)
{
  xmlNode *last = NULL;

  for (xmlNode *node = devices->children; node != NULL; node = node->next)
    if (inn_node_is (node, name))
      last = node;
  return last != NULL ? xmlNextElementSibling (last) : NULL;
}

InnElement
inn_domain_add (InnDomain *domain, const char *kind_name)
{
  const InnKind *kind = inn_schema_find (kind_name);
  const char *name, *attribute;
  xmlNode *devices, *node;

  g_assert (kind != NULL && kind->device);
  inn_domain_touch (domain);
  name = strrchr (kind->path, '/') + 1;
  devices = inn_path_make (inn_domain_root (domain), "devices", &attribute);
  node = xmlNewDocNode (domain->doc, NULL, (const xmlChar *)name, NULL);
  if (kind->match != NULL)
    {
      g_auto (GStrv) words = g_strsplit_set (kind->match, "@=|", -1);

      xmlSetNsProp (node, NULL, (const xmlChar *)words[1], (const xmlChar *)words[2]);
    }
  inn_node_insert (devices, node, device_after (devices, name));
  return (InnElement){ domain, node, kind };
}

void
inn_domain_adopt (InnDomain *domain, const InnElement *element)
{
  const char *name = (const char *)((xmlNode *)element->node)->name;
  const char *attribute;
  xmlNode *devices;

  g_return_if_fail (element->kind->device);
  inn_domain_touch (domain);
  devices = inn_path_make (inn_domain_root (domain), "devices", &attribute);
  inn_node_insert (devices, xmlDocCopyNode (element->node, domain->doc, 1),
                   device_after (devices, name));
}

void
inn_domain_remove (InnElement *element)
{
  g_return_if_fail (element->kind->device);
  inn_domain_touch (element->domain);
  inn_node_drop (element->node);
  element->node = NULL;
}

/* @earlier: how many of the same kind and key stand in front; a @key that is not alone is a fault,
 * or a companion of a USB controller. */
static char *
make_id (const InnKind *kind, const char *key, guint earlier)
{
  if (key == NULL)
    return g_strdup_printf ("%s:%u", kind->name, earlier);
  if (earlier > 0)
    return g_strdup_printf ("%s:%s#%u", kind->name, key, earlier + 1);
  return g_strconcat (kind->name, ":", key, NULL);
}

char *
inn_element_dup_id (const InnElement *element)
{
  const xmlNode *own = element->node;
  g_autofree char *key = NULL;
  guint earlier = 0;

  if (!element->kind->device)
    return g_strdup (element->kind->name);
  key = dup_key (element);
  for (xmlNode *node = own->prev; node != NULL; node = node->prev)
    if (kind_matches (element->kind, node))
      {
        InnElement other = { element->domain, node, element->kind };
        g_autofree char *other_key = key != NULL ? dup_key (&other) : NULL;

        earlier += g_strcmp0 (key, other_key) == 0;
      }
  return make_id (element->kind, key, earlier);
}

GPtrArray *
inn_elements_dup_ids (GPtrArray *elements)
{
  GPtrArray *ids = g_ptr_array_new_full (elements->len, g_free);
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < elements->len; i++)
    {
      const InnElement *element = elements->pdata[i];
      const char *name = element->kind->name;
      g_autofree char *key = dup_key (element);
      g_autofree char *keyed = g_strconcat (name, ":", key, NULL);
      guint all = GPOINTER_TO_UINT (g_hash_table_lookup (counts, name));
      guint same = GPOINTER_TO_UINT (g_hash_table_lookup (counts, keyed));

      g_ptr_array_add (ids, make_id (element->kind, key, key != NULL ? same : all));
      g_hash_table_insert (counts, g_strdup (name), GUINT_TO_POINTER (all + 1));
      if (key != NULL)
        g_hash_table_insert (counts, g_steal_pointer (&keyed), GUINT_TO_POINTER (same + 1));
    }
  return ids;
}

char *
inn_element_dup_label (const InnElement *element)
{
  g_autofree char *key = NULL, *shown = NULL;

  if (!element->kind->device || (key = dup_key (element)) == NULL)
    return g_strdup (_ (element->kind->label));
  shown = inn_text_shorten (key, 80);
  return g_strdup_printf ("%s %s", _ (element->kind->label), shown);
}

char *
inn_domain_dup_name (InnDomain *domain)
{
  InnElement general = inn_domain_get (domain, "general");

  return inn_element_dup (&general, "name");
}

char *
inn_domain_dup_uuid (InnDomain *domain)
{
  InnElement general = inn_domain_get (domain, "general");

  return inn_element_dup (&general, "uuid");
}
