/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The pass over untrusted XML text that runs before libxml2: the parser compares each attribute of
 * an element with each other one, and builds the whole tree before it hands anything over. */
#include "inn-xml-guard.h"
#include "inn-errors.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct
{
  const char *start, *end;
  const InnXmlLimits *limits;
  guint elements, depth;
} Scan;

static gboolean
refuse (const Scan *scan, const char *at, InnError code, const char *message, GError **error)
{
  guint line = 1;
  const char *line_start = scan->start;

  for (const char *c = scan->start; c < at; c++)
    if (*c == '\n')
      {
        line++;
        line_start = c + 1;
      }
  g_set_error (error, INN_ERROR, code, _ ("Line %u, column %u: %s"), line,
               (guint)(at - line_start) + 1, message);
  return FALSE;
}

/* After the end of @word, or the end of the text, where the parser will find the fault. */
static const char *
skip_past (const Scan *scan, const char *at, const char *word)
{
  gsize length = strlen (word);
  const char *found = at < scan->end ? memmem (at, scan->end - at, word, length) : NULL;

  return found != NULL ? found + length : scan->end;
}

/* One node more: an element, comment, section or instruction. */
static gboolean
count_node (Scan *scan, const char *at, GError **error)
{
  if (++scan->elements <= scan->limits->elements)
    return TRUE;
  return refuse (scan, at, INN_ERROR_LIMIT, _ ("There are too many elements."), error);
}

/* A start tag from behind its "<": counts its quoted values. */
static const char *
scan_start_tag (Scan *scan, const char *at, GError **error)
{
  const char *tag = at - 1;
  guint attributes = 0;

  for (; at < scan->end && *at != '>'; at++)
    if (*at == '"' || *at == '\'')
      {
        if (++attributes > scan->limits->attributes)
          {
            refuse (scan, tag, INN_ERROR_LIMIT, _ ("This element has too many attributes."), error);
            return NULL;
          }
        at = memchr (at + 1, *at, scan->end - at - 1);
        if (at == NULL)
          return scan->end;
      }
  if (at < scan->end && at[-1] != '/' && ++scan->depth > scan->limits->depth)
    {
      refuse (scan, tag, INN_ERROR_LIMIT, _ ("The elements are nested too deeply."), error);
      return NULL;
    }
  return at;
}

gboolean
inn_xml_guard (const char *xml, gsize length, const InnXmlLimits *limits, GError **error)
{
  Scan scan = { xml, xml + length, limits, 0, 0 };
  const char *at = xml;

  while (at < scan.end && (at = memchr (at, '<', scan.end - at)) != NULL)
    {
      gsize left = scan.end - at;

      if (left >= 2 && at[1] != '/' && !count_node (&scan, at, error))
        return FALSE;

      if (left >= 4 && memcmp (at, "<!--", 4) == 0)
        at = skip_past (&scan, at + 4, "-->");
      else if (left >= 9 && memcmp (at, "<![CDATA[", 9) == 0)
        at = skip_past (&scan, at + 9, "]]>");
      else if (left >= 2 && at[1] == '?')
        at = skip_past (&scan, at + 2, "?>");
      else if (left >= 2 && at[1] == '!')
        return refuse (&scan, at, INN_ERROR_INVALID_XML,
                       _ ("A document type is not allowed here. Remove the <!…> line."), error);
      else if (left >= 2 && at[1] == '/')
        {
          scan.depth -= scan.depth > 0;
          at += 2;
        }
      else if ((at = scan_start_tag (&scan, at + 1, error)) == NULL)
        return FALSE;
    }
  return TRUE;
}
