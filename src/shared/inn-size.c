/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Sizes as people write them. */
#include "inn-size.h"

#include <string.h>

static const struct
{
  const char *name;
  char letter;
  guint64 bytes;
} units[] = {
  { "TiB", 't', G_GUINT64_CONSTANT (1) << 40 },
  { "GiB", 'g', 1 << 30 },
  { "MiB", 'm', 1 << 20 },
  { "KiB", 'k', 1 << 10 },
  { "B", 'b', 1 },
};

char *
inn_size_format (guint64 bytes)
{
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (bytes != 0 && bytes % units[i].bytes == 0)
      return g_strdup_printf ("%" G_GUINT64_FORMAT " %s", bytes / units[i].bytes, units[i].name);
  return g_strdup ("0 B");
}

gboolean
inn_size_parse (const char *text, guint64 *out_bytes)
{
  g_autofree char *point = g_strdelimit (g_strdup (text), ",", '.');
  char *end;
  double number = g_ascii_strtod (point, &end);
  guint64 unit = 1;

  if (end == point || !(number >= 0))
    return FALSE;
  end = g_strstrip (end);
  if (*end != '\0')
    {
      guint i;

      for (i = 0; i < G_N_ELEMENTS (units); i++)
        if (units[i].letter == g_ascii_tolower (*end) &&
            (end[1] == '\0' || g_ascii_strcasecmp (end, units[i].name) == 0 ||
             g_ascii_strcasecmp (end + 1, "b") == 0))
          break;
      if (i == G_N_ELEMENTS (units))
        return FALSE;
      unit = units[i].bytes;
    }
  if (number * unit >= 18446744073709551615.0)
    return FALSE;
  *out_bytes = (guint64)(number * unit + 0.5);
  return TRUE;
}
