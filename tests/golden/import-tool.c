/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* import-tool [--system|--export] FOLDER FILE…: imports each of libvirt's domains, as on a computer
 * that never changes; prints what is told of it, one note a line, and writes the machine to
 * FOLDER/FILE and its export to FOLDER/export-FILE. Where one is refused, prints why. With --export
 * the machines are ours, and only their export is written, to FOLDER/FILE. $INN_TEST_IMAGES is the
 * folder of the pool “images”, else libvirt's own. */
#include "shared/inn-domain-import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
find_volume (const char *pool, const char *volume, gpointer data)
{
  const char *folder = g_getenv ("INN_TEST_IMAGES");

  return strcmp (pool, "images") == 0
             ? g_build_filename (folder != NULL ? folder : "/var/lib/libvirt/images", volume, NULL)
             : NULL;
}

static void
save (const char *folder, const char *prefix, const char *file, const char *text)
{
  g_autofree char *base = g_path_get_basename (file);
  g_autofree char *name = g_strconcat (prefix, base, NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (!g_file_set_contents (path, text, -1, NULL))
    exit (EXIT_FAILURE);
}

static gboolean export(const char *folder, const char *file, GError **error)
{
  g_autofree char *xml = NULL, *exported = NULL;
  g_autoptr (InnDomain) domain = NULL;
  gsize length;

  if (!g_file_get_contents (file, &xml, &length, error) ||
      (domain = inn_domain_parse (xml, (gssize)length, error)) == NULL ||
      (exported = inn_domain_export (domain, FALSE, error)) == NULL)
    return FALSE;
  save (folder, "", file, exported);
  return TRUE;
}

static gboolean
import (const char *folder, const char *file, const InnImportHost *host, GError **error)
{
  static const char *const sorts[] = { "same", "adapted", "unknown" };
  g_autofree char *xml = NULL, *imported = NULL, *exported = NULL;
  g_autoptr (GPtrArray) notes = NULL;
  g_autoptr (InnDomain) domain = NULL;
  gsize length;

  if (!g_file_get_contents (file, &xml, &length, error))
    return FALSE;
  domain = inn_domain_import (xml, (gssize)length, host, &notes, error);
  if (domain == NULL || (exported = inn_domain_export (domain, FALSE, error)) == NULL)
    return FALSE;
  for (guint i = 0; i < notes->len; i++)
    {
      const InnImportNote *note = notes->pdata[i];

      printf ("%s line %u %s | %s | %s\n", sorts[note->sort], note->line, note->path, note->what,
              note->text != NULL ? note->text : "");
    }
  imported = inn_domain_to_xml (domain);
  save (folder, "", file, imported);
  save (folder, "export-", file, exported);
  return TRUE;
}

int
main (int argc, char **argv)
{
  InnImportHost host = { FALSE, find_volume, NULL, NULL };
  gboolean only_export = argc > 1 && g_str_equal (argv[1], "--export");
  int i = 1;

  if (argc > 1 && g_str_has_prefix (argv[1], "--"))
    {
      host.system = g_str_equal (argv[1], "--system");
      i++;
    }
  for (int file = i + 1; file < argc; file++)
    {
      g_autofree char *name = g_path_get_basename (argv[file]);
      g_autoptr (GError) error = NULL;

      printf ("# %s\n", name);
      if (only_export ? !export(argv[i], argv[file], &error)
                      : !import (argv[i], argv[file], &host, &error))
        printf ("refused: %s\n", error->message);
    }
  return EXIT_SUCCESS;
}
