/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Over the schema's tables: a new field is tested by being there. Each must be sound, be written
 * and read back, refuse what is wrong, and appear in one of the example domains. */
#include "domain-fixtures.h"

#include <string.h>

static InnElement
make_element (InnDomain *domain, const InnKind *kind)
{
  return kind->device ? inn_domain_add (domain, kind->name) : inn_domain_get (domain, kind->name);
}

static InnElement
same_element (InnDomain *domain, const InnKind *kind)
{
  return kind->device ? fixture_device (domain, kind->name, 0)
                      : inn_domain_get (domain, kind->name);
}

static void
check_field_row (const InnKind *kind, const InnField *field)
{
  g_test_message ("%s/%s", kind->name, field->name);
  g_assert_true (inn_kind_find (kind, field->name) == field); /* no name twice */
  g_assert_nonnull (field->path);
  g_assert_nonnull (field->label);
  if ((field->flags & (INN_FIELD_HIDDEN | INN_FIELD_FIXED)) == 0)
    g_assert_nonnull (field->help);
  g_assert_true (field->max >= field->min || field->max == 0);
  g_assert_true ((field->type == INN_TYPE_ENUM) <= (field->choices != NULL));
  if (field->type != INN_TYPE_STRING)
    g_assert_null (field->pattern);
  if (field->fallback != NULL)
    g_assert_true (inn_field_check (field, field->fallback, NULL));
  if ((field->flags & INN_FIELD_SECRET) != 0)
    g_assert_true ((field->flags & INN_FIELD_HIDDEN) != 0);
  if (field->when != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (field->when, "=", 2);
      g_auto (GStrv) words = g_strsplit (parts[1], "|", -1);
      const InnField *other = inn_kind_find (kind, parts[0]);

      g_assert_nonnull (other);
      for (char **word = words; *word != NULL; word++)
        g_assert_true (inn_field_check (other, *word, NULL));
    }
  for (const InnChoice *choice = field->choices; choice != NULL && choice->value != NULL; choice++)
    {
      g_assert_true (inn_field_check (field, choice->value, NULL));
      if (field->type != INN_TYPE_BOOL)
        g_assert_nonnull (choice->label);
    }
}

static void
test_tables (void)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      g_assert_true (inn_schema_find ((*kind)->name) == *kind);
      g_assert_nonnull ((*kind)->label);
      g_assert_nonnull ((*kind)->icon);
      g_assert_null (strchr ((*kind)->name, ':'));
      g_assert_true ((*kind)->device == g_str_has_prefix ((*kind)->path, "devices/"));
      g_assert_true ((*kind)->device || (*kind)->path[0] == '\0');
      if ((*kind)->key != NULL)
        {
          g_auto (GStrv) names = g_strsplit ((*kind)->key, ",", -1);

          for (char **name = names; *name != NULL; name++)
            g_assert_nonnull (inn_kind_find (*kind, *name));
        }
      for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
        check_field_row (*kind, field);
    }
  g_assert_null (inn_schema_find ("no-such-kind"));
  g_assert_null (inn_kind_find (inn_schema_find ("disk"), "no-such-field"));
}

static void
report (const InnKind *kind, const InnField *field, const char *text)
{
  g_autofree char *escaped = g_strescape (text, NULL);

  g_test_message ("%s/%s = %.100s", kind->name, field->name, escaped);
}

/* What tells the kind cannot be taken away without making the element another kind. */
static gboolean
tells_kind (const InnKind *kind, const InnField *field)
{
  return kind->match != NULL && g_str_has_prefix (kind->match, field->path);
}

/* What absence means. */
static void
assert_absent (const InnElement *element, const InnField *field)
{
  g_autofree char *text = inn_element_dup (element, field->name);

  g_assert_false (inn_element_has (element, field->name));
  if (field->type == INN_TYPE_PRESENT)
    g_assert_cmpstr (text, ==, "no");
  else
    g_assert_cmpstr (text, ==, field->fallback);
}

static void
assert_says (InnDomain *domain, const InnKind *kind, const InnField *field, const char *text)
{
  InnElement element = same_element (domain, kind);
  g_autofree char *found = inn_element_dup (&element, field->name);

  g_assert_cmpstr (found, ==, text);
  g_assert_true (inn_element_is (&element, field->name, text));
  if (field->type == INN_TYPE_BOOL && field->choices != NULL)
    g_assert_true (inn_element_get_bool (&element, field->name) ==
                   (strcmp (text, field->choices[0].value) == 0));
  if (field->type == INN_TYPE_UINT || field->type == INN_TYPE_SIZE)
    g_assert_cmpuint (inn_element_get_uint (&element, field->name), ==,
                      g_ascii_strtoull (text, NULL, 10));
  if (field->type == INN_TYPE_PRESENT)
    g_assert_true (inn_element_has (&element, field->name) == (strcmp (text, "yes") == 0));
  else
    g_assert_true (inn_element_has (&element, field->name));
}

static void
round_trip (InnDomain *domain, const InnKind *kind, const InnField *field, const char *text)
{
  InnElement element = same_element (domain, kind);
  g_autoptr (GError) error = NULL;
  g_autoptr (InnDomain) again = NULL;
  g_autoptr (InnDomain) copy = NULL;
  g_autofree char *xml = NULL;

  report (kind, field, text);
  inn_element_set (&element, field->name, text, &error);
  g_assert_no_error (error);
  assert_says (domain, kind, field, text);
  xml = inn_domain_to_xml (domain);
  again = fixture_parse (xml);
  assert_says (again, kind, field, text);
  copy = inn_domain_copy (domain);
  assert_says (copy, kind, field, text);
}

static void
test_round_trip (void)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      g_autoptr (InnDomain) domain = inn_domain_new ();
      InnElement element = make_element (domain, *kind);

      for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
        {
          g_autoptr (GPtrArray) samples = fixture_samples (field);
          g_autoptr (GError) error = NULL;

          for (guint i = 0; i < samples->len; i++)
            round_trip (domain, *kind, field, samples->pdata[i]);
          if (field->type == INN_TYPE_BOOL || field->type == INN_TYPE_PRESENT)
            {
              g_assert_true (inn_element_set_bool (&element, field->name, TRUE, NULL));
              g_assert_true (inn_element_get_bool (&element, field->name));
              g_assert_true (inn_element_set_bool (&element, field->name, FALSE, NULL));
              g_assert_false (inn_element_get_bool (&element, field->name));
            }
          if (tells_kind (*kind, field))
            continue;
          inn_element_set (&element, field->name, NULL, &error);
          g_assert_no_error (error);
          assert_absent (&element, field);
          round_trip (domain, *kind, field, samples->pdata[samples->len - 1]);
        }
    }
}

/* All fields set and removed, the last first, leave what was there, to the byte. */
static void
test_no_trace (void)
{
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      g_autoptr (InnDomain) domain = fixture_parse (
          "<domain>\n  <vsock/>\n  <devices>\n    <tpm/>\n  </devices>\n</domain>\n");
      InnElement element = make_element (domain, *kind);
      g_autofree char *before = inn_domain_to_xml (domain);
      g_autofree char *after = NULL;
      const InnField *field;

      for (field = (*kind)->fields; field->name != NULL; field++)
        {
          g_autoptr (GPtrArray) samples = fixture_samples (field);

          if (!tells_kind (*kind, field))
            g_assert_true (inn_element_set (&element, field->name, samples->pdata[0], NULL));
        }
      while (field-- > (*kind)->fields)
        if (!tells_kind (*kind, field))
          g_assert_true (inn_element_set (&element, field->name, NULL, NULL));
      after = inn_domain_to_xml (domain);
      g_assert_cmpstr (after, ==, before);
    }
}

static void
assert_refused (InnDomain *domain, const InnKind *kind, const InnField *field, const char *text)
{
  InnElement element = same_element (domain, kind);
  g_autofree char *before = inn_domain_to_xml (domain);
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  report (kind, field, text);
  g_assert_false (inn_element_set (&element, field->name, text, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  after = inn_domain_to_xml (domain);
  g_assert_cmpstr (after, ==, before);
}

static void
refuse_numbers (InnDomain *domain, const InnKind *kind, const InnField *field)
{
  static const char *const wrong[] = { "-1", "+1",   "1x",  " 1",
                                       "1 ", "0x10", "1e3", "18446744073709551616",
                                       "１" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (domain, kind, field, wrong[i]);
  if (field->max > 0)
    {
      g_autofree char *more = g_strdup_printf ("%" G_GUINT64_FORMAT, field->max + 1);

      assert_refused (domain, kind, field, more);
    }
  if (field->min > 0)
    {
      g_autofree char *less = g_strdup_printf ("%" G_GUINT64_FORMAT, field->min - 1);

      assert_refused (domain, kind, field, less);
    }
}

static void
refuse_words (InnDomain *domain, const InnKind *kind, const InnField *field)
{
  switch (field->type)
    {
    case INN_TYPE_UINT:
    case INN_TYPE_SIZE:
      refuse_numbers (domain, kind, field);
      break;
    case INN_TYPE_STRING:
      if (field->max > 0)
        {
          g_autofree char *longer = g_strnfill (field->max + 1, 'a');

          assert_refused (domain, kind, field, longer);
        }
      break;
    case INN_TYPE_PATH:
      assert_refused (domain, kind, field, "relative/name");
      assert_refused (domain, kind, field, "/");
      break;
    case INN_TYPE_MAC:
      assert_refused (domain, kind, field, "52:54:00:12:34");
      assert_refused (domain, kind, field, "53:54:00:12:34:56");
      assert_refused (domain, kind, field, "52-54-00-12-34-56");
      break;
    case INN_TYPE_BOOL:
    case INN_TYPE_PRESENT:
    case INN_TYPE_ENUM:
    case INN_TYPE_UUID:
      assert_refused (domain, kind, field, "Yes");
      assert_refused (domain, kind, field, "no-such-word");
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
test_refused (void)
{
  g_autofree char *umlauts = g_strnfill (301, 'a'); /* cut off in the middle of one */
  static const char *const never[] = { "a\x01", "a\rb", "a\x7f", "\xff", "a\xc3", "\xef\xbf\xbf" };

  for (guint i = 1; i < 301; i += 2)
    memcpy (umlauts + i, "ü", 2);
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      g_autoptr (InnDomain) domain = inn_domain_new ();
      InnElement element = make_element (domain, *kind);
      g_autoptr (GError) error = NULL;

      for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
        {
          for (guint i = 0; i < G_N_ELEMENTS (never); i++)
            assert_refused (domain, *kind, field, never[i]);
          if (field->type != INN_TYPE_STRING && field->type != INN_TYPE_PATH)
            assert_refused (domain, *kind, field, umlauts);
          if ((field->flags & INN_FIELD_MULTILINE) == 0)
            assert_refused (domain, *kind, field, "a\nb");
          refuse_words (domain, *kind, field);
        }
      g_assert_false (inn_element_set (&element, "no-such-field", "x", &error));
      g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
    }
}

/* The second place in the boot order needs a first. */
static void
test_places (void)
{
  g_autoptr (InnDomain) domain = fixture_parse ("<domain>\n</domain>\n");
  InnElement boot = inn_domain_get (domain, "boot");
  InnElement general = inn_domain_get (domain, "general");
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;

  /* Touched, so that what is written is what is there, not what was parsed. */
  g_assert_true (inn_element_set (&general, "title", "a", NULL));
  g_assert_true (inn_element_set (&general, "title", NULL, NULL));
  g_assert_false (inn_element_set (&boot, "second", "hd", &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
  xml = inn_domain_to_xml (domain);
  g_assert_cmpstr (xml, ==, "<domain/>\n");
  g_assert_true (inn_element_set (&boot, "first", "cdrom", NULL));
  g_assert_true (inn_element_set (&boot, "second", "hd", NULL));
  g_assert_true (inn_element_is (&boot, "first", "cdrom"));
  g_assert_true (inn_element_set (&boot, "first", NULL, NULL));
  g_assert_true (inn_element_is (&boot, "first", "hd"));
  g_assert_false (inn_element_has (&boot, "second"));
}

static gboolean
any_has (GPtrArray *domains, const InnKind *kind, const InnField *field)
{
  for (guint i = 0; i < domains->len; i++)
    {
      g_autoptr (GPtrArray) list =
          kind->device ? inn_domain_list (domains->pdata[i], kind->name) : g_ptr_array_new ();
      InnElement section = same_element (domains->pdata[0], inn_schema_find ("general"));

      if (!kind->device)
        {
          section = inn_domain_get (domains->pdata[i], kind->name);
          g_ptr_array_add (list, &section);
        }
      for (guint j = 0; j < list->len; j++)
        if (inn_element_has (list->pdata[j], field->name))
          return TRUE;
    }
  return FALSE;
}

static void
test_golden (void)
{
  g_autoptr (GPtrArray) names = fixture_names ();
  g_autoptr (GPtrArray) domains = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_domain_unref);
  guint missing = 0;

  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GError) error = NULL;

      g_ptr_array_add (domains, fixture_load (names->pdata[i]));
      g_test_message ("%s", (const char *)names->pdata[i]);
      inn_domain_check (domains->pdata[i], &error);
      g_assert_no_error (error);
    }
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
      if (!any_has (domains, *kind, field))
        {
          g_test_message ("no file in tests/golden/xml has %s/%s", (*kind)->name, field->name);
          missing++;
        }
  g_assert_cmpuint (missing, ==, 0);
}

/* Each device has a line for the list; a section may have nothing to tell. */
static void
test_summaries (void)
{
  g_autoptr (GPtrArray) names = fixture_names ();

  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (InnDomain) domain = fixture_load (names->pdata[i]);
      g_autoptr (GPtrArray) all = inn_domain_list (domain, NULL);

      for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
        if (!(*kind)->device)
          g_ptr_array_add (all, inn_domain_find (domain, (*kind)->name));
      for (guint j = 0; j < all->len; j++)
        {
          const InnElement *element = all->pdata[j];
          const InnKind *kind = element->kind;
          g_autofree char *summary = kind->summary != NULL ? kind->summary (element) : NULL;

          g_test_message ("%s: %s", kind->name, summary);
          g_assert_true (summary != NULL || !kind->device);
          g_assert_true (summary == NULL || summary[0] != '\0');
        }
    }
}

static void
test_summary_words (void)
{
  static const struct
  {
    const char *file, *id, *summary;
  } rows[] = {
    { "desktop-uefi.xml", "disk:vda", "VirtIO, vda.qcow2" },
    { "old-pc.xml", "cdrom:hdc", "IDE, sr0" },
    { "storage-zoo.xml", "cdrom:sdd", "SCSI, empty" },
    { "storage-zoo.xml", "interface:52:54:00:00:00:01", "Intel 82574L (e1000e), default" },
    { "old-pc.xml", "interface:52:54:00:aa:bb:cc", "Realtek 8139, br0" },
    { "desktop-uefi.xml", "cpu", "2" },
    { "storage-zoo.xml", "cpu", "2" },
    { "storage-zoo.xml", "memory", "2 GiB" },
    { "storage-zoo.xml", "firmware", "UEFI" },
    { "old-pc.xml", "firmware", "BIOS" },
    { "direct-kernel.xml", "kernel", "vmlinuz" },
    { "desktop-uefi.xml", "boot", "CD or DVD" },
    { "desktop-uefi.xml", "input:0", "Tablet, USB" },
    { "shared-with-host.xml", "tpm:0", "This computer’s, /dev/tpmrm0" },
    { "args-pc.xml", "tpm:0", "1.2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (InnDomain) domain = fixture_load (rows[i].file);
      g_autoptr (InnElement) element = inn_domain_find (domain, rows[i].id);
      g_autofree char *summary = element->kind->summary (element);

      g_assert_cmpstr (summary, ==, rows[i].summary);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schema/tables", test_tables);
  g_test_add_func ("/schema/round-trip", test_round_trip);
  g_test_add_func ("/schema/no-trace", test_no_trace);
  g_test_add_func ("/schema/refused", test_refused);
  g_test_add_func ("/schema/places", test_places);
  g_test_add_func ("/schema/golden", test_golden);
  g_test_add_func ("/schema/summaries", test_summaries);
  g_test_add_func ("/schema/summary-words", test_summary_words);
  return g_test_run ();
}
