/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The domain as a document: what parsing refuses, what survives reading and writing, elements. */
#include "domain-fixtures.h"

#include <string.h>

static void
test_new (void)
{
  g_autoptr (InnDomain) domain = inn_domain_new ();
  InnElement general = inn_domain_get (domain, "general");
  InnElement disk = inn_domain_add (domain, "disk");
  g_autofree char *target = inn_domain_free_target (domain, "virtio");
  g_autofree char *xml = NULL;
  g_autofree char *uuid = inn_domain_dup_uuid (domain);
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_uuid_string_is_valid (uuid));
  g_assert_null (inn_domain_dup_name (domain));
  g_assert_false (inn_domain_check (domain, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_XML);
  g_clear_error (&error);

  g_assert_cmpstr (target, ==, "vda");
  g_assert_true (inn_element_set (&general, "name", "inn", NULL));
  name = inn_domain_dup_name (domain);
  g_assert_cmpstr (name, ==, "inn");
  g_assert_true (inn_element_set (&disk, "target", target, NULL));
  g_assert_true (inn_element_set (&disk, "format", "qcow2", NULL));
  inn_domain_check (domain, &error);
  g_assert_no_error (error);
  xml = inn_domain_to_xml (domain);
  g_assert_nonnull (strstr (xml, "  <devices>\n"
                                 "    <disk device=\"disk\">\n"
                                 "      <target dev=\"vda\"/>\n"
                                 "      <driver type=\"qcow2\"/>\n"
                                 "    </disk>\n"
                                 "  </devices>\n"
                                 "</domain>\n"));
  g_assert_true (g_str_has_prefix (xml, "<domain type=\"kvm\">\n  <name>inn</name>\n  <uuid>"));
}

/* Untouched: every byte. */
static void
test_untouched (void)
{
  g_autoptr (GPtrArray) names = fixture_names ();

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *xml = fixture_read (names->pdata[i]);
      g_autoptr (InnDomain) domain = fixture_parse (xml);
      g_autoptr (InnDomain) copy = inn_domain_copy (domain);
      InnElement general = inn_domain_get (domain, "general");
      g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);
      g_autofree char *title = inn_element_dup (&general, "title");
      g_autofree char *again = NULL;
      g_autofree char *copied = NULL;

      g_assert_true (inn_domain_check (domain, NULL));
      g_assert_false (inn_element_set (&general, "name", "a/b", NULL));
      g_assert_true (inn_element_set (&general, "title", title, NULL));
      if (title == NULL)
        {
          again = inn_domain_to_xml (domain);
          g_assert_cmpstr (again, ==, xml);
        }
      copied = inn_domain_to_xml (copy);
      g_assert_cmpstr (copied, ==, xml);
    }
}

/* libvirt writes '…' and libxml2 "…", and libxml2 puts name spaces in front of attributes: the rest
 * is to be the same, byte for byte. */
static char *
with_double_quotes (const char *xml)
{
  g_autoptr (GRegex) regex = g_regex_new ("(<[^<>]*)='([^'\"<>]*)'", 0, 0, NULL);
  char *now = g_strdup (xml), *before;

  do
    {
      before = now;
      now = g_regex_replace (regex, before, -1, 0, "\\1=\"\\2\"", 0, NULL);
    }
  while (strcmp (before, now) != 0 && (g_free (before), TRUE));
  g_free (before);
  return now;
}

/* One thing is changed: nothing else is. */
static void
test_touched (void)
{
  g_autoptr (GPtrArray) names = fixture_names ();

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *xml = fixture_read (names->pdata[i]);
      g_autofree char *quoted = with_double_quotes (xml);
      g_autoptr (InnDomain) domain = fixture_parse (xml);
      InnElement general = inn_domain_get (domain, "general");
      g_autofree char *name = inn_domain_dup_name (domain);
      g_autofree char *old = g_strdup_printf ("<name>%s</name>", name);
      g_auto (GStrv) parts = g_strsplit (quoted, old, 2);
      g_autofree char *wanted = g_strjoinv ("<name>other &amp; new</name>", parts);
      g_autofree char *written = NULL;

      g_test_message ("%s", (const char *)names->pdata[i]);
      g_assert_true (inn_element_set (&general, "name", "other & new", NULL));
      written = inn_domain_to_xml (domain);
      g_assert_cmpstr (written, ==, wanted);
    }
}

static void
test_foreign (void)
{
  g_autoptr (InnDomain) domain = fixture_load ("foreign.xml");
  InnElement disk = fixture_device (domain, "disk", 0);
  InnElement added;
  g_autoptr (GPtrArray) unknown = inn_domain_list_unknown (domain);
  g_autofree char *xml = NULL;

  g_assert_cmpuint (unknown->len, ==, 2);
  g_assert_cmpstr (unknown->pdata[0], ==, "hub");
  g_assert_cmpstr (unknown->pdata[1], ==, "input");
  g_assert_true (inn_element_set (&disk, "cache", "none", NULL));
  added = inn_domain_add (domain, "disk");
  g_assert_true (inn_element_set (&added, "target", "vdb", NULL));
  inn_domain_remove (&disk);
  xml = inn_domain_to_xml (domain);
  g_assert_nonnull (strstr (xml, "<!-- a comment of its owner, with -&gt; odd <characters> -->"));
  g_assert_nonnull (strstr (xml, "<?editor keep=\"this\"?>"));
  g_assert_nonnull (strstr (xml, "<![CDATA[kept <as> it & is]]>"));
  g_assert_nonnull (strstr (xml, "app:colour=\"blue\""));
  g_assert_nonnull (strstr (xml, "<qemu:arg value=\"-no-such-thing\"/>"));
  g_assert_nonnull (strstr (xml, "<genid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</genid>"));
  g_assert_null (strstr (xml, "foreign.img"));
}

/* What is told of a text that is no domain. */
static void
assert_refused (const char *xml, gssize length, InnError code, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (inn_domain_parse (xml, length, &error));
  g_assert_error (error, INN_ERROR, (int)code);
  g_test_message ("%s", error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpuint (strlen (error->message), <, 1000);
  if (part != NULL)
    g_assert_nonnull (strstr (error->message, part));
}

static void
test_refused (void)
{
  static const char bomb[] =
      "<?xml version='1.0'?>\n<!DOCTYPE domain [\n<!ENTITY a 'aaaaaaaaaa'>\n"
      "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>\n]>\n<domain><name>&b;</name></domain>";
  static const char outside[] = "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>";

  assert_refused ("", -1, INN_ERROR_INVALID_XML, NULL);
  assert_refused (NULL, 0, INN_ERROR_INVALID_XML, NULL);
  assert_refused ("no XML", -1, INN_ERROR_INVALID_XML, "Line 1");
  assert_refused ("<domain>\n  <name>a</nme>\n</domain>", -1, INN_ERROR_INVALID_XML, "Line 2");
  assert_refused ("<domain>\n\n<a", -1, INN_ERROR_INVALID_XML, "Line 3");
  assert_refused ("<domain a='1", -1, INN_ERROR_INVALID_XML, "Line 1");
  assert_refused ("<domain/><domain/>", -1, INN_ERROR_INVALID_XML, NULL);
  assert_refused ("<network/>", -1, INN_ERROR_INVALID_XML, "<domain>");
  assert_refused ("<domain xmlns='urn:x'/>", -1, INN_ERROR_INVALID_XML, "<domain>");
  assert_refused ("<domain><name>\xff</name></domain>", -1, INN_ERROR_INVALID_XML, "UTF-8");
  assert_refused ("<domain>\0</domain>", 18, INN_ERROR_INVALID_XML, "UTF-8");
  assert_refused ("<domain><name>&no;</name></domain>", -1, INN_ERROR_INVALID_XML, "Line 1");
  assert_refused ("<domain>\n<no:such/></domain>", -1, INN_ERROR_INVALID_XML, "Line 2");
  assert_refused ("<domain>&#1;</domain>", -1, INN_ERROR_INVALID_XML, NULL);
  assert_refused (bomb, -1, INN_ERROR_INVALID_XML, "Line 2, column 1");
  assert_refused (outside, -1, INN_ERROR_INVALID_XML, "Line 1, column 1");
  assert_refused ("<!-- a -->\n<!doctype a><domain/>", -1, INN_ERROR_INVALID_XML, "Line 2");
  assert_refused ("<domain><devices/><devices/></domain>", -1, INN_ERROR_INVALID_XML, "devices");
}

/* "<domain>" + @times × @part + "</domain>". */
static char *
repeat (const char *start, const char *part, guint times, const char *end)
{
  GString *xml = g_string_new (start);

  for (guint i = 0; i < times; i++)
    g_string_append (xml, part);
  g_string_append (xml, end);
  return g_string_free (xml, FALSE);
}

static void
test_limits (void)
{
  g_autofree char *open = repeat ("<domain><", "ä", 20000, "></domain>");
  g_autofree char *large = g_strnfill (INN_DOMAIN_MAX_XML + 1, ' ');
  g_autofree char *deep = repeat ("<domain>", "<a>", INN_DOMAIN_MAX_DEPTH, "");
  g_autofree char *many = repeat ("<domain>", "<a/>", INN_DOMAIN_MAX_ELEMENTS, "</domain>");
  g_autofree char *devices =
      repeat ("<domain><devices>", "<a/>", INN_DOMAIN_MAX_DEVICES + 1, "</devices></domain>");
  g_autofree char *wide = repeat ("<domain ", "a='' ", INN_DOMAIN_MAX_ATTRIBUTES + 1, "/>");
  g_autofree char *fits =
      repeat ("<domain type='kvm'><memory>2048</memory><os><type>hvm</type></os>"
              "<devices>",
              "<a/>", INN_DOMAIN_MAX_DEVICES, "</devices></domain>");
  g_autoptr (InnDomain) domain = NULL;
  g_autoptr (GError) error = NULL;
  InnElement general, disk;

  assert_refused (large, -1, INN_ERROR_LIMIT, NULL);
  assert_refused (open, -1, INN_ERROR_INVALID_XML, NULL);
  assert_refused (large, INN_DOMAIN_MAX_XML + 1, INN_ERROR_LIMIT, NULL);
  assert_refused (large, INN_DOMAIN_MAX_XML, INN_ERROR_INVALID_XML, NULL);
  assert_refused (deep, -1, INN_ERROR_LIMIT, "deep");
  assert_refused (many, -1, INN_ERROR_LIMIT, "too many elements");
  assert_refused (devices, -1, INN_ERROR_LIMIT, "devices");
  assert_refused (wide, -1, INN_ERROR_LIMIT, "attributes");

  /* Nor can they be added one by one, whatever their kind. */
  domain = fixture_parse (fits);
  general = inn_domain_get (domain, "general");
  g_assert_true (inn_element_set (&general, "name", "a", NULL));
  inn_domain_check (domain, &error);
  g_assert_no_error (error);
  disk = inn_domain_add (domain, "disk");
  g_assert_true (inn_element_set (&disk, "target", "vda", NULL));
  g_assert_true (inn_element_set (&disk, "format", "raw", NULL));
  g_assert_false (inn_domain_check (domain, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_LIMIT);
}

/* What the scanner in front of the parser must not take for something else. */
static void
test_scanner (void)
{
  g_autofree char *comment = repeat ("<domain><!-- ", "<a b=''>", 20000, "--></domain>");
  g_autofree char *cdata = repeat ("<domain><![CDATA[ ", "<!DOCTYPE a='>", 20000, "]]></domain>");
  g_autofree char *shut = repeat ("<domain>", "<a></a>", 200, "</domain>");
  g_autoptr (InnDomain) one = fixture_parse (comment);
  g_autoptr (InnDomain) two = fixture_parse (cdata);
  g_autoptr (InnDomain) three = fixture_parse (shut);
  g_autoptr (InnDomain) four =
      fixture_parse ("<?xml version='1.0'?><?x <a <b <!DOCTYPE?>\n<domain a='&gt;> />' b=\"'\"/>");
  InnElement general = inn_domain_get (four, "general");

  g_assert_false (inn_element_has (&general, "name"));
}

static void
test_elements (void)
{
  g_autoptr (InnDomain) domain = fixture_load ("desktop-uefi.xml");
  g_autoptr (GPtrArray) all = inn_domain_list (domain, NULL);
  g_autoptr (GPtrArray) disks = inn_domain_list (domain, "disk");
  g_autoptr (GPtrArray) cdroms = inn_domain_list (domain, "cdrom");
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_assert_cmpuint (disks->len, ==, 1);
  g_assert_cmpuint (cdroms->len, ==, 1);
  for (guint i = 0; i < all->len; i++)
    {
      char *id = inn_element_dup_id (all->pdata[i]);
      g_autoptr (InnElement) found = inn_domain_find (domain, id);

      g_assert_nonnull (found);
      g_assert_true (found->node == ((InnElement *)all->pdata[i])->node);
      g_assert_true (g_hash_table_add (ids, id));
    }
  g_assert_true (g_hash_table_contains (ids, "disk:vda"));
  g_assert_true (g_hash_table_contains (ids, "cdrom:sda"));
  g_assert_true (g_hash_table_contains (ids, "interface:52:54:00:12:34:56"));
  g_assert_true (g_hash_table_contains (ids, "video:0"));
  g_assert_true (g_hash_table_contains (ids, "input:1"));
  g_assert_true (g_hash_table_contains (ids, "controller:usb:0"));
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      g_autoptr (InnElement) found = inn_domain_find (domain, (*kind)->name);

      g_assert_true ((found == NULL) == (*kind)->device);
    }
  g_assert_null (inn_domain_find (domain, "disk:vdz"));
  g_assert_null (inn_domain_find (domain, "disk:"));
  g_assert_null (inn_domain_find (domain, "memory:0"));
  g_assert_null (inn_domain_find (domain, "nonsense:0"));
  g_assert_null (inn_domain_find (domain, ""));
}

/* Whose the chip is decides what can be said of it, and what goes when that changes. */
static void
test_chip (void)
{
  static const struct
  {
    const char *chip, *why; /* NULL: it is sound */
  } chips[] = {
    { "<tpm model='tpm-tis'><backend type='emulator' version='1.2'/></tpm>", NULL },
    { "<tpm model='tpm-crb'><backend type='passthrough'/></tpm>", NULL },
    { "<tpm model='tpm-crb'><backend type='passthrough'><device "
      "path='/dev/tpmrm3'/></backend></tpm>",
      NULL },
    { "<tpm model='tpm-crb'><backend type='emulator' version='1.2'/></tpm>", "CRB" },
    { "<tpm model='tpm-tis'><backend type='passthrough' version='2.0'/></tpm>", "the version" },
    { "<tpm model='tpm-tis'><backend type='emulator'><device path='/dev/tpm0'/></backend></tpm>",
      "names none" },
    { "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/null'/></backend></tpm>",
      "Device of this computer" },
    { "<tpm model='tpm-tis'><backend type='passthrough'><device "
      "path='/dev/tpm/0'/></backend></tpm>",
      "Device of this computer" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (chips); i++)
    {
      g_autofree char *xml = g_strdup_printf (
          "<domain type='kvm'><name>a</name><memory>65536</memory><os><type arch='x86_64' "
          "machine='q35'>hvm</type></os><devices>%s</devices></domain>",
          chips[i].chip);
      g_autoptr (InnDomain) domain = fixture_parse (xml);
      InnElement chip = fixture_device (domain, "tpm", 0);
      const InnField *type = inn_kind_find (chip.kind, "type");
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", chips[i].chip);
      g_assert_true (inn_domain_check (domain, &error) == (chips[i].why == NULL));
      g_assert_true (error == NULL || strstr (error->message, chips[i].why) != NULL);
      chip.kind->follow (&chip, inn_kind_find (chip.kind, "model")); /* no other field does it */
      if (chips[i].why == NULL)
        {
          g_assert_true (inn_element_set (
              &chip, "type",
              inn_element_is (&chip, "type", "emulator") ? "passthrough" : "emulator", NULL));
          chip.kind->follow (&chip, type);
          g_assert_true (inn_element_is (&chip, "type", "emulator") ||
                         inn_element_is (&chip, "model", "tpm-tis"));
          g_assert_true (inn_domain_check (domain, &error));
          g_assert_no_error (error);
        }
    }
}

static void
test_same_keys (void)
{
  g_autoptr (InnDomain) domain = fixture_load ("windows11-libvirt.xml");
  g_autoptr (InnElement) first = inn_domain_find (domain, "controller:usb:0");
  g_autoptr (InnElement) third = inn_domain_find (domain, "controller:usb:0#3");

  g_assert_true (inn_element_is (first, "model", "ich9-ehci1"));
  g_assert_true (inn_element_is (third, "model", "ich9-uhci2"));
}

/* An id says which element it is, however the others change. */
static void
test_ids_stable (void)
{
  g_autoptr (InnDomain) domain = fixture_load ("storage-zoo.xml");
  g_autoptr (InnElement) disk = inn_domain_find (domain, "disk:sdb");
  g_autofree char *id = NULL;
  InnElement first = fixture_device (domain, "disk", 0);

  g_assert_true (inn_element_set (disk, "source", "/srv/new.img", NULL));
  g_assert_true (inn_element_set (disk, "format", "raw", NULL));
  inn_domain_remove (&first);
  id = inn_element_dup_id (disk);
  g_assert_cmpstr (id, ==, "disk:sdb");
}

static void
test_add_remove (void)
{
  static const char text[] = "<domain>\n"
                             "\t<devices>\n"
                             "\t\t<disk device=\"cdrom\"/>\n"
                             "\t\t<tpm/>\n"
                             "\t</devices>\n"
                             "</domain>\n";
  g_autoptr (InnDomain) domain = fixture_parse (text);
  InnElement floppy = inn_domain_add (domain, "floppy");
  InnElement rng = inn_domain_add (domain, "rng");
  g_autofree char *more = inn_domain_to_xml (domain);
  g_autofree char *less = NULL;
  g_autofree char *none = NULL;
  InnElement cdrom;

  g_assert_cmpstr (more, ==,
                   "<domain>\n"
                   "\t<devices>\n"
                   "\t\t<disk device=\"cdrom\"/>\n"
                   "\t\t<disk device=\"floppy\"/>\n"
                   "\t\t<tpm/>\n"
                   "\t\t<rng/>\n"
                   "\t</devices>\n"
                   "</domain>\n");
  inn_domain_remove (&floppy);
  inn_domain_remove (&rng);
  less = inn_domain_to_xml (domain);
  g_assert_cmpstr (less, ==, text);
  cdrom = fixture_device (domain, "cdrom", 0);
  inn_domain_remove (&cdrom);
  none = inn_domain_to_xml (domain);
  g_assert_cmpstr (none, ==, "<domain>\n\t<devices>\n\t\t<tpm/>\n\t</devices>\n</domain>\n");
}

/* Text may come in parts, with anything between. */
static void
test_text_parts (void)
{
  g_autoptr (InnDomain) domain =
      fixture_parse ("<domain><name>a<![CDATA[<b>]]><!-- no -->&amp;c</name></domain>");
  g_autofree char *name = inn_domain_dup_name (domain);
  InnElement general = inn_domain_get (domain, "general");
  g_autofree char *xml = NULL;

  g_assert_cmpstr (name, ==, "a<b>&c");
  g_assert_true (inn_element_set (&general, "name", "d", NULL));
  xml = inn_domain_to_xml (domain);
  g_assert_cmpstr (xml, ==, "<domain><name>d<!-- no --></name></domain>\n");
}

/* A domain on one line stays on one line. */
/* Removing a value takes along the element that it was all of, and no other field's value. */
static void
test_removed_alone (void)
{
  g_autoptr (InnDomain) domain =
      inn_domain_parse ("<domain type='qemu'><maxMemory slots='16'>2097152</maxMemory>"
                        "<os><bootmenu enable='yes' timeout='3000'/></os><clock offset='localtime'>"
                        "<timer name='hpet' present='yes'/></clock></domain>",
                        -1, NULL);
  InnElement clock = inn_domain_get (domain, "clock");
  InnElement boot = inn_domain_get (domain, "boot");
  InnElement memory = inn_domain_get (domain, "memory");
  g_autofree char *xml = NULL;

  g_assert_true (inn_element_set (&clock, "hpet", NULL, NULL));
  g_assert_true (inn_element_set (&boot, "menu-timeout", NULL, NULL));
  g_assert_true (inn_element_set (&memory, "maximum", NULL, NULL));
  xml = inn_domain_to_xml (domain);
  g_assert_cmpstr (xml, ==,
                   "<domain type=\"qemu\"><os><bootmenu enable=\"yes\"/></os>"
                   "<clock offset=\"localtime\"/></domain>\n");
}

static void
test_one_line (void)
{
  g_autoptr (InnDomain) domain =
      fixture_parse ("<domain><name>a</name><devices><tpm/></devices></domain>");
  InnElement general = inn_domain_get (domain, "general");
  g_autofree char *xml = NULL;

  inn_domain_add (domain, "rng");
  g_assert_true (inn_element_set (&general, "title", "b", NULL));
  xml = inn_domain_to_xml (domain);
  g_assert_cmpstr (xml, ==,
                   "<domain><name>a</name><title>b</title><devices><tpm/><rng/></devices>"
                   "</domain>\n");
}

/* All of libvirt's units. */
static void
test_sizes (void)
{
  static const struct
  {
    const char *xml;
    guint64 bytes;
  } sizes[] = {
    { "<memory>1048576</memory>", G_GUINT64_CONSTANT (1) << 30 },
    { "<memory unit='KiB'> 1024\n</memory>", 1 << 20 },
    { "<memory unit='k'>1024</memory>", 1 << 20 },
    { "<memory unit='KB'>2000</memory>", 2000000 },
    { "<memory unit='MiB'>1</memory>", 1 << 20 },
    { "<memory unit='M'>1</memory>", 1 << 20 },
    { "<memory unit='mb'>2</memory>", 2000000 },
    { "<memory unit='GiB'>4</memory>", G_GUINT64_CONSTANT (4) << 30 },
    { "<memory unit='GB'>4</memory>", G_GUINT64_CONSTANT (4000000000) },
    { "<memory unit='TiB'>1</memory>", G_GUINT64_CONSTANT (1) << 40 },
    { "<memory unit='bytes'>1048577</memory>", 1048577 },
    { "<memory unit='b'>1048577</memory>", 1048577 },
    { "<memory unit='parsec'>1</memory>", 0 },
    { "<memory unit='EiB'>99</memory>", 0 },
    { "<memory unit='KiB'>18014398510530560</memory>", 0 }, /* 2^64 + 1 GiB */
    { "<memory>x</memory>", 0 },
    { "<memory/>", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *xml = g_strdup_printf (
          "<domain type='kvm'><name>a</name><os><type>hvm</type></os>%s</domain>", sizes[i].xml);
      g_autoptr (InnDomain) domain = fixture_parse (xml);
      InnElement memory = inn_domain_get (domain, "memory");
      gboolean sound = inn_domain_check (domain, NULL);

      g_test_message ("%s", sizes[i].xml);
      if (sizes[i].bytes == 0)
        g_assert_false (sound);
      else
        g_assert_true (sound);
      if (sizes[i].bytes > 0)
        g_assert_cmpuint (inn_element_get_uint (&memory, "size"), ==, sizes[i].bytes);
    }
}

static void
test_names (void)
{
  static const char *const good[] = {
    "a", "Debian 12", "a.b", "...", "Grüße", "a-", "仮想", "a  b"
  };
  static const char *const bad[] = {
    ".", "..", "a/b", "/", "-a", "a\nb", "   ", "a\tb", "a\x01", "a\u202eb", "a\u2028b", "a\u00adb",
  };
  g_autoptr (InnDomain) domain = inn_domain_new ();
  InnElement general = inn_domain_get (domain, "general");

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (inn_element_set (&general, "name", good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (inn_element_set (&general, "name", bad[i], NULL));
}

static void
test_free_target (void)
{
  g_autoptr (InnDomain) domain = inn_domain_new ();
  g_autofree char *mac = inn_mac_random ();
  InnElement card = inn_domain_add (domain, "interface");
  g_autofree char *ide = NULL;

  for (guint i = 0; i < 28; i++)
    {
      InnElement disk = inn_domain_add (domain, i % 2 ? "disk" : "cdrom");
      g_autofree char *target = inn_domain_free_target (domain, i % 2 ? "usb" : "sata");

      g_assert_true (inn_element_set (&disk, "target", target, NULL));
      if (i == 0)
        g_assert_cmpstr (target, ==, "sda");
      if (i == 25)
        g_assert_cmpstr (target, ==, "sdz");
      if (i == 27)
        g_assert_cmpstr (target, ==, "sdab");
    }
  ide = inn_domain_free_target (domain, "ide");
  g_assert_cmpstr (ide, ==, "hda");
  g_assert_true (inn_element_set (&card, "mac", mac, NULL));
  g_assert_true (g_str_has_prefix (mac, "52:54:00:"));
}

/* Who counts a machine's cards one after the other has the old definition's, whatever comes
 * meanwhile. */
static void
test_outlived (void)
{
  g_autoptr (GError) error = NULL;
  InnDomain *domain = inn_domain_parse ("<domain type='kvm'><name>a</name><devices>"
                                        "<interface type='user'>"
                                        "<mac address='52:54:00:00:00:01'/></interface>"
                                        "</devices></domain>",
                                        -1, &error);
  g_autoptr (GPtrArray) cards = NULL;
  g_autoptr (InnElement) found = NULL;
  g_autofree char *mac = NULL;
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  cards = inn_domain_list (domain, "interface");
  g_assert_cmpuint (cards->len, ==, 1);
  g_assert_false (inn_domain_fold (domain)); /* it is in use */
  found = inn_element_copy (cards->pdata[0]);
  inn_domain_unref (domain);
  mac = inn_element_dup (cards->pdata[0], "mac");
  g_assert_cmpstr (mac, ==, "52:54:00:00:00:01");
  g_clear_pointer (&cards, g_ptr_array_unref);
  again = inn_element_dup (found, "mac");
  g_assert_cmpstr (again, ==, mac);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/domain/new", test_new);
  g_test_add_func ("/domain/outlived", test_outlived);
  g_test_add_func ("/domain/untouched", test_untouched);
  g_test_add_func ("/domain/touched", test_touched);
  g_test_add_func ("/domain/foreign", test_foreign);
  g_test_add_func ("/domain/refused", test_refused);
  g_test_add_func ("/domain/limits", test_limits);
  g_test_add_func ("/domain/scanner", test_scanner);
  g_test_add_func ("/domain/elements", test_elements);
  g_test_add_func ("/domain/chip", test_chip);
  g_test_add_func ("/domain/same-keys", test_same_keys);
  g_test_add_func ("/domain/ids-stable", test_ids_stable);
  g_test_add_func ("/domain/add-remove", test_add_remove);
  g_test_add_func ("/domain/text-parts", test_text_parts);
  g_test_add_func ("/domain/removed-alone", test_removed_alone);
  g_test_add_func ("/domain/one-line", test_one_line);
  g_test_add_func ("/domain/sizes", test_sizes);
  g_test_add_func ("/domain/names", test_names);
  g_test_add_func ("/domain/free-target", test_free_target);
  return g_test_run ();
}
