/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* write-domains FOLDER: every value of every field that can be changed, set in the first example
 * domain where the checks allow it, as one file each. A test lets libvirt's schema look at them. */
#include "unit/domain-fixtures.h"

#include <stdlib.h>
#include <string.h>

static const char *folder;

static gboolean
write_if_sound (InnDomain *domain, const InnKind *kind, const InnField *field, guint number)
{
  g_autofree char *name = g_strdup_printf ("%s-%s-%u.xml", kind->name, field->name, number);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *xml = NULL;

  if (!inn_domain_check (domain, NULL))
    return FALSE;
  xml = inn_domain_to_xml (domain);
  return g_file_set_contents (path, xml, -1, NULL);
}

static gboolean
try_element (const InnElement *template, const InnField *field, const char *text, guint number)
{
  g_autofree char *id = inn_element_dup_id (template);
  g_autoptr (InnDomain) domain = inn_domain_copy (template->domain);
  InnElement *element = inn_domain_find (domain, id);
  gboolean written = element != NULL && inn_element_set (element, field->name, text, NULL) &&
                     write_if_sound (domain, element->kind, field, number);

  inn_element_free (element);
  return written;
}

static gboolean
try_domain (InnDomain *domain,
            const InnKind *kind,
            const InnField *field,
            const char *text,
            guint number)
{
  g_autoptr (GPtrArray) devices = NULL;

  if (!kind->device)
    {
      InnElement section = inn_domain_get (domain, kind->name);

      return try_element (&section, field, text, number);
    }
  devices = inn_domain_list (domain, kind->name);
  for (guint i = 0; i < devices->len; i++)
    if (try_element (devices->pdata[i], field, text, number))
      return TRUE;
  return FALSE;
}

static guint
write_field (GPtrArray *domains, const InnKind *kind, const InnField *field)
{
  g_autoptr (GPtrArray) samples = fixture_samples (field);
  guint written = 0;

  for (guint i = 0; i < samples->len; i++)
    for (guint j = 0; j < domains->len; j++)
      if (try_domain (domains->pdata[j], kind, field, samples->pdata[i], written))
        {
          written++;
          break;
        }
  return written;
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GPtrArray) domains = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_domain_unref);
  int status = EXIT_SUCCESS;

  g_test_init (&argc, &argv, NULL);
  folder = argv[1];
  names = fixture_names ();
  for (guint i = 0; i < names->len; i++)
    g_ptr_array_add (domains, fixture_load (names->pdata[i]));
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
      if ((field->flags & INN_FIELD_FIXED) == 0 && write_field (domains, *kind, field) == 0)
        {
          g_printerr ("no value of %s/%s could be written\n", (*kind)->name, field->name);
          status = EXIT_FAILURE;
        }
  return status;
}
