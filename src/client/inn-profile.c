/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* OS → hardware. First a row of our own for the family, then what libosinfo says of the system
 * itself: its resources, the devices it has drivers for, the firmware it boots from. */

#include "inn-profile.h"
#include <osinfo/osinfo.h>
#include <string.h>

#define MIB (1024 * 1024ull)
#define GIB (1024 * MIB)

#define MODERN_VCPUS 2
/* virtio came into Linux with 2.6.25 (2008), virtio-gpu with 4.4 (2016), virtio-mem with 5.8, which
 * systems of 2021 have. */
#define LINUX_VIRTIO_YEAR 2008
#define LINUX_GPU_YEAR    2016
#define LINUX_MEM_YEAR    2021

typedef struct
{
  const char *family; /* libosinfo's word */
  gboolean modern;    /* PCI Express, SATA, several CPUs */
  guint memory_mib, disk_gib;
  const char *disk_bus, *nic, *video, *sound, *clock;
} Family;

/* What a system of the family has drivers for out of the box, and what it is at ease with where a
 * desktop runs on it (libosinfo's recommendations are for less). The first row is for the unknown:
 * hardware that nearly everything of the last fifteen years can drive. */
static const Family families[] = {
  { "", TRUE, 2048, 20, "sata", "e1000e", "vga", "ich9", "utc" },
  { "linux", TRUE, 2048, 20, "virtio", "virtio", "vga", "ich9", "utc" },
  { "winnt", TRUE, 4096, 64, "sata", "e1000e", "vga", "ich9", "localtime" },
  { "win9x", FALSE, 256, 4, "ide", "rtl8139", "cirrus", "ac97", "localtime" },
  { "win16", FALSE, 32, 1, "ide", "rtl8139", "cirrus", NULL, "localtime" },
  { "msdos", FALSE, 32, 1, "ide", "rtl8139", "cirrus", NULL, "localtime" },
  { "reactos", FALSE, 1024, 10, "ide", "e1000", "vga", "ac97", "localtime" },
  { "freebsd", TRUE, 2048, 20, "virtio", "virtio", "vga", "ich9", "utc" },
  { "openbsd", TRUE, 1024, 20, "virtio", "virtio", "vga", "ich9", "utc" },
  { "netbsd", TRUE, 1024, 20, "virtio", "virtio", "vga", "ich9", "utc" },
  { "dragonflybsd", TRUE, 2048, 20, "sata", "e1000", "vga", "ich9", "utc" },
  { "solaris", TRUE, 4096, 40, "sata", "e1000", "vga", "ich9", "utc" },
  { "haiku", TRUE, 2048, 20, "sata", "e1000", "vga", "ich9", "utc" },
  { "darwin", TRUE, 4096, 64, "sata", "e1000", "vga", "ich9", "utc" },
  { "netware", FALSE, 512, 4, "ide", "rtl8139", "cirrus", NULL, "localtime" },
  { "hurd", FALSE, 1024, 10, "ide", "e1000", "vga", "ac97", "utc" },
};

/* An old Linux or Windows: the machine of its days. */
static const Family old_linux = { "linux", FALSE, 512, 10, "ide", "e1000", "vga", "ac97", "utc" };
static const Family old_windows = { "winnt",   FALSE,    512,    20,         "ide",
                                    "rtl8139", "cirrus", "ac97", "localtime" };

static gboolean
knows (OsinfoDeviceList *devices, const char *class, const char *name)
{
  for (int i = 0; devices != NULL && i < osinfo_list_get_length (OSINFO_LIST (devices)); i++)
    {
      OsinfoDevice *device = OSINFO_DEVICE (osinfo_list_get_nth (OSINFO_LIST (devices), i));

      if (g_strcmp0 (osinfo_device_get_class (device), class) == 0 &&
          g_strcmp0 (osinfo_device_get_name (device), name) == 0)
        return TRUE;
    }
  return FALSE;
}

/* libosinfo has two entries for a virtio device, before and after the standard's version 1. */
static gboolean
knows_virtio (OsinfoDeviceList *devices, const char *class, const char *kind)
{
  g_autofree char *legacy = g_strconcat ("virtio-", kind, NULL);
  g_autofree char *modern = g_strconcat ("virtio1.0-", kind, NULL);

  return knows (devices, class, legacy) || knows (devices, class, modern);
}

static gboolean
has_any (OsinfoDeviceList *devices)
{
  return devices != NULL && osinfo_list_get_length (OSINFO_LIST (devices)) > 0;
}

static const Family *
find_family (InnOs *os, OsinfoDeviceList *devices)
{
  const char *family = inn_os_get_family (os);
  int year = inn_os_get_year (os);

  if (g_str_equal (family, "linux") &&
      (has_any (devices) ? !knows (devices, "chipset", "qemu-x86-q35")
                         : year > 0 && year < LINUX_VIRTIO_YEAR))
    return &old_linux;
  if (g_str_equal (family, "winnt") && !knows (devices, "chipset", "qemu-x86-q35"))
    return &old_windows;
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    if (g_str_equal (families[i].family, family))
      return &families[i];
  return &families[0];
}

static void
fill_devices (InnProfile *profile, InnOs *os, const Family *family, OsinfoDeviceList *devices)
{
  gboolean is_linux = g_str_equal (inn_os_get_family (os), "linux");
  gboolean is_windows = g_str_equal (family->clock, "localtime");
  int year = inn_os_get_year (os);

  profile->machine = family->modern ? "q35" : "pc";
  profile->cdrom_bus = family->modern ? "sata" : "ide";
  profile->disk_bus = family->disk_bus;
  if (knows_virtio (devices, "block", "block"))
    profile->disk_bus = "virtio";
  else if (is_linux && has_any (devices))
    profile->disk_bus = profile->cdrom_bus;
  profile->nic = family->nic;
  if (knows_virtio (devices, "net", "net"))
    profile->nic = "virtio";
  else if (knows (devices, "net", "e1000e"))
    profile->nic = "e1000e";
  else if (knows (devices, "net", "e1000"))
    profile->nic = "e1000";
  profile->video = family->video;
  if (knows (devices, "video", "virtio1.0-gpu") ||
      (is_linux && family->modern && (year == 0 || year >= LINUX_GPU_YEAR)))
    profile->video = "virtio";
  profile->sound = family->sound;
  profile->usb = "piix3-uhci";
  if (family->modern && (!is_windows || knows (devices, "controller.usb", "qemu-xhci")))
    profile->usb = "qemu-xhci";
  profile->clock = family->clock;
  profile->tablet = family->modern || knows (devices, "input", "tablet");
  profile->rng = knows_virtio (devices, "rng", "rng") || (family->modern && !is_windows);
  profile->balloon = family->modern;
  profile->channels = family->modern;
  profile->modules = (is_windows && family->modern) ||
                     (is_linux && family->modern && year > 0 && year < LINUX_MEM_YEAR);
}

static OsinfoResources *
find_resources (OsinfoResourcesList *list)
{
  static const char *const architectures[] = { "x86_64", OSINFO_ARCHITECTURE_ALL, "i686" };

  for (gsize a = 0; a < G_N_ELEMENTS (architectures); a++)
    for (int i = 0; i < osinfo_list_get_length (OSINFO_LIST (list)); i++)
      {
        OsinfoResources *resources = OSINFO_RESOURCES (osinfo_list_get_nth (OSINFO_LIST (list), i));

        if (g_strcmp0 (osinfo_resources_get_architecture (resources), architectures[a]) == 0)
          return resources;
      }
  return NULL;
}

static void
fill_resources (InnProfile *profile, OsinfoOs *os)
{
  g_autoptr (OsinfoResourcesList) minimum_list = osinfo_os_get_minimum_resources (os);
  g_autoptr (OsinfoResourcesList) recommended_list = osinfo_os_get_recommended_resources (os);
  OsinfoResources *minimum = find_resources (minimum_list);
  OsinfoResources *recommended = find_resources (recommended_list);

  if (minimum != NULL)
    {
      profile->minimum_memory = (guint64)MAX (osinfo_resources_get_ram (minimum), 0);
      profile->minimum_disk = (guint64)MAX (osinfo_resources_get_storage (minimum), 0);
    }
  if (recommended != NULL && osinfo_resources_get_ram (recommended) > 0)
    profile->memory = MAX (profile->memory, (guint64)osinfo_resources_get_ram (recommended));
  else
    profile->memory = MAX (profile->memory, 2 * profile->minimum_memory);
  if (recommended != NULL && osinfo_resources_get_storage (recommended) > 0)
    profile->disk_size =
        MAX (profile->disk_size, (guint64)osinfo_resources_get_storage (recommended));
  profile->disk_size = MAX (profile->disk_size, profile->minimum_disk);
  if (minimum != NULL && osinfo_resources_get_n_cpus (minimum) > 0)
    profile->vcpus = MAX (profile->vcpus, (guint)osinfo_resources_get_n_cpus (minimum));
  if (recommended != NULL && osinfo_resources_get_n_cpus (recommended) > 0)
    profile->vcpus = MAX (profile->vcpus, (guint)osinfo_resources_get_n_cpus (recommended));
}

/* UEFI only where the system cannot do without. */
static const char *
find_firmware (OsinfoOs *os)
{
  g_autoptr (OsinfoFirmwareList) list = osinfo_os_get_complete_firmware_list (os, NULL);

  for (int i = 0; i < osinfo_list_get_length (OSINFO_LIST (list)); i++)
    {
      OsinfoFirmware *firmware = OSINFO_FIRMWARE (osinfo_list_get_nth (OSINFO_LIST (list), i));

      if (g_strcmp0 (osinfo_firmware_get_architecture (firmware), "x86_64") == 0 &&
          g_strcmp0 (osinfo_firmware_get_firmware_type (firmware), "bios") == 0 &&
          !osinfo_firmware_is_supported (firmware))
        return "efi";
    }
  return NULL;
}

void
inn_profile_fill (InnProfile *profile, InnOs *os, guint64 host_memory, guint host_cpus)
{
  OsinfoOs *osinfo = inn_os_get_osinfo (os);
  g_autoptr (OsinfoDeviceList) devices =
      osinfo != NULL ? osinfo_os_get_all_devices (osinfo, NULL) : NULL;
  const Family *family = find_family (os, devices);

  memset (profile, 0, sizeof *profile);
  profile->generic = inn_os_is_generic (os);
  profile->memory = family->memory_mib * MIB;
  profile->disk_size = family->disk_gib * GIB;
  profile->vcpus = family->modern ? MODERN_VCPUS : 1;
  fill_devices (profile, os, family, devices);
  if (osinfo != NULL)
    {
      fill_resources (profile, osinfo);
      profile->firmware = find_firmware (osinfo);
      /* libosinfo has no word for it. Windows without the BIOS is Windows 11, which looks for one.
       */
      profile->tpm =
          profile->firmware != NULL && g_strcmp0 (osinfo_os_get_family (osinfo), "winnt") == 0;
    }
  if (host_memory > 0 && profile->memory > host_memory / 2)
    profile->memory = MAX (host_memory / 2 / MIB, 1) * MIB;
  profile->short_memory = profile->memory < profile->minimum_memory;
  if (host_cpus > 0)
    profile->vcpus = MIN (profile->vcpus, host_cpus);
}
