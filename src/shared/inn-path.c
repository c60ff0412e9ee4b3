/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The schema's paths on libxml2's nodes. Paths come from our own tables, so a malformed one is a
 * defect and ends the program; node contents are anyone's. */
#include "inn-path.h"
#include "inn-names.h"

#include <libxml/xmlmemory.h>
#include <string.h>

#define MAX_STEPS      8
#define MAX_PREDICATES 3

/* Of a new section below <domain>: libvirt's own order. The schema interleaves them, so it is for
 * people. */
static const char *const section_order[] = {
  "name",
  "uuid",
  "title",
  "description",
  "metadata",
  "maxMemory",
  "memory",
  "currentMemory",
  "memoryBacking",
  "vcpu",
  "iothreads",
  "cputune",
  "sysinfo",
  "os",
  "features",
  "cpu",
  "clock",
  "on_poweroff",
  "on_reboot",
  "on_crash",
  "pm",
  "devices",
  NULL,
};

typedef struct
{
  char name[48], value[48];
  gboolean ensured; /* written when the element is made, but not asked of one that is there */
} Predicate;

typedef struct
{
  const char *ns; /* a literal, or NULL */
  const char *prefix;
  char name[64];
  guint position; /* from 1; 0: the first */
  Predicate predicates[MAX_PREDICATES];
  guint n_predicates;
} Step;

static void
copy_part (char *to, gsize size, const char *from, gsize length)
{
  g_assert (length > 0 && length < size);
  memcpy (to, from, length);
  to[length] = '\0';
}

/* From behind "[" to behind "]". */
static const char *
parse_predicate (Step *step, const char *path)
{
  const char *end = strchr (path, ']');
  const char *equals = strchr (path, '=');
  Predicate *predicate = &step->predicates[step->n_predicates];

  g_assert (end != NULL);
  if (g_ascii_isdigit (*path))
    {
      step->position = (guint)g_ascii_strtoull (path, NULL, 10);
      return end + 1;
    }
  g_assert (*path == '@' && equals != NULL && equals < end && step->n_predicates < MAX_PREDICATES);
  g_assert (equals[1] == '\'' && end[-1] == '\'');
  predicate->ensured = equals[-1] == '?';
  copy_part (predicate->name, sizeof predicate->name, path + 1,
             equals - path - 1 - predicate->ensured);
  copy_part (predicate->value, sizeof predicate->value, equals + 2, end - equals - 3);
  step->n_predicates++;
  return end + 1;
}

/* One step; returns what follows its "/", or "" at the end. */
static const char *
parse_step (Step *step, const char *path)
{
  gsize length;

  memset (step, 0, sizeof *step);
  if (g_str_has_prefix (path, "innkeeper:"))
    {
      step->ns = INN_NS_INNKEEPER;
      step->prefix = "innkeeper";
    }
  else if (g_str_has_prefix (path, "libosinfo:"))
    {
      step->ns = INN_NS_LIBOSINFO;
      step->prefix = "libosinfo";
    }
  if (step->prefix != NULL)
    path += strlen (step->prefix) + 1;
  length = strcspn (path, "/[");
  copy_part (step->name, sizeof step->name, path, length);
  for (path += length; *path == '[';)
    path = parse_predicate (step, path + 1);
  g_assert (*path == '/' || *path == '\0');
  return *path == '/' ? path + 1 : path;
}

static gboolean
step_matches (const Step *step, const xmlNode *node)
{
  if (node->type != XML_ELEMENT_NODE || !xmlStrEqual (node->name, (const xmlChar *)step->name))
    return FALSE;
  if (g_strcmp0 (node->ns != NULL ? (const char *)node->ns->href : NULL, step->ns) != 0)
    return FALSE;
  for (guint i = 0; i < step->n_predicates; i++)
    {
      const Predicate *predicate = &step->predicates[i];
      xmlChar *value;
      gboolean equal;

      if (predicate->ensured)
        continue;
      value = xmlGetNoNsProp (node, (const xmlChar *)predicate->name);
      equal = xmlStrEqual (value, (const xmlChar *)predicate->value);
      xmlFree (value);
      if (!equal)
        return FALSE;
    }
  return TRUE;
}

/* @out_seen: how many there are up to the one asked for. */
static xmlNode *
find_step (const Step *step, const xmlNode *parent, guint *out_seen)
{
  guint seen = 0;

  for (xmlNode *node = parent->children; node != NULL; node = node->next)
    if (step_matches (step, node) && ++seen >= step->position)
      return node;
  *out_seen = seen;
  return NULL;
}

static gboolean
is_blank_text (const xmlNode *node)
{
  return node != NULL && node->type == XML_TEXT_NODE && xmlIsBlankNode (node);
}

static void
drop_blank (xmlNode *blank)
{
  xmlUnlinkNode (blank);
  xmlFreeNode (blank);
}

/* The line break and spaces in front of @node, NULL where it does not start a line. */
static char *
dup_indent (const xmlNode *node)
{
  const char *text, *line;

  if (!is_blank_text (node->prev))
    return NULL;
  text = (const char *)node->prev->content;
  line = strrchr (text, '\n');
  return line != NULL ? g_strdup (line) : NULL;
}

static xmlNode *
first_element (const xmlNode *parent)
{
  return xmlFirstElementChild ((xmlNode *)parent);
}

/* Two texts side by side become one, as a parser would find them. */
static void
add_text (xmlNode *node, const char *text, gboolean in_front)
{
  if (in_front && node->prev != NULL && node->prev->type == XML_TEXT_NODE)
    xmlTextConcat (node->prev, (const xmlChar *)text, (int)strlen (text));
  else if (in_front)
    xmlAddPrevSibling (node, xmlNewDocText (node->doc, (const xmlChar *)text));
  else
    xmlAddNextSibling (node, xmlNewDocText (node->doc, (const xmlChar *)text));
}

void
inn_node_insert (xmlNode *parent, xmlNode *child, xmlNode *before)
{
  xmlNode *sibling = before != NULL ? before : first_element (parent);
  g_autofree char *indent = sibling != NULL ? dup_indent (sibling) : NULL;

  if (before != NULL)
    {
      xmlAddPrevSibling (before, child);
      if (indent != NULL)
        add_text (child, indent, FALSE);
    }
  else if (sibling != NULL)
    {
      if (is_blank_text (parent->last))
        xmlAddPrevSibling (parent->last, child);
      else
        xmlAddChild (parent, child);
      if (indent != NULL)
        add_text (child, indent, TRUE);
    }
  else
    {
      g_autofree char *outer = parent->parent != NULL && parent->parent->type == XML_ELEMENT_NODE
                                   ? dup_indent (parent)
                                   : g_strdup ("\n");
      gboolean lines;

      if (parent->children == parent->last && is_blank_text (parent->children))
        drop_blank (parent->children);
      lines = outer != NULL && parent->children == NULL;
      xmlAddChild (parent, child);
      if (lines)
        {
          g_autofree char *inner = g_strconcat (outer, "  ", NULL);

          add_text (child, inner, TRUE);
          add_text (child, outer, FALSE);
        }
    }
}

void
inn_node_drop (xmlNode *node)
{
  xmlNode *parent = node->parent, *before, *after;

  if (is_blank_text (node->prev))
    drop_blank (node->prev);
  before = node->prev;
  after = node->next;
  xmlUnlinkNode (node);
  xmlFreeNode (node);
  if (before != NULL && before->type == XML_TEXT_NODE && after != NULL &&
      after->type == XML_TEXT_NODE)
    xmlTextMerge (before, after); /* as a parser would find them */
  if (parent->children != NULL && parent->children == parent->last &&
      is_blank_text (parent->children))
    drop_blank (parent->children);
}

/* The sibling that a new section goes in front of; NULL: none. */
static xmlNode *
section_after (const xmlNode *domain, const char *name)
{
  const char *const *rank = section_order;

  while (*rank != NULL && strcmp (*rank, name) != 0)
    rank++;
  if (*rank == NULL)
    return NULL;
  for (xmlNode *node = domain->children; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE && node->ns == NULL &&
        g_strv_contains (rank + 1, (const char *)node->name))
      return node;
  return NULL;
}

static xmlNode *
make_step (const Step *step, xmlNode *parent)
{
  xmlNode *node = xmlNewDocNode (parent->doc, NULL, (const xmlChar *)step->name, NULL);
  gboolean section = parent->parent != NULL && parent->parent->type == XML_DOCUMENT_NODE;

  for (guint i = 0; i < step->n_predicates; i++)
    xmlSetNsProp (node, NULL, (const xmlChar *)step->predicates[i].name,
                  (const xmlChar *)step->predicates[i].value);
  inn_node_insert (parent, node, section ? section_after (parent, step->name) : NULL);
  if (step->ns != NULL)
    {
      xmlNs *ns = xmlSearchNsByHref (parent->doc, parent, (const xmlChar *)step->ns);

      if (ns == NULL)
        ns = xmlNewNs (node, (const xmlChar *)step->ns, (const xmlChar *)step->prefix);
      xmlSetNs (node, ns);
    }
  return node;
}

static xmlNode *
walk (xmlNode *node, const char *path, gboolean make, const char **out_attribute)
{
  xmlNode *made = NULL;

  *out_attribute = NULL;
  while (*path != '\0' && strcmp (path, ".") != 0)
    {
      Step step;
      xmlNode *child;
      guint seen;

      if (*path == '@')
        {
          *out_attribute = path + 1;
          break;
        }
      path = parse_step (&step, path);
      child = find_step (&step, node, &seen);
      if (child == NULL && make && seen + 1 >= step.position)
        {
          child = make_step (&step, node);
          if (made == NULL)
            made = child;
        }
      if (child == NULL)
        {
          if (made != NULL)
            inn_node_drop (made);
          return NULL;
        }
      node = child;
    }
  return node;
}

xmlNode *
inn_path_find (xmlNode *base, const char *path, const char **out_attribute)
{
  return walk (base, path, FALSE, out_attribute);
}

xmlNode *
inn_path_make (xmlNode *base, const char *path, const char **out_attribute)
{
  return walk (base, path, TRUE, out_attribute);
}

static char *
dup_text (const xmlNode *node)
{
  GString *text = NULL;

  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
      {
        if (text == NULL)
          text = g_string_new (NULL);
        g_string_append (text, (const char *)child->content);
      }
  return text != NULL ? g_string_free (text, FALSE) : NULL;
}

gboolean
inn_node_is (const xmlNode *node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && node->ns == NULL &&
         xmlStrEqual (node->name, (const xmlChar *)name);
}

char *
inn_path_dup (xmlNode *base, const char *path)
{
  const char *attribute;
  xmlNode *node = inn_path_find (base, path, &attribute);
  xmlChar *value;
  char *text;

  if (node == NULL)
    return NULL;
  if (attribute == NULL)
    return dup_text (node);
  value = xmlGetNoNsProp (node, (const xmlChar *)attribute);
  text = g_strdup ((const char *)value);
  xmlFree (value);
  return text;
}

/* Leaves child elements and comments where they are. */
static void
set_node_text (xmlNode *node, const char *text)
{
  xmlNode *next;

  for (xmlNode *child = node->children; child != NULL; child = next)
    {
      next = child->next;
      if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
        {
          xmlUnlinkNode (child);
          xmlFreeNode (child);
        }
    }
  if (text == NULL)
    return;
  if (node->children != NULL)
    add_text (node->children, text, TRUE);
  else
    xmlAddChild (node, xmlNewDocText (node->doc, (const xmlChar *)text));
}

gboolean
inn_path_set (xmlNode *base, const char *path, const char *text)
{
  const char *attribute;
  xmlNode *node = inn_path_make (base, path, &attribute);

  if (node == NULL)
    return FALSE;
  if (attribute != NULL)
    xmlSetNsProp (node, NULL, (const xmlChar *)attribute, (const xmlChar *)text);
  else
    set_node_text (node, text);
  return TRUE;
}

/* Nothing in it but what the path asks for. What it ensured is a value of its own ("clock/@offset",
 * "bootmenu/@enable"), whoever wrote it, but beside the element's @own text: without that it means
 * nothing ("maxMemory/@slots"). */
static gboolean
is_empty (const xmlNode *node, const Step *step, gboolean own)
{
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (!is_blank_text (child))
      return FALSE;
  for (const xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next)
    {
      gboolean ours = FALSE;

      for (guint i = 0; i < step->n_predicates; i++)
        ours |= (own || !step->predicates[i].ensured) &&
                xmlStrEqual (attribute->name, (const xmlChar *)step->predicates[i].name);
      if (!ours)
        return FALSE;
    }
  return TRUE;
}

static void
remove_at (xmlNode *base, const char *path, gboolean whole)
{
  Step steps[MAX_STEPS];
  xmlNode *nodes[MAX_STEPS];
  guint n = 0, seen;
  xmlNode *node = base;

  while (*path != '\0' && *path != '@' && strcmp (path, ".") != 0)
    {
      g_assert (n < MAX_STEPS);
      path = parse_step (&steps[n], path);
      node = find_step (&steps[n], node, &seen);
      if (node == NULL)
        break;
      nodes[n++] = node;
    }
  if (node == NULL)
    whole = FALSE;
  else if (*path == '@')
    xmlUnsetNsProp (node, NULL, (const xmlChar *)path + 1);
  else if (!whole)
    set_node_text (node, NULL);
  if (whole && n > 0)
    inn_node_drop (nodes[--n]);
  for (gboolean own = node != NULL && *path != '@' && !whole;
       n > 0 && is_empty (nodes[n - 1], &steps[n - 1], own); own = FALSE)
    inn_node_drop (nodes[--n]);
}

void
inn_path_remove (xmlNode *base, const char *path)
{
  remove_at (base, path, FALSE);
}

void
inn_path_remove_element (xmlNode *base, const char *path)
{
  remove_at (base, path, TRUE);
}
