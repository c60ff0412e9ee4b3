/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Last words. A guest's are written for a terminal, by whoever is in the guest: nothing of them is
 * passed on but lines of text. */
#include "vmh-words.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_LINES   10
#define MAX_LINE    300 /* characters: a device of QEMU's, and what is wrong with it */
#define ESCAPE      0x1b
#define REPLACEMENT 0xfffd /* what g_utf8_make_valid() puts in for what is no UTF-8 */

/* The last lines that are no blank ones, joined. */
static char *
join_last (GPtrArray *lines)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint first = lines->len > MAX_LINES ? lines->len - MAX_LINES : 0;

  for (guint i = first; i < lines->len; i++)
    {
      const char *line = lines->pdata[i];
      glong length = g_utf8_strlen (line, -1);
      const char *end = length > MAX_LINE ? g_utf8_offset_to_pointer (line, MAX_LINE) : NULL;

      g_string_append_len (text, line, end ? end - line : (gssize)strlen (line));
      g_string_append (text, end ? "…\n" : "\n");
    }
  return g_strdup (text->str);
}

static void
end_line (GPtrArray *lines, GString *line)
{
  g_strchomp (line->str);
  if (*line->str)
    g_ptr_array_add (lines, g_strdup (line->str));
  g_string_truncate (line, 0);
}

static void
remove_last (GString *line)
{
  if (line->len > 0)
    g_string_truncate (line, (gsize)(g_utf8_prev_char (line->str + line->len) - line->str));
}

/* Behind a command's first character: to its end. "[" takes parameters up to a letter or the like,
 * "]", "P", "X", "^" and "_" a text up to BEL or ESC \, "(" and its like one character more. */
static const char *
skip_command (const char *p)
{
  gunichar c = g_utf8_get_char (p);

  if (c == '[')
    {
      p++;
      while (*p >= 0x20 && *p < 0x40)
        p++;
      return *p > 0x20 ? p + 1 : p;
    }
  if (c < 0x80 && c != 0 && strchr ("]PX^_", (int)c))
    {
      while (*p && *p != '\a' && *p != ESCAPE && *p != '\n')
        p = g_utf8_next_char (p);
      return *p == '\a' ? p + 1 : (*p == ESCAPE && p[1] == '\\') ? p + 2 : p;
    }
  if (c >= 0x20 && c < 0x30)
    return p[1] > 0x20 ? p + 2 : p + 1;
  return c >= 0x30 && c < 0x7f ? p + 1 : p;
}

char *
vmh_words_dup_serial (GBytes *bytes)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) line = g_string_new (NULL);
  g_autofree char *text = NULL;
  gsize length = 0;
  const char *data = bytes ? g_bytes_get_data (bytes, &length) : NULL;

  /* NULs are no UTF-8 to it, either. */
  text = g_utf8_make_valid (data ? data : "", (gssize)length);
  for (const char *p = text; *p;)
    {
      gunichar c = g_utf8_get_char (p);

      p = g_utf8_next_char (p);
      if (c == ESCAPE)
        p = skip_command (p);
      else if (c == '\n')
        end_line (lines, line);
      else if (c == '\r' && *p != '\n' && *p != '\r' && *p)
        g_string_truncate (line, 0); /* written over */
      else if (c == '\b')
        remove_last (line);
      else if (c == '\t')
        g_string_append_c (line, ' ');
      else if (g_unichar_isprint (c) && c != REPLACEMENT)
        g_string_append_unichar (line, c);
    }
  end_line (lines, line);
  return join_last (lines);
}

char *
vmh_words_dup_errors (const char *log)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);

  for (char **line = lines; *line; line++)
    if (*g_strchomp (*line) && !strstr (*line, ": warning: ") && !strstr (*line, ": info: "))
      g_ptr_array_add (kept, *line);
  return join_last (kept);
}

const char *
vmh_words_explain (const char *errors)
{
  static const struct
  {
    const char *part, *sentence;
  } known[] = {
    { "is smaller than host TPM's fixed buffer size",
      N_ ("This computer’s security chip takes longer commands than the device CRB has room for. "
          "Choose TIS for the machine’s security chip.") },
    { "is not a TPM device",
      N_ ("This computer’s security chip does not answer. Start the machine again, or give it a "
          "chip of its own.") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (strstr (errors, known[i].part))
      return _ (known[i].sentence);
  return NULL;
}

char *
vmh_words_dup_kept (InnDomain *domain, gboolean system)
{
  static const char *const parts[] = { "quota",   "vcpusched", "numatune", "blkiotune",
                                       "memtune", "locked",    "resource", "launchSecurity" };
  InnElement cpu = inn_domain_get (domain, "cpu");
  g_autofree char *xml = inn_domain_to_xml (domain);
  g_autoptr (GString) list = g_string_new (NULL);
  g_autofree char *sentence = NULL;

  if (!system && (inn_element_has (&cpu, "limit") || inn_element_has (&cpu, "shares")))
    g_string_append (list, "<cputune>");
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *tag = g_strconcat ("<", parts[i], NULL);

      if (strstr (xml, tag))
        g_string_append_printf (list, "%s<%s>", list->len > 0 ? ", " : "", parts[i]);
    }
  if (list->len == 0)
    return NULL;
  sentence = g_strdup_printf (_ ("Innkeeper keeps these parts of the machine's XML, but does not "
                                 "act upon them yet: %s\n"),
                              list->str);
  return g_strconcat ("vmm-helper: info: ", sentence, NULL); /* as QEMU marks what is no error */
}
