/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads libvirt's pools and networks: libvirt's format pages "Storage pool" and "Network". */
#include "inn-libvirt.h"

#include "inn-path.h"
#include "inn-xml-guard.h"

#include <libxml/parser.h>
#include <string.h>

static xmlDoc *
read_document (const char *xml, gsize length, const char *root)
{
  static const InnXmlLimits limits = { INN_DOMAIN_MAX_ELEMENTS, INN_DOMAIN_MAX_ATTRIBUTES,
                                       INN_DOMAIN_MAX_DEPTH };
  xmlDoc *doc;

  if (length > INN_DOMAIN_MAX_XML || !g_utf8_validate_len (xml, length, NULL) ||
      !inn_xml_guard (xml, length, &limits, NULL))
    return NULL;
  doc = xmlReadMemory (xml, (int)length, NULL, "UTF-8",
                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  if (doc != NULL &&
      (xmlDocGetRootElement (doc) == NULL || !inn_node_is (xmlDocGetRootElement (doc), root)))
    g_clear_pointer (&doc, xmlFreeDoc);
  return doc;
}

static gboolean
has_folder (const char *type)
{
  static const char *const types[] = { "dir", "fs", "netfs", "logical", "disk", NULL };

  return type != NULL && g_strv_contains (types, type);
}

gboolean
inn_libvirt_parse_pool (const char *xml, gsize length, char **out_name, char **out_folder)
{
  xmlDoc *doc = read_document (xml, length, "pool");
  xmlNode *root = doc != NULL ? xmlDocGetRootElement (doc) : NULL;
  g_autofree char *type = root != NULL ? inn_path_dup (root, "@type") : NULL;
  g_autofree char *name = root != NULL ? inn_path_dup (root, "name") : NULL;
  g_autofree char *folder = root != NULL ? inn_path_dup (root, "target/path") : NULL;

  g_clear_pointer (&doc, xmlFreeDoc);
  if (!has_folder (type) || name == NULL || folder == NULL ||
      !g_path_is_absolute (g_strstrip (folder)))
    return FALSE;
  *out_name = g_steal_pointer (&name);
  *out_folder = g_steal_pointer (&folder);
  return TRUE;
}

gboolean
inn_libvirt_parse_network (const char *xml,
                           gsize length,
                           char **out_name,
                           InnImportNetwork *out_kind,
                           char **out_bridge)
{
  xmlDoc *doc = read_document (xml, length, "network");
  xmlNode *root = doc != NULL ? xmlDocGetRootElement (doc) : NULL;
  const char *attribute;
  gboolean forwards = root != NULL && inn_path_find (root, "forward", &attribute) != NULL;
  g_autofree char *name = root != NULL ? inn_path_dup (root, "name") : NULL;
  g_autofree char *mode = root != NULL ? inn_path_dup (root, "forward/@mode") : NULL;
  g_autofree char *bridge = root != NULL ? inn_path_dup (root, "bridge/@name") : NULL;

  g_clear_pointer (&doc, xmlFreeDoc);
  if (name == NULL)
    return FALSE;
  *out_name = g_steal_pointer (&name);
  *out_kind = !forwards ? INN_IMPORT_NETWORK_ISOLATED : INN_IMPORT_NETWORK_OUTSIDE;
  if (g_strcmp0 (mode, "bridge") == 0 && bridge != NULL)
    {
      *out_kind = INN_IMPORT_NETWORK_BRIDGE;
      *out_bridge = g_steal_pointer (&bridge);
    }
  return TRUE;
}
