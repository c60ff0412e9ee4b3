/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Every family gets hardware that it can drive, and every machine made of it is one that we and
 * libvirt's own schema accept. */

#include "client/inn-create.h"
#include <glib/gstdio.h>
#include <string.h>

#define GIB (1024ull * 1024 * 1024)

typedef struct
{
  const char *id;
  const char *machine, *firmware, *disk, *nic, *video, *clock;
  guint64 memory; /* on a host of 64 GiB */
  const char *growth;
} Row;

static const Row rows[] = {
  { "", "q35", NULL, "sata", "e1000e", "vga", "utc", 2 * GIB },
  { "http://debian.org/debian/11", "q35", NULL, "virtio", "virtio", "virtio", "utc", 2 * GIB },
  { "http://ubuntu.com/ubuntu/22.04", "q35", NULL, "virtio", "virtio", "virtio", "utc", 4 * GIB },
  { "http://fedoraproject.org/fedora/36", "q35", NULL, "virtio", "virtio", "virtio", "utc",
    2 * GIB },
  { "http://centos.org/centos/6.0", "q35", NULL, "virtio", "virtio", "vga", "utc", 2 * GIB,
    "dimm" },
  { "http://debian.org/debian/3", "pc", NULL, "ide", "e1000", "vga", "utc", GIB / 2 },
  { "http://microsoft.com/win/11", "q35", "efi", "sata", "e1000e", "vga", "localtime", 8 * GIB,
    "dimm" },
  { "http://microsoft.com/win/10", "q35", NULL, "sata", "e1000e", "vga", "localtime", 4 * GIB,
    "dimm" },
  { "http://microsoft.com/win/7", "q35", NULL, "sata", "e1000e", "vga", "localtime", 4 * GIB,
    "dimm" },
  { "http://microsoft.com/win/xp", "pc", NULL, "ide", "e1000", "cirrus", "localtime", GIB / 2 },
  { "http://microsoft.com/win/98", "pc", NULL, "ide", "rtl8139", "cirrus", "localtime", GIB / 4 },
  { "http://microsoft.com/msdos/6.22", "pc", NULL, "ide", "rtl8139", "cirrus", "localtime",
    GIB / 32 },
  { "http://freebsd.org/freebsd/13.1", "q35", NULL, "virtio", "virtio", "vga", "utc", 2 * GIB },
  { "http://openbsd.org/openbsd/7.0", "q35", NULL, "virtio", "virtio", "vga", "utc", GIB },
  { "http://oracle.com/solaris/11", "q35", NULL, "sata", "e1000", "vga", "utc", 4 * GIB },
  { "http://haiku-os.org/haiku/r1beta3", "q35", NULL, "virtio", "e1000", "vga", "utc", 2 * GIB },
  { "http://reactos.org/reactos/0.4", "pc", NULL, "ide", "e1000", "vga", "localtime", GIB },
};

static InnOs *
find (const char *id)
{
  g_autoptr (InnOsDb) db = inn_os_db_load_sync ();
  InnOs *os = inn_os_db_find (db, id);

  g_assert_nonnull (os);
  return os;
}

/* libvirt's own schema has the last word on what we write. */
static void
assert_libvirt_accepts (InnDomain *domain)
{
  g_autofree char *xml = inn_domain_to_xml (domain);
  g_autofree char *path = NULL;
  g_autofree char *out = NULL, *err = NULL;
  const char *argv[] = { "virt-xml-validate", NULL, "domain", NULL };
  int fd = g_file_open_tmp ("inn-profile-XXXXXX.xml", &path, NULL), status;

  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, xml, -1, NULL));
  argv[1] = path;
  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                               &err, &status, NULL));
  g_unlink (path);
  if (status != 0)
    g_error ("virt-xml-validate: %s%s\n%s", out, err, xml);
}

static void
assert_field (InnDomain *domain, const char *kind, const char *field, const char *wanted)
{
  const InnKind *found = inn_schema_find (kind);
  g_autofree char *value = NULL;

  if (found->device)
    {
      g_autoptr (GPtrArray) list = inn_domain_list (domain, kind);

      g_assert_cmpuint (list->len, >, 0);
      value = inn_element_dup (list->pdata[0], field);
    }
  else
    {
      InnElement element = inn_domain_get (domain, kind);

      value = inn_element_dup (&element, field);
    }
  g_assert_cmpstr (value, ==, wanted);
}

static InnDomain *
build (const InnProfile *profile, InnOs *os, const InnSource *source)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (InnDomain) domain = inn_profile_build (profile, os, source, &error);
  InnElement general;

  g_assert_no_error (error);
  general = inn_domain_get (domain, "general");
  inn_element_set (&general, "name", "a machine", &error);
  g_assert_no_error (error);
  inn_domain_check (domain, &error);
  g_assert_no_error (error);
  assert_libvirt_accepts (domain);
  return g_steal_pointer (&domain);
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  const InnSource source = { .kind = INN_SOURCE_NONE };
  InnOs *os = find (row->id);
  InnProfile profile;
  g_autoptr (InnDomain) domain = NULL;

  inn_profile_fill (&profile, os, 64 * GIB, 16);
  g_assert_cmpstr (profile.machine, ==, row->machine);
  g_assert_cmpstr (profile.firmware, ==, row->firmware);
  g_assert_cmpstr (profile.disk_bus, ==, row->disk);
  g_assert_cmpstr (profile.nic, ==, row->nic);
  g_assert_cmpstr (profile.video, ==, row->video);
  g_assert_cmpuint (profile.memory, ==, row->memory);
  g_assert_cmpuint (profile.memory, >=, profile.minimum_memory);
  g_assert_cmpuint (profile.disk_size, >=, profile.minimum_disk);
  g_assert_cmpint (profile.generic, ==, row->id[0] == '\0');
  g_assert_false (profile.short_memory);
  domain = build (&profile, os, &source);
  assert_field (domain, "machine", "machine", row->machine);
  assert_field (domain, "firmware", "firmware", row->firmware != NULL ? row->firmware : "bios");
  assert_field (domain, "disk", "bus", row->disk);
  assert_field (domain, "interface", "model", row->nic);
  assert_field (domain, "video", "model", row->video);
  assert_field (domain, "clock", "offset", row->clock);
  assert_field (domain, "memory", "growth", row->growth);
  assert_field (domain, "general", "os-id", row->id[0] != '\0' ? row->id : NULL);
}

/* No more than half the host's memory and all its processors, and it says when that is too little.
 */
static void
test_host (void)
{
  InnOs *windows = find ("http://microsoft.com/win/11");
  InnProfile profile;

  inn_profile_fill (&profile, windows, 6 * GIB, 1);
  g_assert_cmpuint (profile.memory, ==, 3 * GIB);
  g_assert_cmpuint (profile.vcpus, ==, 1);
  g_assert_true (profile.short_memory);
  inn_profile_fill (&profile, windows, 0, 0);
  g_assert_cmpuint (profile.memory, ==, 8 * GIB);
  g_assert_cmpuint (profile.vcpus, ==, 2);
  inn_profile_fill (&profile, find (""), 1024 * 1024, 1);
  g_assert_cmpuint (profile.memory, ==, 1024 * 1024);
}

static InnMedia *
make_media (InnMediaKind kind, const char *path, const char *format)
{
  InnMedia *media = g_atomic_rc_box_new0 (InnMedia);

  media->fd = -1;
  media->kind = kind;
  media->path = g_strdup (path);
  media->format = g_strdup (format);
  return media;
}

static void
test_sources (void)
{
  InnOs *os = find ("http://debian.org/debian/11");
  InnProfile profile;

  inn_profile_fill (&profile, os, 0, 0);
  {
    g_auto (InnSource) source = { .kind = INN_SOURCE_ISO,
                                  .media = make_media (INN_MEDIA_ISO, "/a, b/<x>&'\".iso", "iso") };
    g_autoptr (InnDomain) domain = build (&profile, os, &source);

    assert_field (domain, "cdrom", "source", "/a, b/<x>&'\".iso");
    assert_field (domain, "boot", "first", "hd");
    assert_field (domain, "boot", "second", "cdrom");
    assert_field (domain, "disk", "source", NULL);
    assert_field (domain, "disk", "target", "vda");
    assert_field (domain, "cdrom", "target", "sda");
  }
  {
    g_auto (InnSource) source = { .kind = INN_SOURCE_DISK,
                                  .media = make_media (INN_MEDIA_DISK, "/d.vmdk", "vmdk"),
                                  .in_place = TRUE };
    g_autoptr (InnDomain) domain = build (&profile, os, &source);

    assert_field (domain, "disk", "source", "/d.vmdk");
    assert_field (domain, "disk", "format", "vmdk");
  }
  {
    g_auto (InnSource) source = { .kind = INN_SOURCE_DISK,
                                  .media = make_media (INN_MEDIA_DISK, "/d.vmdk", "vmdk") };
    g_autoptr (InnDomain) domain = build (&profile, os, &source);

    assert_field (domain, "disk", "source", NULL);
    assert_field (domain, "disk", "format", "qcow2");
  }
  {
    g_auto (InnSource) source = { .kind = INN_SOURCE_KERNEL,
                                  .media = make_media (INN_MEDIA_KERNEL, "/vmlinuz", NULL),
                                  .initrd = make_media (INN_MEDIA_OTHER, "/initrd.gz", NULL),
                                  .cmdline = g_strdup ("console=ttyS0 a=\"b\"") };
    g_autoptr (InnDomain) domain = build (&profile, os, &source);

    assert_field (domain, "kernel", "kernel", "/vmlinuz");
    assert_field (domain, "kernel", "initrd", "/initrd.gz");
    assert_field (domain, "kernel", "cmdline", "console=ttyS0 a=\"b\"");
  }
  {
    const InnSource source = { .kind = INN_SOURCE_NETWORK };
    g_autoptr (InnDomain) domain = build (&profile, os, &source);

    assert_field (domain, "boot", "second", "network");
  }
}

/* Every system of the database gives a machine that our own rules accept. */
static void
test_all_systems (void)
{
  g_autoptr (InnOsDb) db = inn_os_db_load_sync ();
  GListModel *list = inn_os_db_get_list (db);
  const InnSource source = { .kind = INN_SOURCE_NONE };

  g_assert_cmpuint (g_list_model_get_n_items (list), >, 500);
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (InnOs) os = g_list_model_get_item (list, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (InnDomain) domain = NULL;
      InnElement general;
      InnProfile profile;

      inn_profile_fill (&profile, os, 8 * GIB, 4);
      g_assert_cmpuint (profile.memory, <=, 4 * GIB);
      domain = inn_profile_build (&profile, os, &source, &error);
      g_assert_no_error (error);
      general = inn_domain_get (domain, "general");
      g_assert_true (inn_element_set (&general, "name", inn_os_get_id (os)[0] ? "m" : "g", NULL));
      inn_domain_check (domain, &error);
      g_assert_no_error (error);
    }
}

static void
test_names (void)
{
  static const struct
  {
    const char *wanted, *name;
  } names[] = {
    { "Debian 11", "Debian 11" },
    { "../a/b", "a b" },
    { "-rf", "rf" },
    { "..", "machine" },
    { "", "machine" },
    { "a\xff"
      "b",
      "a\xef\xbf\xbd"
      "b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = inn_create_dup_free_name (NULL, names[i].wanted);
      const InnField *field = inn_kind_find (inn_schema_find ("general"), "name");
      g_autoptr (GError) error = NULL;

      g_assert_cmpstr (name, ==, names[i].name);
      g_assert_true (inn_field_check (field, name, &error));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/profile/system/%s",
                           rows[i].id[0] != '\0' ? rows[i].id + strlen ("http://") : "generic");

      for (char *c = path + strlen ("/profile/system/"); *c != '\0'; c++)
        if (*c == '/')
          *c = '-';
      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/profile/host", test_host);
  g_test_add_func ("/profile/sources", test_sources);
  g_test_add_func ("/profile/all-systems", test_all_systems);
  g_test_add_func ("/profile/names", test_names);
  return g_test_run ();
}
