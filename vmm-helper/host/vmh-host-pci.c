/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* PCI devices as sysfs tells of them. What this computer itself cannot do without is refused: the
 * screen that it shows, and the disks that are mounted, or that others are made of. */
#include "vmh-host-pci.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>
#include <string.h>
#include "core/vmh-limits.h"
#include "host/vmh-host-disk.h"
#include "host/vmh-host-ids.h"

#define BUS          "/sys/bus/pci"
#define DEVICES      BUS "/devices"
#define CLASS_BRIDGE 0x06

static const char *const lists[] = {
  "/usr/share/hwdata/pci.ids",
  "/usr/share/misc/pci.ids",
  NULL,
};

static void
device_free (gpointer data)
{
  VmhPciDevice *device = data;

  g_free (device->address);
  g_free (device->parent);
  g_free (device->name);
  g_free (device->driver);
  g_strfreev (device->sharing);
  g_free (device->problem);
  g_free (device);
}

/* The last part of where a link of sysfs leads; NULL where it is none. */
static char *
read_link (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *target = g_file_read_link (path, NULL);

  return target ? g_path_get_basename (target) : NULL;
}

int
vmh_pci_read_group (const char *folder)
{
  g_autofree char *group = read_link (folder, "iommu_group");

  return group ? (int)MIN (g_ascii_strtoull (group, NULL, 10), G_MAXINT) : -1;
}

static gboolean
is_address (const char *text)
{
  return g_regex_match_simple ("^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]$", text, 0, 0);
}

static char *
dup_name (const VmhPciDevice *device, const char *list)
{
  g_autofree char *vendor = NULL;
  g_autofree char *product = NULL;

  if (list)
    vmh_ids_look_up (list, device->vendor, device->product, &vendor, &product);
  if (vendor && product)
    return g_strdup_printf ("%s %s", vendor, product);
  if (vendor)
    return g_strdup_printf (_ ("Device by %s"), vendor);
  return g_strdup (_ ("Unknown device"));
}

/* ---- what this computer needs ---- */

static char *
dup_no_iommu (void)
{
  g_autofree char *path = vmh_ids_dup_path ("/proc/cpuinfo");
  g_autofree char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  if (text && strstr (text, "GenuineIntel"))
    return g_strdup (_ ("This computer’s IOMMU is off. Turn on “VT-d” in the settings of its "
                        "firmware, add “intel_iommu=on” to the kernel’s command line, and restart "
                        "it."));
  return g_strdup (_ ("This computer’s IOMMU is off, or it has none. Turn on “IOMMU” (AMD-Vi) in "
                      "the settings of its firmware, and restart it."));
}

/* What this computer cannot do without. */
static char *
dup_need (const VmhPciDevice *device)
{
  g_autofree char *place = vmh_ids_dup_path (DEVICES);
  g_autofree char *folder = g_build_filename (place, device->address, NULL);
  g_autofree char *below = g_strdup_printf ("/%s/", device->address);
  g_autofree char *disk = vmh_disk_find_used (below);

  if (disk)
    return g_strdup_printf (_ ("This computer’s disk “%s” is connected to it, and in use."), disk);
  if (vmh_ids_read_number (folder, "boot_vga", 10) == 1)
    return g_strdup (_ ("It shows this computer’s own screen."));
  return NULL;
}

/* One that cannot go, and in whose IOMMU group @device is. */
static const VmhPciDevice *
find_sharing (GPtrArray *devices, const VmhPciDevice *device)
{
  for (guint i = 0; i < devices->len; i++)
    {
      const VmhPciDevice *other = devices->pdata[i];
      g_autofree char *need = g_strv_contains ((const char *const *)device->sharing, other->address)
                                  ? dup_need (other)
                                  : NULL;

      if (need)
        return other;
    }
  return NULL;
}

/* The first reason that a person cannot do anything about comes first. */
static char *
dup_problem (GPtrArray *devices, const VmhPciDevice *device, gboolean system)
{
  char *need = dup_need (device);
  const VmhPciDevice *other;

  if (need)
    return need;
  if (device->group < 0)
    return dup_no_iommu ();
  other = find_sharing (devices, device);
  if (other)
    return g_strdup_printf (_ ("It goes only together with “%s” (%s), which this computer uses: "
                               "they are in one IOMMU group."),
                            other->name, other->address);
  return system ? NULL : g_strdup (_ ("Only a machine of the whole system can have it."));
}

/* ---- what there is ---- */

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(VmhPciDevice *const *)a)->address, (*(VmhPciDevice *const *)b)->address);
}

static VmhPciDevice *
read_device (const char *folder, const char *address, const char *list)
{
  VmhPciDevice *device = g_new0 (VmhPciDevice, 1);
  g_autofree char *class = vmh_ids_read_attribute (folder, "class");

  device->address = g_strdup (address);
  device->vendor = vmh_ids_read_number (folder, "vendor", 16);
  device->product = vmh_ids_read_number (folder, "device", 16);
  device->class = class ? (guint)g_ascii_strtoull (class, NULL, 16) >> 8 & 0xffff : 0;
  device->driver = read_link (folder, "driver");
  device->group = vmh_pci_read_group (folder);
  device->name = dup_name (device, list);
  return device;
}

static void
find_group (GPtrArray *devices, VmhPciDevice *device)
{
  g_autoptr (GStrvBuilder) sharing = g_strv_builder_new ();

  for (guint i = 0; device->group >= 0 && i < devices->len; i++)
    {
      const VmhPciDevice *other = devices->pdata[i];

      if (other != device && other->group == device->group)
        g_strv_builder_add (sharing, other->address);
    }
  device->sharing = g_strv_builder_end (sharing);
}

GPtrArray *
vmh_pci_list (gboolean system)
{
  g_autofree char *place = vmh_ids_dup_path (DEVICES);
  g_autofree char *list = NULL;
  g_autoptr (GDir) folder = g_dir_open (place, 0, NULL);
  GPtrArray *devices = g_ptr_array_new_with_free_func (device_free);
  const char *entry;

  while (folder && devices->len < VMH_MAX_PCI_DEVICES && (entry = g_dir_read_name (folder)))
    {
      g_autofree char *path = g_build_filename (place, entry, NULL);
      g_autofree char *class = vmh_ids_read_attribute (path, "class");

      if (!is_address (entry) || !class || g_ascii_strtoull (class, NULL, 16) >> 16 == CLASS_BRIDGE)
        continue;
      if (!list)
        list = vmh_ids_read (lists);
      g_ptr_array_add (devices, read_device (path, entry, list));
    }
  g_ptr_array_sort (devices, compare);
  for (guint i = 0; i < devices->len; i++)
    find_group (devices, devices->pdata[i]);
  for (guint i = 0; i < devices->len; i++)
    {
      VmhPciDevice *device = devices->pdata[i];

      device->problem = dup_problem (devices, device, system);
    }
  vmh_mdev_add (devices, system);
  return devices;
}

const VmhPciDevice *
vmh_pci_find (GPtrArray *devices, const char *address)
{
  for (guint i = 0; i < devices->len; i++)
    if (g_str_equal (((VmhPciDevice *)devices->pdata[i])->address, address))
      return devices->pdata[i];
  return NULL;
}

int
vmh_pci_get_group (GPtrArray *devices, const char *address)
{
  const VmhPciDevice *device = vmh_pci_find (devices, address);

  return device ? device->group : -1;
}

char *
vmh_pci_dup_bus (void)
{
  return vmh_ids_dup_path (BUS);
}
