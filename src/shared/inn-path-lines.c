/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any number of like elements as the lines of one text: the fields with INN_FIELD_LIST. */
#include "inn-path.h"

#include <libxml/xmlmemory.h>
#include <string.h>

typedef struct
{
  char *parent; /* ".": they stand in the element itself */
  char *name;
  char **attributes; /* "name" or "name='value'", in turn; none: the element's text */
} Lines;

static void
lines_clear (Lines *lines)
{
  g_free (lines->parent);
  g_free (lines->name);
  g_strfreev (lines->attributes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Lines, lines_clear)

static void
lines_init (Lines *lines, const char *path)
{
  const char *attributes = strstr (path, "/@");
  g_autofree char *whole =
      attributes != NULL ? g_strndup (path, (gsize)(attributes - path)) : g_strdup (path);
  const char *slash = strrchr (whole, '/');

  lines->attributes = g_strsplit (attributes != NULL ? attributes + 1 : "", "+", -1);
  lines->name = g_strdup (slash != NULL ? slash + 1 : whole);
  lines->parent = slash != NULL ? g_strndup (whole, (gsize)(slash - whole)) : g_strdup (".");
}

/* "@policy='require'": its name, and what it means where it is not there. */
static char *
dup_attribute (const xmlNode *node, const char *step)
{
  g_auto (GStrv) parts = g_strsplit_set (step + 1, "='", -1);
  xmlChar *value = xmlGetNoNsProp (node, (const xmlChar *)parts[0]);
  char *text = g_strdup (value != NULL ? (char *)value : g_strv_length (parts) > 2 ? parts[2] : "");

  xmlFree (value);
  return text;
}

static char *
dup_line (const Lines *lines, const xmlNode *node)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;

  if (lines->attributes[0] == NULL)
    return inn_path_dup ((xmlNode *)node, ".");
  for (char **step = lines->attributes; *step != NULL; step++)
    {
      g_autofree char *word = dup_attribute (node, *step);

      g_strv_builder_add (words, word);
    }
  all = g_strv_builder_end (words);
  return g_strjoinv (" ", all);
}

char *
inn_path_dup_lines (xmlNode *base, const char *path)
{
  g_auto (Lines) lines = { 0 };
  const char *attribute;
  xmlNode *parent;
  GString *text = NULL;

  lines_init (&lines, path);
  parent = inn_path_find (base, lines.parent, &attribute);
  for (xmlNode *node = parent != NULL ? parent->children : NULL; node != NULL; node = node->next)
    {
      g_autofree char *line = inn_node_is (node, lines.name) ? dup_line (&lines, node) : NULL;

      if (line == NULL || *line == '\0')
        continue;
      g_strdelimit (line, "\n", ' ');
      if (text == NULL)
        text = g_string_new (line);
      else
        g_string_append_printf (text, "\n%s", line);
    }
  return text != NULL ? g_string_free (text, FALSE) : NULL;
}

void
inn_path_remove_lines (xmlNode *base, const char *path)
{
  g_auto (Lines) lines = { 0 };
  g_autofree char *whole = NULL;
  const char *attribute;
  xmlNode *first;

  lines_init (&lines, path);
  whole = strcmp (lines.parent, ".") == 0 ? g_strdup (lines.name)
                                          : g_strconcat (lines.parent, "/", lines.name, NULL);
  first = inn_path_find (base, whole, &attribute);
  for (xmlNode *node = first != NULL ? xmlNextElementSibling (first) : NULL, *next; node != NULL;
       node = next)
    {
      next = xmlNextElementSibling (node); /* texts may be merged */
      if (inn_node_is (node, lines.name))
        inn_node_drop (node);
    }
  if (first != NULL)
    inn_path_remove_element (base, whole); /* and its parent, where that is empty then */
}

static void
add_line (const Lines *lines, xmlNode *parent, const char *line, xmlNode *before)
{
  xmlNode *node = xmlNewDocNode (parent->doc, NULL, (const xmlChar *)lines->name, NULL);
  guint count = g_strv_length (lines->attributes);
  g_auto (GStrv) words = g_strsplit (line, " ", (int)MAX (count, 1));

  for (guint i = 0; i < count && words[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (lines->attributes[i] + 1, "=", 2);

      xmlSetNsProp (node, NULL, (const xmlChar *)parts[0], (const xmlChar *)words[i]);
    }
  if (count == 0)
    xmlAddChild (node, xmlNewDocText (node->doc, (const xmlChar *)line));
  inn_node_insert (parent, node, before);
}

/* What stands behind them stays there: libvirt wants some in an order. NULL: nothing does. */
static xmlNode *
find_next (xmlNode *base, const Lines *lines)
{
  const char *attribute;
  xmlNode *parent = inn_path_find (base, lines->parent, &attribute);
  xmlNode *node = parent != NULL ? xmlLastElementChild (parent) : NULL, *next = NULL;

  for (; node != NULL && !inn_node_is (node, lines->name); node = xmlPreviousElementSibling (node))
    next = node;
  return next;
}

void
inn_path_set_lines (xmlNode *base, const char *path, const char *text)
{
  g_auto (GStrv) all = g_strsplit (text, "\n", -1);
  g_auto (Lines) lines = { 0 };
  const char *attribute;
  xmlNode *parent, *next;

  lines_init (&lines, path);
  next = find_next (base, &lines); /* the first, where there are none yet */
  inn_path_remove_lines (base, path);
  parent = inn_path_make (base, lines.parent, &attribute);
  for (char **line = all; *line != NULL; line++)
    if (**line != '\0')
      add_line (&lines, parent, *line, next);
}
