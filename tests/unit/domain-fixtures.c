/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "domain-fixtures.h"

#include <string.h>

static char *
fixture_folder (void)
{
  return g_test_build_filename (G_TEST_DIST, "..", "golden", "xml", NULL);
}

GPtrArray *
fixture_names (void)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = fixture_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".xml"))
      g_ptr_array_add (names, g_strdup (name));
  g_assert_cmpuint (names->len, >=, 7);
  return names;
}

char *
fixture_read (const char *name)
{
  g_autofree char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

InnDomain *
fixture_parse (const char *xml)
{
  g_autoptr (GError) error = NULL;
  InnDomain *domain = inn_domain_parse (xml, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (domain);
  return domain;
}

InnDomain *
fixture_load (const char *name)
{
  g_autofree char *xml = fixture_read (name);

  return fixture_parse (xml);
}

InnElement
fixture_device (InnDomain *domain, const char *kind, guint position)
{
  g_autoptr (GPtrArray) list = inn_domain_list (domain, kind);

  g_assert_cmpuint (list->len, >, position);
  return *(InnElement *)list->pdata[position];
}

static void
add_number (GPtrArray *samples, guint64 number)
{
  g_ptr_array_add (samples, g_strdup_printf ("%" G_GUINT64_FORMAT, number));
}

GPtrArray *
fixture_samples (const InnField *field)
{
  static const char *const strings[] = {
    "0x046d",
    "0xc52B",
    "vda",
    "fdb",
    "sdz",
    "hdd",
    "inn-1",
    "A_b.c",
    "0-3,^2,6",
    "Ein „Gast“, <b> & 'x' \"y\" ]]>",
    "a\nb",
    " spaced ",
    "require aes\ndisable sse4.1",
    "0 2\n1 3-5,^4",
    "11/29/2026",
    "1.20",
    "0",
    "2",
    "3",
    "5",
    "5000c50015ea71ad",
    "/dev/dri/renderD128",
    "/dev/dri/renderD129",
    "/dev/tpm0",
    "/dev/tpmrm1",
    "sign in\nsign\ndecrypt",
  };
  GPtrArray *samples = g_ptr_array_new_with_free_func (g_free);

  for (const InnChoice *choice = field->choices; choice != NULL && choice->value != NULL; choice++)
    g_ptr_array_add (samples, g_strdup (choice->value));
  if (field->type == INN_TYPE_STRING)
    for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
      if (inn_field_check (field, strings[i], NULL))
        g_ptr_array_add (samples, g_strdup (strings[i]));
  if (field->type == INN_TYPE_STRING && field->max > 0 && field->pattern == NULL)
    g_ptr_array_add (samples, g_strnfill (field->max, 'x'));
  if ((field->type == INN_TYPE_BOOL && field->choices == NULL) || field->type == INN_TYPE_PRESENT)
    {
      g_ptr_array_add (samples, g_strdup ("no"));
      g_ptr_array_add (samples, g_strdup ("yes"));
    }
  if (field->type == INN_TYPE_UINT || field->type == INN_TYPE_SIZE)
    {
      add_number (samples, field->min);
      add_number (samples, field->max > 0 ? field->max : G_MAXUINT64);
      add_number (samples, field->min + 1);
    }
  if (field->type == INN_TYPE_MAC)
    g_ptr_array_add (samples, g_strdup ("52:54:00:AB:cd:01"));
  if (field->type == INN_TYPE_UUID)
    g_ptr_array_add (samples, g_uuid_string_random ());
  if (field->type == INN_TYPE_PATH)
    g_ptr_array_add (samples, g_strdup ("/srv/a b,c='\"&<>ü.img"));
  g_assert_cmpuint (samples->len, >, 0);
  return samples;
}
