/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* USB devices of this computer, as sysfs tells of them. What a device says of itself is the
 * device's, and bounded. Opens only what it has found itself, by numbers. */
#include "vmh-host-usb.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include "core/vmh-limits.h"
#include "host/vmh-host-ids.h"
#include "shared/inn-errors.h"

#define DEVICES   "/sys/bus/usb/devices"
#define CLASS_HUB 9

static const char *const lists[] = {
  "/usr/share/hwdata/usb.ids",
  "/usr/share/misc/usb.ids",
  "/var/lib/usbutils/usb.ids",
  NULL,
};

void
vmh_usb_device_free (VmhUsbDevice *device)
{
  g_free (device->name);
  g_free (device);
}

/* ---- names ---- */

/* Its own words where it has some, else the list's. */
static void
name (VmhUsbDevice *device, const char *folder, const char *list)
{
  g_autofree char *said_vendor = vmh_ids_read_attribute (folder, "manufacturer");
  g_autofree char *said_product = vmh_ids_read_attribute (folder, "product");
  g_autofree char *vendor = vmh_ids_clean (said_vendor);
  g_autofree char *product = vmh_ids_clean (said_product);
  g_autofree char *known_vendor = NULL;
  g_autofree char *known_product = NULL;

  if (list && (!vendor || !product))
    vmh_ids_look_up (list, device->vendor, device->product, &known_vendor, &known_product);
  if (!vendor)
    vendor = g_steal_pointer (&known_vendor);
  if (!product)
    product = g_steal_pointer (&known_product);
  if (vendor && product && !g_str_has_prefix (product, vendor))
    device->name = g_strdup_printf ("%s %s", vendor, product);
  else if (product)
    device->name = g_steal_pointer (&product);
  else if (vendor)
    device->name = g_strdup_printf (_ ("Device by %s"), vendor);
  else
    device->name = g_strdup (_ ("Unknown device"));
}

/* ---- what there is ---- */

static int
compare (gconstpointer a, gconstpointer b)
{
  const VmhUsbDevice *one = *(VmhUsbDevice *const *)a, *other = *(VmhUsbDevice *const *)b;

  return one->bus != other->bus ? (one->bus < other->bus ? -1 : 1)
                                : (int)one->device - (int)other->device;
}

/* Names with a colon are interfaces; root hubs are hubs as well. */
GPtrArray *
vmh_usb_list (gboolean named)
{
  g_autofree char *place = vmh_ids_dup_path (DEVICES);
  g_autoptr (GDir) folder = g_dir_open (place, 0, NULL);
  GPtrArray *devices = g_ptr_array_new_with_free_func ((GDestroyNotify)vmh_usb_device_free);
  g_autofree char *list = NULL;
  const char *entry;

  while (folder && devices->len < VMH_MAX_USB_DEVICES && (entry = g_dir_read_name (folder)))
    {
      g_autofree char *path = g_build_filename (place, entry, NULL);
      VmhUsbDevice *device;

      if (strchr (entry, ':') || vmh_ids_read_number (path, "bDeviceClass", 16) == CLASS_HUB)
        continue;
      device = g_new0 (VmhUsbDevice, 1);
      device->vendor = vmh_ids_read_number (path, "idVendor", 16);
      device->product = vmh_ids_read_number (path, "idProduct", 16);
      device->bus = vmh_ids_read_number (path, "busnum", 10);
      device->device = vmh_ids_read_number (path, "devnum", 10);
      if (device->bus == 0 || device->device == 0) /* it has gone meanwhile */
        {
          vmh_usb_device_free (device);
          continue;
        }
      if (named && !list)
        list = vmh_ids_read (lists);
      if (named)
        name (device, path, list);
      g_ptr_array_add (devices, device);
    }
  g_ptr_array_sort (devices, compare);
  return devices;
}

gboolean
vmh_usb_is_meant (const VmhPlanUsb *usb, const VmhUsbDevice *device)
{
  return (!usb->by_model || (usb->vendor == device->vendor && usb->product == device->product)) &&
         (usb->bus == 0 || (usb->bus == device->bus && usb->device == device->device));
}

int
vmh_usb_open (const VmhUsbDevice *device, GError **error)
{
  g_autofree char *file = g_strdup_printf ("/dev/bus/usb/%03u/%03u", device->bus, device->device);
  g_autofree char *path = vmh_ids_dup_path (file);
  int fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

  if (fd >= 0)
    return fd;
  if (errno == EACCES || errno == EPERM)
    g_set_error (error, INN_ERROR, INN_ERROR_DENIED,
                 _ ("You may not use the USB device %04x:%04x (%s). A machine of the whole system "
                    "can have it, or your administrator can let you use it by a udev rule."),
                 device->vendor, device->product, file);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_FAILED,
                 _ ("The USB device %04x:%04x cannot be opened: "
                    "%s. Plug it in again, then try again."),
                 device->vendor, device->product, g_strerror (errno));
  return -1;
}
