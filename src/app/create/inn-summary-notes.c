/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The sentences above the wizard's last page. */
#include "inn-summary-notes.h"

#include <glib/gi18n.h>

static void note (GString *notes, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
note (GString *notes, const char *format, ...)
{
  va_list args;

  if (notes->len > 0)
    g_string_append_c (notes, '\n');
  va_start (args, format);
  g_string_append_vprintf (notes, format, args);
  va_end (args);
}

static void
note_medium (GString *notes, const InnSource *source, InnOs *os)
{
  const InnMedia *media = source->media;

  if (media == NULL)
    return;
  if (media->os != NULL && media->os == os && !media->exact)
    note (notes, _ ("“%s” is newer than what Innkeeper knows. It gets what suits %s."),
          media->label, inn_os_get_name (os));
  if (media->kind == INN_MEDIA_ISO && !media->bootable)
    note (notes, _ ("No computer can start from this medium: “%s” is good as an addition only."),
          media->name);
  if (media->used_by != NULL)
    note (notes, _ ("“%s” belongs to the machine “%s”, so it can only be copied."), media->name,
          media->used_by);
}

char *
inn_summary_notes (const InnProfile *profile,
                   const InnSource *source,
                   InnOs *os,
                   gboolean of_system)
{
  GString *notes = g_string_new (NULL);

  if (of_system)
    note (notes, "%s",
          _ ("This will be a machine of the whole system: making it needs an administrator’s "
             "password."));
  note_medium (notes, source, os);
  if (profile->generic && source->kind == INN_SOURCE_ISO)
    note (notes, _ ("Innkeeper does not know the system on this medium. The machine gets hardware "
                    "that nearly every system can use; choose a system below for better."));
  else if (profile->generic)
    note (notes, _ ("Nothing is known of the system. The machine gets hardware that nearly every "
                    "system can use; choose a system below for better."));
  if (profile->short_memory)
    {
      g_autofree char *least =
          g_format_size_full (profile->minimum_memory, G_FORMAT_SIZE_IEC_UNITS);

      note (notes, _ ("%s needs at least %s of memory, more than half of what this computer has."),
            inn_os_get_name (os), least);
    }
  return g_string_free (notes, FALSE);
}
