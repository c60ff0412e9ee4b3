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

/* The rest of the line in @text that begins with @start; @until ends the search. */
static const char *
find_line (const char *text, const char *start, const char *until)
{
  gsize length = strlen (start);

  for (const char *line = text; line && (!until || line < until);)
    {
      if (strncmp (line, start, length) == 0)
        return line + length;
      line = strchr (line, '\n');
      line = line ? line + 1 : NULL;
    }
  return NULL;
}

static char *
dup_line (const char *text)
{
  g_autofree char *line = text ? g_strndup (text, strcspn (text, "\n")) : NULL;

  return vmh_ids_clean (line);
}

/* A vendor's line begins with its number, those of its products follow, each after a tab. */
void
vmh_ids_look_up (const char *text,
                 guint vendor_id,
                 guint product_id,
                 char **out_vendor,
                 char **out_product)
{
  g_autofree char *vendor = g_strdup_printf ("%04x  ", vendor_id);
  g_autofree char *product = g_strdup_printf ("\t%04x  ", product_id);
  const char *found = find_line (text, vendor, NULL);
  const char *end = found ? strchr (found, '\n') : NULL;
  const char *next = end;

  while (next && (next[1] == '\t' || next[1] == '#'))
    next = strchr (next + 1, '\n');
  *out_vendor = dup_line (found);
  *out_product = end ? dup_line (find_line (end + 1, product, next)) : NULL;
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
