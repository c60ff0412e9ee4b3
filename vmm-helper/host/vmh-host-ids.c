/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What sysfs says of a device, and what its numbers are called. */
#include "vmh-host-ids.h"

#include <string.h>
#include "core/vmh-limits.h"

char *
vmh_ids_dup_path (const char *path)
{
  const char *root = g_getenv ("VMH_USB_ROOT");

  return g_strconcat (root ? root : "", path, NULL);
}

char *
vmh_ids_read_attribute (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_strstrip (text) : NULL;
}

guint
vmh_ids_read_number (const char *folder, const char *name, guint base)
{
  g_autofree char *text = vmh_ids_read_attribute (folder, name);

  return text ? (guint)MIN (g_ascii_strtoull (text, NULL, base), G_MAXUINT16) : 0;
}

char *
vmh_ids_clean (const char *text)
{
  g_autofree char *valid = text ? g_utf8_make_valid (text, -1) : NULL;
  g_autoptr (GString) line = g_string_new (NULL);
  guint n = 0;

  for (const char *at = valid; at && *at && n < VMH_MAX_USB_NAME; at = g_utf8_next_char (at), n++)
    g_string_append_unichar (line,
                             g_unichar_isprint (g_utf8_get_char (at)) ? g_utf8_get_char (at) : ' ');
  g_strstrip (line->str);
  return *line->str ? g_strdup (line->str) : NULL;
}

static const char *
find_line_end (const char *text, const char *end)
{
  const char *found = memchr (text, '\n', (gsize)(end - text));

  return found ? found : end;
}

/* What follows @start in the line that begins with it, of those after the first one. */
static const char *
find_line (const char *text, const char *end, const char *start)
{
  g_autofree char *wanted = g_strconcat ("\n", start, NULL);
  gsize length = strlen (wanted);
  const char *found = memmem (text, (gsize)(end - text), wanted, length);

  return found ? found + length : NULL;
}

static char *
dup_line (const char *text, const char *end)
{
  g_autofree char *line = text ? g_strndup (text, (gsize)(find_line_end (text, end) - text)) : NULL;

  return vmh_ids_clean (line);
}

/* A vendor's line begins with its number, those of its products follow, each after a tab. A list
 * has a megabyte, so it is gone through once. */
void
vmh_ids_look_up (const char *text,
                 guint vendor_id,
                 guint product_id,
                 char **out_vendor,
                 char **out_product)
{
  g_autofree char *vendor = g_strdup_printf ("%04x  ", vendor_id);
  g_autofree char *product = g_strdup_printf ("\t%04x  ", product_id);
  const char *end = text + strlen (text);
  const char *found = find_line (text, end, vendor);
  const char *first = found ? find_line_end (found, end) : NULL;
  const char *next = first;

  while (next && next + 1 < end && (next[1] == '\t' || next[1] == '#'))
    next = find_line_end (next + 1, end);
  *out_vendor = dup_line (found, end);
  *out_product = first ? dup_line (find_line (first, next, product), end) : NULL;
}

char *
vmh_ids_read (const char *const *paths)
{
  for (; *paths; paths++)
    {
      g_autofree char *path = vmh_ids_dup_path (*paths);
      char *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL))
        return text;
    }
  return NULL;
}
