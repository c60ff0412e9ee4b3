/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* libvirt's machines made ours, and given back: what virt-install writes for 32 command lines, and
 * what libvirt makes of eight of them (tests/golden/libvirt). */
#include "domain-fixtures.h"

#include "shared/inn-domain-import.h"
#include "shared/inn-libvirt.h"

#include <string.h>

#define LIBVIRT "../libvirt/" /* from the folder of the examples */

static GPtrArray *
list_files (void)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "..", "golden", "libvirt", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strconcat (LIBVIRT, name, NULL));
  g_assert_cmpuint (names->len, >=, 40);
  return names;
}

static char *
find_volume (const char *pool, const char *volume, gpointer data)
{
  return strcmp (pool, "images") == 0 ? g_build_filename ("/srv/images", volume, NULL) : NULL;
}

/* Networks are called after what they are. */
static InnImportNetwork
find_network (const char *name, char **out_bridge, gpointer data)
{
  if (strcmp (name, "office") == 0)
    {
      *out_bridge = g_strdup ("br7");
      return INN_IMPORT_NETWORK_BRIDGE;
    }
  return strcmp (name, "isolated") == 0 ? INN_IMPORT_NETWORK_ISOLATED
         : strcmp (name, "nat") == 0    ? INN_IMPORT_NETWORK_OUTSIDE
                                        : INN_IMPORT_NETWORK_UNKNOWN;
}

static const InnImportHost own = { FALSE, find_volume, find_network, NULL };
static const InnImportHost whole = { TRUE, find_volume, find_network, NULL };

static InnDomain *
import (const char *xml, const InnImportHost *host, GPtrArray **out_notes)
{
  g_autoptr (GError) error = NULL;
  InnDomain *domain = inn_domain_import (xml, -1, host, out_notes, &error);

  g_assert_no_error (error);
  g_assert_nonnull (domain);
  return domain;
}

static const InnImportNote *
find_note (GPtrArray *notes, InnImportSort sort, const char *what, const char *part)
{
  for (guint i = 0; i < notes->len; i++)
    {
      const InnImportNote *note = notes->pdata[i];

      if (note->sort == sort && strcmp (note->what, what) == 0 &&
          (part == NULL || (note->text != NULL && strstr (note->text, part) != NULL)))
        return note;
    }
  return NULL;
}

/* ---- all of them ---- */

static void
assert_ready (InnDomain *domain)
{
  g_autoptr (GPtrArray) unknown = inn_domain_list_unknown (domain);
  g_autoptr (GError) error = NULL;

  inn_domain_check (domain, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (unknown->len, ==, 0);
}

static void
each_imports (void)
{
  g_autoptr (GPtrArray) files = list_files ();

  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *xml = fixture_read (files->pdata[i]);
      g_autoptr (InnDomain) mine = NULL, systems = NULL;

      g_test_message ("%s", (char *)files->pdata[i]);
      mine = import (xml, &own, NULL);
      systems = import (xml, &whole, NULL);
      assert_ready (mine);
      assert_ready (systems);
    }
}

/* A device that is told of under its old name may have a new one. */
static gboolean
is_told (GPtrArray *notes, InnDomain *before, const InnChange *change)
{
  g_autoptr (InnElement) element = NULL;
  g_autofree char *label = NULL;

  if (change->kind == NULL) /* of what the schema does not know only what goes with a source */
    return find_note (notes, INN_IMPORT_ADAPTED, "Network 52:54:00:00:00:04", NULL) != NULL ||
           find_note (notes, INN_IMPORT_ADAPTED, "Disk vda", "pool") != NULL ||
           find_note (notes, INN_IMPORT_ADAPTED, "NUMA", "numbered") != NULL ||
           find_note (notes, INN_IMPORT_ADAPTED, "Serial port", NULL) != NULL;
  element = inn_domain_find (before, change->id);
  if (element == NULL)
    return FALSE;
  label = inn_element_dup_label (element);
  return find_note (notes, INN_IMPORT_ADAPTED, label, NULL) != NULL;
}

static void
differs_only_where_told (void)
{
  g_autoptr (GPtrArray) files = list_files ();
  guint n_same = 0;

  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *xml = fixture_read (files->pdata[i]);
      g_autofree char *exported = NULL;
      g_autoptr (InnDomain) before = fixture_parse (xml), after = NULL, imported = NULL;
      g_autoptr (GPtrArray) notes = NULL, changes = NULL;

      g_test_message ("%s", (char *)files->pdata[i]);
      imported = import (xml, &own, &notes);
      exported = inn_domain_export (imported, TRUE, NULL);
      after = fixture_parse (exported);
      changes = inn_domain_diff (before, after);
      for (guint k = 0; k < changes->len; k++)
        {
          const InnChange *change = changes->pdata[k];

          g_test_message ("%s/%s", change->id, change->field != NULL ? change->field->name : "");
          g_assert_true (is_told (notes, before, change));
        }
      n_same += changes->len == 0;
    }
  g_assert_cmpuint (n_same, >=, 36);
}

/* The line that @note names, without its end. */
static char *
dup_line (const char *xml, guint number)
{
  g_auto (GStrv) lines = g_strsplit (xml, "\n", -1);

  g_assert_cmpuint (number, <=, g_strv_length (lines));
  return g_strdup (lines[number - 1]);
}

static void
lines_are_those_of_the_text (void)
{
  g_autoptr (GPtrArray) files = list_files ();

  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *xml = fixture_read (files->pdata[i]);
      g_autoptr (GPtrArray) notes = NULL;
      g_autoptr (InnDomain) domain = import (xml, &own, &notes);
      guint n = 0;

      for (guint k = 0; k < notes->len; k++)
        {
          const InnImportNote *note = notes->pdata[k];
          g_autofree char *line = note->line > 0 ? dup_line (xml, note->line) : NULL;
          g_auto (GStrv) steps = g_strsplit (note->path, "/", -1);
          guint last = g_strv_length (steps) - 1;

          if (line == NULL)
            continue;
          if (*steps[last] == '@')
            last--;
          g_test_message ("%s:%u %s", (char *)files->pdata[i], note->line, note->path);
          g_assert_nonnull (strstr (line, steps[last]));
          n++;
        }
      g_assert_cmpuint (n, >, 0);
    }
}

/* ---- what is told ---- */

static const struct
{
  const char *file;
  InnImportSort sort;
  const char *what, *part;
} told[] = {
  { "debian", INN_IMPORT_SAME, "Disk vda", "VirtIO, web.qcow2" },
  { "debian", INN_IMPORT_SAME, "Memory", "2 GiB" },
  { "debian", INN_IMPORT_SAME, "Processors", "2" },
  { "debian", INN_IMPORT_ADAPTED, "Display spice", "Nothing listens" },
  { "debian", INN_IMPORT_ADAPTED, "USB redirection", "in its menu" },
  { "debian-dumped", INN_IMPORT_ADAPTED, "Places on the PCI bus", "enp1s0" },
  { "emulated", INN_IMPORT_ADAPTED, "Overview", "KVM" },
  { "volume", INN_IMPORT_ADAPTED, "Disk vda", "/srv/images/web.qcow2" },
  { "network-disk", INN_IMPORT_UNKNOWN, "Disk vda", "on the network" },
  { "networks", INN_IMPORT_ADAPTED, "Network 52:54:00:00:00:01", "default" },
  { "networks", INN_IMPORT_ADAPTED, "Network 52:54:00:00:00:02", "lab" },
  { "networks", INN_IMPORT_ADAPTED, "Network 52:54:00:00:00:03", "br0" },
  { "networks", INN_IMPORT_ADAPTED, "Network 52:54:00:00:00:04", "direct" },
  { "lines", INN_IMPORT_ADAPTED, "Serial port", "tcp" },
  { "vnc", INN_IMPORT_ADAPTED, "Display vnc", "password" },
  { "tpm", INN_IMPORT_ADAPTED, "Security chip (TPM)", "BitLocker" },
  { "filesystem", INN_IMPORT_SAME, "Shared folder share", "/srv/share" },
  { "hostdev", INN_IMPORT_SAME, "USB device 0x1d6b:0x0002", "0x1d6b:0x0002" },
  { "input", INN_IMPORT_SAME, "Smart card", NULL },
  { "tuned", INN_IMPORT_UNKNOWN, "Tuning", NULL },
  { "commandline", INN_IMPORT_UNKNOWN, "Options for QEMU", NULL },
  { "commandline", INN_IMPORT_ADAPTED, "Security label", NULL },
};

static void
says_what_becomes_of_it (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    {
      g_autofree char *file = g_strconcat (LIBVIRT, told[i].file, ".xml", NULL);
      g_autofree char *xml = fixture_read (file);
      g_autoptr (GPtrArray) notes = NULL;
      g_autoptr (InnDomain) domain = import (xml, &own, &notes);

      g_test_message ("%s: %s", told[i].file, told[i].what);
      g_assert_nonnull (find_note (notes, told[i].sort, told[i].what, told[i].part));
    }
}

/* A device, in the place of the one disk of a small machine, and what the machine has for it then.
 */
static const struct
{
  const char *device;
  gboolean system;
  const char *id; /* NULL: it is set aside */
  const char *sets[4];
  const char *part; /* of the note */
} devices[] = {
  { "<interface type='network'><source network='default'/><model type='virtio'/></interface>",
    FALSE,
    "interface:0",
    { "type=network", "network=default" },
    "reaches the internet" },
  { "<interface type='network'><source network='office'/><model type='virtio'/></interface>",
    FALSE,
    "interface:0",
    { "type=user" },
    "office" },
  { "<interface type='network'><source network='office'/><model type='virtio'/></interface>",
    TRUE,
    "interface:0",
    { "type=bridge", "bridge=br7" },
    "br7" },
  { "<interface type='network'><source network='isolated'/><model type='virtio'/></interface>",
    FALSE,
    "interface:0",
    { "type=user", "link=down" },
    "pulled" },
  { "<interface type='network'><source network='isolated'/><model type='virtio'/></interface>",
    TRUE,
    "interface:0",
    { "type=network", "network=isolated" },
    "each other" },
  { "<interface type='network'><source network='nat'/><model type='virtio'/></interface>",
    TRUE,
    "interface:0",
    { "type=user", "link=up" },
    "nat" },
  { "<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>",
    TRUE,
    "interface:0",
    { "type=bridge", "bridge=br0" },
    NULL },
  { "<interface type='direct'><source dev='eth0'/><model type='virtio'/></interface>",
    TRUE,
    "interface:0",
    { "type=direct", "direct=eth0", "mode=vepa" },
    NULL },
  { "<interface type='direct'><source dev='eth0' mode='bridge'/><model type='virtio'/></interface>",
    FALSE,
    "interface:0",
    { "type=user", "link=up" },
    "direct" },
  { "<interface type='mcast'><source address='230.0.0.1' port='5558'/></interface>",
    TRUE,
    "interface:0",
    { "type=user", "link=down", "model=rtl8139" },
    "mcast" },
  { "<interface type='user'><model type='i82551'/></interface>",
    FALSE,
    "interface:0",
    { "model=e1000" },
    "i82551" },
  { "<interface type='user'><model type='virtio-transitional'/></interface>",
    FALSE,
    "interface:0",
    { "model=virtio" },
    "VirtIO" },
  { "<disk type='volume'><driver type='raw'/><source pool='other' volume='a'/>"
    "<target dev='vda'/></disk>",
    FALSE,
    NULL,
    { NULL },
    "“other”" },
  { "<disk type='file'><source file='/a.img'/><target dev='sdb'/></disk>",
    FALSE,
    "disk:sdb",
    { "bus=scsi", "format=raw" },
    "bus is not said" },
  { "<disk type='file'><driver type='qcow2'/><source file='/a'/><target dev='hda' bus='virtio'/>"
    "</disk>",
    FALSE,
    "disk:vda",
    { "source=/a" },
    "“hda”" },
  { "<disk type='file'><driver type='qed'/><source file='/a'/><target dev='vda'/></disk>",
    FALSE,
    NULL,
    { NULL },
    "qed" },
  { "<disk type='file'><driver type='raw'/><source file='/a'/><target dev='vda' bus='virtio'/>"
    "<encryption format='luks'><secret type='passphrase' uuid='x'/></encryption></disk>",
    FALSE,
    NULL,
    { NULL },
    "encrypted" },
  { "<disk type='file'><driver type='qcow2'/><source file='/a'/><backingStore type='file'>"
    "<format type='raw'/><source file='/b'/></backingStore><target dev='vda' bus='virtio'/></disk>",
    FALSE,
    "disk:vda",
    { "source=/a" },
    "based on another" },
  { "<disk type='network' device='cdrom'><driver type='raw'/><source protocol='https' name='a.iso'>"
    "<host name='h'/></source><target dev='sda' bus='sata'/></disk>",
    FALSE,
    "cdrom:sda",
    { "type=file", "source=" },
    "empty" },
  { "<disk type='block' device='lun'><driver type='raw'/><source dev='/dev/sda'/>"
    "<target dev='sda' bus='scsi'/></disk>",
    FALSE,
    NULL,
    { NULL },
    "handed to" },
  { "<disk type='block' device='lun' rawio='yes'><driver type='raw'/><source dev='/dev/sdb'/>"
    "<target dev='sda' bus='scsi'/></disk>",
    TRUE,
    "lun:sda",
    { "block=/dev/sdb", "type=block", "bus=scsi" },
    "reservations" },
  { "<disk type='block' device='lun'><driver type='raw'/><source dev='/dev/sdb'/>"
    "<target dev='vda' bus='virtio'/></disk>",
    TRUE,
    "lun:sda",
    { "block=/dev/sdb", "bus=scsi" },
    "only there" },
  { "<disk type='file' device='lun'><driver type='raw'/><source file='/a.img'/>"
    "<target dev='sda' bus='scsi'/></disk>",
    TRUE,
    NULL,
    { NULL },
    "no disk of this computer" },
  { "<tpm model='tpm-crb'><backend type='passthrough'><device path='/dev/tpmrm0'/></backend></tpm>",
    TRUE,
    "tpm:0",
    { "type=passthrough", "device=/dev/tpmrm0", "model=tpm-crb" },
    "this computer’s" },
  { "<tpm><backend type='passthrough'/></tpm>",
    TRUE,
    "tpm:0",
    { "type=passthrough", "device=/dev/tpm0", "model=tpm-tis" },
    "this computer’s" },
  { "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>",
    FALSE,
    "tpm:0",
    { "type=emulator", "version=2.0" },
    "recovery key" },
  { "<tpm model='tpm-tis'><backend type='passthrough'><device path='/srv/chip'/></backend></tpm>",
    TRUE,
    "tpm:0",
    { "type=emulator", "version=2.0" },
    "recovery key" },
  { "<tpm model='tpm-tis'><backend type='external'><source type='unix' path='/x' mode='connect'/>"
    "</backend></tpm>",
    TRUE,
    "tpm:0",
    { "type=emulator", "version=2.0" },
    "recovery key" },
  { "<smartcard mode='passthrough' type='spicevmc'/>",
    FALSE,
    "smartcard:0",
    { "mode=host" },
    "this computer’s reader" },
  { "<smartcard mode='passthrough' type='tcp'><source mode='bind' host='127.0.0.1' service='2001'/>"
    "<protocol type='raw'/></smartcard>",
    FALSE,
    "smartcard:0",
    { "mode=host" },
    "that of a viewer" },
  { "<smartcard mode='host'/>", FALSE, "smartcard:0", { "mode=host" }, NULL },
  { "<smartcard "
    "mode='host-certificates'><certificate>one</certificate><certificate>two</certificate>"
    "<certificate>three</certificate><database>/etc/pki/nssdb/</database></smartcard>",
    FALSE,
    "smartcard:0",
    { "mode=host-certificates", "certificates=one\ntwo\nthree", "database=/etc/pki/nssdb/" },
    NULL },
  { "<shmem name='x'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>",
    FALSE,
    "shmem:x",
    { "size=4194304", "name=x" },
    "in common" },
  { "<shmem name='x'><model type='ivshmem-plain'/><size>2097152</size></shmem>",
    FALSE,
    "shmem:x",
    { "size=2097152" },
    "in common" },
  { "<shmem name='x'><model type='ivshmem-plain'/></shmem>",
    FALSE,
    "shmem:x",
    { "size=4194304" },
    "4 MiB" },
  { "<shmem name='x'><model type='ivshmem-doorbell'/><server path='/x'/></shmem>",
    FALSE,
    NULL,
    { NULL },
    "plain sort" },
  { "<hostdev mode='subsystem' type='mdev' model='vfio-pci' managed='no' display='off'>"
    "<source><address uuid='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'/></source>"
    "<address type='pci' slot='9'/></hostdev>",
    TRUE,
    "hostmdev:83b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
    { "uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", "model=vfio-pci" },
    NULL },
  { "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>"
    "<source><address uuid='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'/></source></hostdev>",
    TRUE,
    NULL,
    { NULL },
    "“vfio-ccw” is not one of" },
  { "<hostdev mode='subsystem' type='mdev' model='vfio-pci' display='on'>"
    "<source><address uuid='83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'/></source></hostdev>",
    TRUE,
    NULL,
    { NULL },
    "“on” is not one of" },
  { "<video><model type='virtio' heads='1'><acceleration accel3d='yes'/></model></video>",
    FALSE,
    "video:0",
    { "model=virtio" },
    "3D" },
  { "<sound model='pcspk'/>", FALSE, NULL, { NULL }, "pcspk" },
  { "<rng model='virtio'><backend model='egd' type='udp'/></rng>", FALSE, NULL, { NULL }, "egd" },
  { "<frobnicator speed='9'/>", FALSE, NULL, { NULL }, "does not know" },
};

#define SMALL(device)                                                                              \
  "<domain type='kvm'>\n <name>a</name>\n <memory>65536</memory>\n <os><type arch='x86_64' "       \
  "machine='q35'>hvm</type></os>\n <devices>\n  " device "\n </devices>\n</domain>\n"

static void
adapts_each_device (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      g_auto (GStrv) halves = g_strsplit (SMALL ("|"), "|", 2);
      g_autofree char *xml = g_strjoin (devices[i].device, halves[0], halves[1], NULL);
      g_autofree char *exported = NULL;
      g_autoptr (GPtrArray) notes = NULL, all = NULL;
      g_autoptr (InnDomain) domain = import (xml, devices[i].system ? &whole : &own, &notes);
      g_autoptr (InnElement) element = NULL;
      gboolean found = devices[i].part == NULL;

      g_test_message ("%s", devices[i].device);
      assert_ready (domain);
      all = inn_domain_list (domain, NULL);
      g_assert_cmpuint (all->len, ==, devices[i].id != NULL ? 1 : 0);
      element = devices[i].id != NULL ? inn_domain_find (domain, devices[i].id) : NULL;
      g_assert_true ((element != NULL) == (devices[i].id != NULL));
      for (guint k = 0; devices[i].sets[k] != NULL; k++)
        {
          g_auto (GStrv) pair = g_strsplit (devices[i].sets[k], "=", 2);
          g_autofree char *is = inn_element_dup (element, pair[0]);

          g_assert_cmpstr (is != NULL ? is : "", ==, pair[1]);
        }
      for (guint k = 0; k < notes->len; k++)
        {
          const InnImportNote *note = notes->pdata[k];

          found |= note->sort != INN_IMPORT_SAME && devices[i].part != NULL &&
                   strstr (note->text, devices[i].part) != NULL && note->line == 6;
        }
      g_assert_true (found);
      /* Set aside, it comes back with all that is in it. */
      exported = inn_domain_export (domain, FALSE, NULL);
      if (devices[i].id == NULL)
        {
          g_autoptr (InnDomain) before = fixture_parse (xml), after = fixture_parse (exported);
          g_autoptr (GPtrArray) changes = inn_domain_diff (before, after);

          g_assert_cmpuint (changes->len, ==, 0);
          g_assert_null (strstr (exported, "innkeeper"));
        }
    }
}

static void
leaves_alone_what_needs_nothing (void)
{
  g_autofree char *xml = fixture_read (LIBVIRT "headless.xml");
  g_autoptr (InnDomain) domain = import (xml, &own, NULL);
  g_autofree char *imported = inn_domain_to_xml (domain);
  g_autofree char *exported = inn_domain_export (domain, FALSE, NULL);

  g_assert_cmpstr (imported, ==, xml);
  g_assert_cmpstr (exported, ==, xml);
}

static void
sections_say_what_they_can (void)
{
  g_autoptr (GPtrArray) notes = NULL;
  g_autoptr (InnDomain) domain =
      import ("<domain type='qemu'><name>-a/b</name><memory unit='MiB'>64</memory>"
              "<os><type arch='x86_64' machine='pc-q35-rhel9.2.0'>hvm</type></os>"
              "<clock offset='variable' adjustment='3'/><on_crash>coredump-restart</on_crash>"
              "<cpu mode='host-model'/><strange><deep/></strange><devices/></domain>",
              &own, &notes);
  InnElement machine = inn_domain_get (domain, "machine");
  InnElement clock = inn_domain_get (domain, "clock");
  InnElement events = inn_domain_get (domain, "events");
  g_autofree char *name = inn_domain_dup_name (domain);
  g_autofree char *exported = inn_domain_export (domain, FALSE, NULL);

  assert_ready (domain);
  g_assert_cmpstr (name, ==, "a b");
  g_assert_true (inn_element_is (&machine, "machine", "q35"));
  g_assert_true (inn_element_is (&clock, "offset", "utc"));
  g_assert_true (inn_element_is (&events, "on-crash", "destroy"));
  g_assert_nonnull (find_note (notes, INN_IMPORT_ADAPTED, "Chipset", "rhel9.2.0"));
  g_assert_nonnull (find_note (notes, INN_IMPORT_ADAPTED, "Clock", "variable"));
  g_assert_nonnull (find_note (notes, INN_IMPORT_ADAPTED, "Events", "coredump-restart"));
  g_assert_nonnull (find_note (notes, INN_IMPORT_ADAPTED, "Processors", NULL));
  g_assert_nonnull (find_note (notes, INN_IMPORT_UNKNOWN, "strange", NULL));
  g_assert_nonnull (strstr (exported, "<strange><deep/></strange>"));
}

static void
keeps_secrets_unless_asked (void)
{
  g_autofree char *xml = fixture_read (LIBVIRT "vnc.xml");
  g_autoptr (InnDomain) domain = import (xml, &own, NULL);
  g_autofree char *open = inn_domain_export (domain, TRUE, NULL);
  g_autofree char *closed = inn_domain_export (domain, FALSE, NULL);

  g_assert_nonnull (strstr (open, "passwd=\"secret\""));
  g_assert_null (strstr (closed, "passwd"));
}

/* What is set aside no helper looks into: it would tell a secret there to who may see the machine.
 */
static void
sets_no_secret_aside (void)
{
  g_autoptr (InnDomain) domain =
      import (SMALL ("<graphics type='vnc' passwd='geheim'><listen type='network'/></graphics>"),
              &own, NULL);
  g_autofree char *imported = inn_domain_to_xml (domain);

  g_assert_nonnull (strstr (imported, "aside"));
  g_assert_null (strstr (imported, "geheim"));
}

static void
refuses_what_libvirt_cannot_say (void)
{
  g_autoptr (InnDomain) domain =
      fixture_parse (SMALL ("<disk type='file'><driver type='vhdx'/><source file='/a'/>"
                            "<target dev='vda'/></disk>"));
  g_autoptr (GError) error = NULL;

  g_assert_null (inn_domain_export (domain, FALSE, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED);
}

/* ---- broken ones ---- */

/* debian.xml with @old made @new. */
static const struct
{
  const char *old, *new;
  InnError code;
  const char *part;
} broken[] = {
  { "</os>", "</so>", INN_ERROR_INVALID_XML, "Line 16, column" },
  { "<vcpu>2</vcpu>", "<vcpu>two</vcpu>", INN_ERROR_INVALID_XML, NULL },
  { "<vcpu>2</vcpu>", "<vcpu>2<vcpu>", INN_ERROR_INVALID_XML, "Line" },
  { "<memory>", "<memory unit=KiB>", INN_ERROR_INVALID_XML, "Line 10, column" },
  { "</domain>", "", INN_ERROR_INVALID_XML, "Line" },
  { "<domain type=\"kvm\">", "<network>", INN_ERROR_INVALID_XML, "Line" },
  { "<domain type=\"kvm\">", "<!DOCTYPE a [<!ENTITY b \"c\">]><domain type=\"kvm\">",
    INN_ERROR_INVALID_XML, "Line 2, column 1" },
  { "<name>debian</name>", "<name>&debian;</name>", INN_ERROR_INVALID_XML, "Line 3, column" },
  { "<name>debian</name>", "", INN_ERROR_INVALID_XML, "Name is missing" },
  { "<memory>2097152</memory>", "", INN_ERROR_INVALID_XML, "Memory is missing" },
  { "type=\"kvm\"", "type=\"xen\"", INN_ERROR_UNSUPPORTED, "Line 2: " },
  { ">hvm<", ">linux<", INN_ERROR_UNSUPPORTED, "Line 14: " },
  { "arch=\"x86_64\"", "arch=\"aarch64\"", INN_ERROR_UNSUPPORTED, "Line 14: " },
  { "machine=\"q35\"", "machine=\"microvm\"", INN_ERROR_UNSUPPORTED, "Line 14: " },
  { "<console type=\"pty\"/>",
    "<disk type='file'><driver type='raw'/><source file='/b'/><target dev='vda'/></disk>",
    INN_ERROR_INVALID_XML, "Line 59: " },
};

static void
broken_ones_have_a_line (void)
{
  g_autofree char *whole_xml = fixture_read (LIBVIRT "debian.xml");

  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_auto (GStrv) halves = g_strsplit (whole_xml, broken[i].old, 2);
      g_autofree char *xml = g_strjoinv (broken[i].new, halves);
      g_autoptr (GPtrArray) notes = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (InnDomain) domain = NULL;

      g_assert_cmpuint (g_strv_length (halves), ==, 2);
      domain = inn_domain_import (xml, -1, &own, &notes, &error);
      if (broken[i].part == NULL) /* a value of ours: adapted, and told */
        {
          g_assert_no_error (error);
          g_assert_nonnull (find_note (notes, INN_IMPORT_ADAPTED, "Processors", "two"));
          continue;
        }
      g_test_message ("%s: %s", broken[i].new, error != NULL ? error->message : "");
      g_assert_error (error, INN_ERROR, (int)broken[i].code);
      g_assert_nonnull (strstr (error->message, broken[i].part));
      g_assert_null (domain);
      g_assert_null (notes);
    }
}

/* ---- pools and networks ---- */

static void
reads_pools (void)
{
  static const char pool[] = "<pool type='dir'><name>images</name><capacity unit='bytes'>1"
                             "</capacity><target><path>/srv/vm images</path></target></pool>";
  static const char *const others[] = {
    "<pool type='rbd'><name>a</name><target><path>/x</path></target></pool>",
    "<pool type='dir'><name>a</name></pool>",
    "<pool type='dir'><name>a</name><target><path>x</path></target></pool>",
    "<network><name>a</name></network>",
    "<pool",
    "",
  };
  g_autofree char *name = NULL, *folder = NULL;

  g_assert_true (inn_libvirt_parse_pool (pool, strlen (pool), &name, &folder));
  g_assert_cmpstr (name, ==, "images");
  g_assert_cmpstr (folder, ==, "/srv/vm images");
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (inn_libvirt_parse_pool (others[i], strlen (others[i]), &name, &folder));
}

static void
reads_networks (void)
{
  static const struct
  {
    const char *xml;
    InnImportNetwork kind;
    const char *bridge;
  } networks[] = {
    { "<network><name>a</name><forward mode='nat'/><bridge name='virbr0'/></network>",
      INN_IMPORT_NETWORK_OUTSIDE, NULL },
    { "<network><name>a</name><forward/></network>", INN_IMPORT_NETWORK_OUTSIDE, NULL },
    { "<network><name>a</name><bridge name='virbr1'/></network>", INN_IMPORT_NETWORK_ISOLATED,
      NULL },
    { "<network><name>a</name><forward mode='bridge'/><bridge name='br0'/></network>",
      INN_IMPORT_NETWORK_BRIDGE, "br0" },
    { "<network><name>a</name><forward mode='bridge'><interface dev='eth0'/></forward></network>",
      INN_IMPORT_NETWORK_OUTSIDE, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (networks); i++)
    {
      g_autofree char *name = NULL, *bridge = NULL;
      InnImportNetwork kind;

      g_assert_true (inn_libvirt_parse_network (networks[i].xml, strlen (networks[i].xml), &name,
                                                &kind, &bridge));
      g_assert_cmpstr (name, ==, "a");
      g_assert_cmpint (kind, ==, networks[i].kind);
      g_assert_cmpstr (bridge, ==, networks[i].bridge);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/import/each_imports", each_imports);
  g_test_add_func ("/import/differs_only_where_told", differs_only_where_told);
  g_test_add_func ("/import/lines_are_those_of_the_text", lines_are_those_of_the_text);
  g_test_add_func ("/import/says_what_becomes_of_it", says_what_becomes_of_it);
  g_test_add_func ("/import/adapts_each_device", adapts_each_device);
  g_test_add_func ("/import/leaves_alone_what_needs_nothing", leaves_alone_what_needs_nothing);
  g_test_add_func ("/import/sections_say_what_they_can", sections_say_what_they_can);
  g_test_add_func ("/import/keeps_secrets_unless_asked", keeps_secrets_unless_asked);
  g_test_add_func ("/import/sets_no_secret_aside", sets_no_secret_aside);
  g_test_add_func ("/import/refuses_what_libvirt_cannot_say", refuses_what_libvirt_cannot_say);
  g_test_add_func ("/import/broken_ones_have_a_line", broken_ones_have_a_line);
  g_test_add_func ("/import/reads_pools", reads_pools);
  g_test_add_func ("/import/reads_networks", reads_networks);
  return g_test_run ();
}
