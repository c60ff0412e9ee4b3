/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The rules across fields and devices, each broken once: the check must refuse it, and say where
 * and what. And what differs between two domains. */
#include "domain-fixtures.h"

#include <string.h>

/* One rule: in @file, @id gets fields set ("name=value", "name=" removes); the error has @part. */
typedef struct
{
  const char *file, *id;
  const char *sets[4];
  const char *part; /* NULL: it is allowed */
} Rule;

static const Rule rules[] = {
  { "desktop-uefi", "cpu", { "current=9" }, "cannot be plugged in" },
  { "desktop-uefi", "cpu", { "current=8" }, NULL },
  { "desktop-uefi", "cpu", { "vcpus=6", "current=2" }, "Sockets" },
  { "desktop-uefi", "cpu", { "threads=" }, "together" },
  { "desktop-uefi", "cpu", { "sockets=", "cores=", "threads=" }, "together" },
  { "desktop-uefi", "cpu", { "sockets=", "cores=", "threads=", "dies=" }, NULL },
  { "desktop-uefi", "cpu", { "model=" }, "Name the model" },
  { "desktop-uefi", "cpu", { "model=", "mode=maximum" }, NULL },
  { "desktop-uefi", "cpu", { "vcpus=" }, "how many processors" },
  { "desktop-uefi", "memory", { "current=8589934592" }, "cannot be more" },
  { "desktop-uefi", "memory", { "maximum=1073741824" }, "cannot be less" },
  { "desktop-uefi", "memory", { "size=" }, "is missing" },
  { "desktop-uefi", "boot", { "second=cdrom" }, "tried twice" },
  { "desktop-uefi", "boot", { "menu=no" }, "boot menu" },
  { "desktop-uefi", "disk:vda", { "boot-order=1" }, "boot order" },
  { "old-pc", "boot", { "first=hd" }, "boot order" },
  { "old-pc", "disk:hda", { "boot-order=1" }, "used by another" },
  { "direct-kernel", "kernel", { "kernel=" }, "need a kernel" },
  { "direct-kernel", "kernel", { "kernel=", "initrd=" }, "need a kernel" },
  { "direct-kernel", "kernel", { "kernel=", "initrd=", "cmdline=" }, NULL },
  { "desktop-uefi", "machine", { "machine=microvm" }, "UEFI needs" },
  { "desktop-uefi", "machine", { "machine=pc" }, "Secure Boot" },
  { "desktop-uefi", "machine", { "type=" }, "is missing" },
  { "desktop-uefi", "firmware", { "firmware=bios" }, "Secure Boot" },
  { "storage-zoo", "firmware", { "loader-type=rom" }, "Only UEFI" },
  { "storage-zoo", "disk:sda", { "readonly=yes" }, "read-only" },
  { "storage-zoo", "disk:vda", { "source=/srv/x.img" }, "cannot name a file" },
  { "storage-zoo", "disk:vda", { "type=file" }, "cannot name a device" },
  { "storage-zoo", "disk:vda", { "io=native", "cache=writeback" }, "Native" },
  { "storage-zoo", "disk:vda", { "io=native", "cache=none" }, NULL },
  { "storage-zoo", "disk:sda", { "bus=virtio" }, "begin with" },
  { "storage-zoo", "disk:sda", { "target=sdb" }, "used by another" },
  { "storage-zoo", "cdrom:sdd", { "target=sda" }, "used by another" },
  { "storage-zoo", "cdrom:sdd", { "bus=ide" }, "begin with" },
  { "storage-zoo", "disk:sda", { "format=" }, "is missing" },
  { "storage-zoo", "disk:sda", { "target=" }, "is missing" },
  { "storage-zoo", "interface:52:54:00:00:00:01", { "network=" }, "Name the network" },
  { "storage-zoo", "interface:52:54:00:00:00:01", { "type=bridge" }, "Name the bridge" },
  { "storage-zoo", "interface:52:54:00:00:00:01", { "type=user" }, "names no bridge" },
  { "storage-zoo", "interface:52:54:00:00:00:01", { "mac=52:54:00:00:00:02" }, "another device" },
  { "storage-zoo", "video:0", { "model=vga" }, "QXL only" },
  { "storage-zoo", "video:1", { "heads=2" }, "More than one screen" },
  { "storage-zoo", "video:1", { "accel3d=yes" }, "3D" },
  { "storage-zoo", "video:1", { "width=640" }, "together" },
  { "storage-zoo", "rng:0", { "path=/dev/random" }, "no file" },
  { "storage-zoo", "rng:0", { "period=10" }, "how many bytes" },
  { "storage-zoo", "controller:scsi:0", { "model=qemu-xhci" }, "does not go" },
  { "storage-zoo", "controller:sata:0", { "model=ich6" }, "no models" },
  { "storage-zoo", "controller:scsi:0", { "ports=4" }, "Ports" },
  { "storage-zoo", "controller:sata:0", { "type=pci" }, "Choose its model" },
  { "desktop-uefi", "controller:usb:0", { "ports=16" }, "Ports" },
  { "desktop-uefi", "input:0", { "bus=ps2" }, "no tablet" },
  { "desktop-uefi", "input:0", { "bus=ps2", "type=mouse" }, NULL },
  { "desktop-uefi", "channel:org.qemu.guest_agent.0", { "clipboard=yes" }, "desktop agent only" },
  { "desktop-uefi",
    "channel:org.qemu.guest_agent.0",
    { "name=com.redhat.spice.0" },
    "used by another" },
  { "desktop-uefi", "channel:com.redhat.spice.0", { "name=other" }, "is called" },
  { "desktop-uefi", "general", { "name=" }, "is missing" },
  { "foreign", "graphics:vnc", { "listen=none" }, "Listening on a network" },
  { "desktop-uefi", "graphics:vnc", { "listen=network" }, "Listening on a network" },
};

static void
set_all (InnElement *element, const char *const *sets)
{
  for (guint i = 0; i < 4 && sets[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (sets[i], "=", 2);
      g_autoptr (GError) error = NULL;

      inn_element_set (element, words[0], words[1], &error);
      g_assert_no_error (error);
    }
}

static void
test_rules (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      g_autofree char *file = g_strconcat (rules[i].file, ".xml", NULL);
      g_autoptr (InnDomain) domain = fixture_load (file);
      g_autoptr (InnElement) element = inn_domain_find (domain, rules[i].id);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s: %s: %s", rules[i].file, rules[i].id, rules[i].sets[0]);
      g_assert_nonnull (element);
      set_all (element, rules[i].sets);
      inn_domain_check (domain, &error);
      if (rules[i].part == NULL)
        {
          g_assert_no_error (error);
          continue;
        }
      g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_XML);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, rules[i].part));
    }
}

/* Where the text is still the one that was parsed, the line is told. */
static void
test_line (void)
{
  g_autoptr (InnDomain) domain = fixture_parse ("<domain type='kvm'>\n"
                                                "<name>a</name><memory>2048</memory>\n"
                                                "<os><type>hvm</type></os>\n"
                                                "<devices>\n\n"
                                                "<input type='mouse' bus='serial'/>\n"
                                                "</devices></domain>");
  g_autoptr (GError) error = NULL;
  InnElement general = inn_domain_get (domain, "general");

  g_assert_false (inn_domain_check (domain, &error));
  g_assert_cmpstr (error->message, ==,
                   "Line 6: Input: Bus: “serial” is not one of: usb, virtio, ps2.");
  g_clear_error (&error);
  inn_element_set (&general, "title", "b", NULL);
  g_assert_false (inn_domain_check (domain, &error));
  g_assert_cmpstr (error->message, ==, "Input: Bus: “serial” is not one of: usb, virtio, ps2.");
}

/* Two devices in one place, however it is written, and whether we know the device or not. */
static void
test_places (void)
{
  static const struct
  {
    const char *one, *two;
    gboolean same;
  } pairs[] = {
    { "type='pci' bus='0x01' slot='0x1f'", "type='pci' domain='0' bus='1' slot='31'", TRUE },
    { "type='pci' slot='1'", "type='pci' slot='1' function='1'", FALSE },
    { "type='usb' bus='0' port='1.2'", "type='usb' bus='0' port='1.2'", TRUE },
    { "type='usb' bus='0' port='1.2'", "type='usb' bus='0' port='1.3'", FALSE },
    { "type='drive' unit='1'", "type='drive' unit='1'", TRUE },
    { "type='virtio-serial' port='1'", "type='virtio-serial' port='2'", FALSE },
    { "type='ccw' cssid='1'", "type='ccw' cssid='1'", FALSE },
    { "", "", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *xml = g_strdup_printf (
          "<domain type='kvm'><name>a</name><memory>2048</memory><os><type>hvm</type></os><devices>"
          "<sound model='ac97'><address %s/></sound>\n<hub><address %s/></hub></devices></domain>",
          pairs[i].one, pairs[i].two);
      g_autoptr (InnDomain) domain = fixture_parse (xml);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s, %s", pairs[i].one, pairs[i].two);
      g_assert_true (inn_domain_check (domain, &error) == !pairs[i].same);
      if (pairs[i].same)
        g_assert_true (g_str_has_prefix (error->message, "Line 2: hub: Another device"));
    }
}

/* A target as long as the whole text does not make a message as long. */
static void
test_short_messages (void)
{
  g_autofree char *name = g_strnfill (500000, 'x');
  g_autofree char *xml =
      g_strdup_printf ("<domain type='kvm'><name>a</name><memory>2048</memory><os><type>hvm</type>"
                       "</os><devices><disk><target dev='%s'/></disk></devices></domain>",
                       name);
  g_autoptr (InnDomain) domain = fixture_parse (xml);
  g_autoptr (GError) error = NULL;

  g_assert_false (inn_domain_check (domain, &error));
  g_assert_cmpuint (strlen (error->message), <, 500);
}

/* A field that is called as its section is: the name is said once. */
static void
test_said_once (void)
{
  g_autoptr (InnDomain) domain =
      fixture_parse ("<domain type='kvm'><name>a</name><memory>2048</memory><vcpu>many</vcpu>"
                     "<os><type>hvm</type></os></domain>");
  g_autoptr (GError) error = NULL;

  g_assert_false (inn_domain_check (domain, &error));
  g_assert_cmpstr (error->message, ==, "Processors: “many” is not a whole number.");
}

static char *
describe (const InnChange *change)
{
  return g_strdup_printf (
      "%s/%s: %s -> %s", change->id, change->field != NULL ? change->field->name : "",
      change->before != NULL ? change->before : "", change->after != NULL ? change->after : "");
}

static void
assert_changes (InnDomain *before, InnDomain *after, const char *const *wanted)
{
  g_autoptr (GPtrArray) changes = inn_domain_diff (before, after);
  guint n = 0;

  for (; wanted[n] != NULL; n++)
    {
      g_autofree char *found = n < changes->len ? describe (changes->pdata[n]) : NULL;

      g_assert_cmpstr (found, ==, wanted[n]);
    }
  if (changes->len > n)
    {
      g_autofree char *more = describe (changes->pdata[n]);

      g_error ("one change too many: %s", more);
    }
}

#define CHANGES(...) ((const char *const[]){ __VA_ARGS__ NULL })

static void
test_diff_none (void)
{
  g_autoptr (GPtrArray) names = fixture_names ();

  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (InnDomain) domain = fixture_load (names->pdata[i]);
      g_autoptr (InnDomain) copy = inn_domain_copy (domain);

      assert_changes (domain, copy, CHANGES ());
      assert_changes (domain, domain, CHANGES ());
    }
}

/* The same said otherwise is no change. */
static void
test_diff_same (void)
{
  g_autoptr (InnDomain) one =
      fixture_parse ("<domain type='kvm'><name>a</name><memory unit='GiB'>1</memory><devices>"
                     "<input type='mouse'/><interface type='user'>"
                     "<mac address='52:54:00:AA:00:01'/></interface></devices></domain>");
  g_autoptr (InnDomain) two =
      fixture_parse ("<domain type='kvm'>\n <memory unit='MiB'> 1024 </memory>\n"
                     " <name>a</name><!-- said otherwise --><vcpu>1</vcpu>\n"
                     " <devices>\n  <input bus='usb' type='mouse'/>\n"
                     "  <interface type='user'><mac address='52:54:00:aa:00:01'/>"
                     "<model type='virtio'/></interface>\n </devices>\n</domain>");

  assert_changes (one, two, CHANGES ());
  assert_changes (two, one, CHANGES ());
}

static void
test_diff_fields (void)
{
  g_autoptr (InnDomain) before = fixture_load ("desktop-uefi.xml");
  g_autoptr (InnDomain) after = inn_domain_copy (before);
  InnElement general = inn_domain_get (after, "general");
  InnElement cpu = inn_domain_get (after, "cpu");
  InnElement memory = inn_domain_get (after, "memory");
  InnElement boot = inn_domain_get (after, "boot");
  g_autoptr (InnElement) disk = inn_domain_find (after, "disk:vda");
  g_autoptr (InnElement) cdrom = inn_domain_find (after, "cdrom:sda");

  g_assert_true (inn_element_set (&general, "name", "new", NULL));
  g_assert_true (inn_element_set (&cpu, "current", NULL, NULL));
  g_assert_true (inn_element_set_uint (&memory, "size", G_GUINT64_CONSTANT (8) << 30, NULL));
  g_assert_true (inn_element_set (&boot, "fourth", NULL, NULL));
  g_assert_true (inn_element_set (disk, "cache", "writeback", NULL));
  g_assert_true (inn_element_set (disk, "readonly", "yes", NULL));
  g_assert_true (inn_element_set (cdrom, "source", NULL, NULL));
  assert_changes (before, after,
                  CHANGES ("general/name: desktop-uefi -> new", "cpu/current: 2 -> ",
                           "memory/size: 4294967296 -> 8589934592", "boot/fourth: fd -> ",
                           "disk:vda/cache: none -> writeback", "disk:vda/readonly:  -> yes",
                           "cdrom:sda/source: /home/me/Downloads/debian-12.iso -> ", ));
}

static void
test_diff_devices (void)
{
  g_autoptr (InnDomain) before = fixture_load ("direct-kernel.xml");
  g_autoptr (InnDomain) after = inn_domain_copy (before);
  InnElement disk = inn_domain_add (after, "disk");
  InnElement serial = fixture_device (after, "serial", 0);

  g_assert_true (inn_element_set (&disk, "target", "vda", NULL));
  inn_domain_remove (&serial);
  assert_changes (before, after,
                  CHANGES ("serial:0/: <serial type=\"pty\"/> -> ",
                           "disk:vda/:  -> <disk device=\"disk\">\n      "
                           "<target dev=\"vda\"/>\n    </disk>", ));
}

/* What is told of a change may be logged and shown: no secret is in it. */
static void
test_diff_secret (void)
{
  g_autoptr (InnDomain) before = fixture_load ("desktop-uefi.xml");
  g_autoptr (InnDomain) after = inn_domain_copy (before);
  InnElement graphics = fixture_device (after, "graphics", 0);
  g_autoptr (GPtrArray) changes = NULL;

  g_assert_true (inn_element_set (&graphics, "passwd", "another", NULL));
  assert_changes (before, after, CHANGES ("graphics:vnc/passwd: *** -> ***", ));
  inn_domain_remove (&graphics);
  changes = inn_domain_diff (before, after);
  g_assert_cmpuint (changes->len, ==, 1);
  g_assert_nonnull (strstr (((InnChange *)changes->pdata[0])->before, "<graphics type=\"vnc\""));
  g_assert_null (strstr (((InnChange *)changes->pdata[0])->before, "passwd"));
}

static void
test_refuse_secret (void)
{
  g_autofree char *password = g_strnfill (300, 'p');
  g_autoptr (InnDomain) domain = fixture_load ("desktop-uefi.xml");
  InnElement graphics = fixture_device (domain, "graphics", 0);
  const char *const words[] = { password, "pppp\n" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (inn_element_set (&graphics, "passwd", words[i], &error));
      g_assert_null (strstr (error->message, "pppp"));
    }
}

/* The order of devices is no change, nor is an empty list of them. */
static void
test_diff_order (void)
{
  g_autoptr (InnDomain) one = fixture_parse ("<domain><devices><sound model='ac97'/>"
                                             "<input type='mouse'/></devices></domain>");
  g_autoptr (InnDomain) two = fixture_parse ("<domain><devices><input type='mouse'/>"
                                             "<sound model='ac97'/></devices></domain>");
  g_autoptr (InnDomain) none = fixture_parse ("<domain/>");
  g_autoptr (InnDomain) empty = fixture_parse ("<domain>\n<devices/><features/><os></os></domain>");

  assert_changes (one, two, CHANGES ());
  assert_changes (none, empty, CHANGES ());
  assert_changes (empty, none, CHANGES ());
}

/* Whatever we do not know, wherever it stands, is seen as "other", once. */
static void
test_diff_unknown (void)
{
  static const char *const edits[][2] = {
    { "-no-such-thing", "-another" },
    { "<genid>", "<genid >" }, /* no difference */
    { "port=\"1\"", "port=\"2\"" },
    { "app:colour=\"blue\"", "app:colour=\"red\"" },
    { "kept <as>", "changed <as>" },
    { "startupPolicy=\"optional\"", "startupPolicy=\"requisite\"" },
    { "snapshot=\"no\"", "" },
    { "<cputune>", "<cputune><vcpupout/>" },
    { "urn:example:notes", "urn:example:others" },
    { "domain/qemu/1.0", "domain/qemu/2.0" },
    { "dumpCore=\"off\"", "dumpCore=\"on\"" },
  };
  g_autofree char *text = fixture_read ("foreign.xml");
  g_autofree char *quoted = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (InnDomain) before = fixture_parse (quoted);

  for (guint i = 0; i < G_N_ELEMENTS (edits); i++)
    {
      g_auto (GStrv) parts = g_strsplit (quoted, edits[i][0], -1);
      g_autofree char *edited = g_strjoinv (edits[i][1], parts);
      g_autoptr (InnDomain) after = fixture_parse (edited);

      g_test_message ("%s", edits[i][0]);
      g_assert_cmpstr (edited, !=, quoted);
      if (i == 1)
        assert_changes (before, after, CHANGES ());
      else
        {
          assert_changes (before, after, CHANGES ("other/:  -> ", ));
          assert_changes (after, before, CHANGES ("other/:  -> ", ));
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rules/each", test_rules);
  g_test_add_func ("/rules/line", test_line);
  g_test_add_func ("/rules/places", test_places);
  g_test_add_func ("/rules/short-messages", test_short_messages);
  g_test_add_func ("/rules/said-once", test_said_once);
  g_test_add_func ("/diff/none", test_diff_none);
  g_test_add_func ("/diff/same", test_diff_same);
  g_test_add_func ("/diff/fields", test_diff_fields);
  g_test_add_func ("/diff/devices", test_diff_devices);
  g_test_add_func ("/diff/secret", test_diff_secret);
  g_test_add_func ("/diff/refuse-secret", test_refuse_secret);
  g_test_add_func ("/diff/order", test_diff_order);
  g_test_add_func ("/diff/unknown", test_diff_unknown);
  return g_test_run ();
}
