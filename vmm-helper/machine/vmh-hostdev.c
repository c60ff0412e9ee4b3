/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Devices of this computer are given to one machine at a time. Who has which follows from what runs
 * and what is plugged in, so nothing about it is kept. */
#include "vmh-hostdev.h"

#include <glib/gi18n-lib.h>
#include "host/vmh-host-usb.h"
#include "shared/inn-errors.h"
#include "vmh-manager.h"
#include "vmh-verbs.h"

/* Of one that starts the definition counts, so that two which start at once do not both get it. */
static gboolean
has (VmhMachine *machine, const VmhUsbDevice *device)
{
  InnDomain *domain = vmh_machine_get_live (machine);
  g_autoptr (GPtrArray) devices = NULL;

  if (!domain && vmh_machine_get_state (machine) == VMH_STATE_STARTING)
    domain = vmh_machine_get_domain (machine);
  if (!domain)
    return FALSE;
  devices = inn_domain_list (domain, "hostdev");
  for (guint i = 0; i < devices->len; i++)
    {
      const VmhPlanUsb usb = vmh_plan_read_usb (devices->pdata[i]);

      if (vmh_usb_is_meant (&usb, device))
        return TRUE;
    }
  return FALSE;
}

/* @except: not that of this bundle. NULL where nobody has it. */
static VmhMachine *
find_holder (GPtrArray *machines, VmhBundle *except, const VmhUsbDevice *device)
{
  for (guint i = 0; i < machines->len; i++)
    if (vmh_machine_get_bundle (machines->pdata[i]) != except && has (machines->pdata[i], device))
      return machines->pdata[i];
  return NULL;
}

static void
refuse_taken (uid_t owner, VmhMachine *holder, const VmhUsbDevice *device, GError **error)
{
  if (vmh_machine_get_owner (holder) == owner)
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 _ ("“%s” has the USB device %04x:%04x. Remove it there, or turn that machine off, "
                    "then try again."),
                 vmh_machine_get_name (holder), device->vendor, device->product);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 _ ("Another user’s machine has the USB device %04x:%04x. Try again when that is "
                    "off."),
                 device->vendor, device->product);
}

static void
refuse_absent (const VmhPlanUsb *usb, GError **error)
{
  if (usb->by_model)
    g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                 _ ("The USB device %04x:%04x is not plugged in. Plug it in, or remove it from the "
                    "machine."),
                 usb->vendor, usb->product);
  else
    g_set_error (
        error, INN_ERROR, INN_ERROR_NOT_FOUND,
        _ ("There is no USB device %u on bus %u. It has another number when it was plugged "
           "in again: remove it from the machine, and add it anew."),
        usb->device, usb->bus);
}

int
vmh_hostdev_open (VmhBundle *bundle, const VmhPlanUsb *usb, GError **error)
{
  g_autoptr (GPtrArray) devices = vmh_usb_list (FALSE);
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());
  gboolean found = FALSE;

  for (guint i = 0; i < devices->len; i++)
    {
      const VmhUsbDevice *device = devices->pdata[i];
      VmhMachine *holder;

      if (!vmh_usb_is_meant (usb, device))
        continue;
      holder = find_holder (machines, bundle, device);
      if (!holder)
        {
          g_clear_error (error);
          return vmh_usb_open (device, error);
        }
      if (!found)
        refuse_taken (vmh_bundle_get_owner (bundle), holder, device, error);
      found = TRUE;
    }
  if (!found)
    refuse_absent (usb, error);
  return -1;
}

/* ---- the list ---- */

static void
add_row (GVariantBuilder *rows, VmhCall *call, GPtrArray *machines, const VmhUsbDevice *device)
{
  VmhRegistry *registry = vmh_manager_get_registry (vmh_manager_get ());
  VmhMachine *holder = find_holder (machines, NULL, device);
  gboolean seen = holder && vmh_registry_sees (registry, call, G_OBJECT (holder));
  g_autofree char *problem = NULL;

  if (holder && !seen)
    problem = g_strdup (_ ("Another user’s machine has it."));
  else if (holder)
    problem = g_strdup_printf (_ ("“%s” has it."), vmh_machine_get_name (holder));
  g_variant_builder_open (rows, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (rows, "{sv}", "type", g_variant_new_string ("usb"));
  g_variant_builder_add (rows, "{sv}", "name", g_variant_new_string (device->name));
  g_variant_builder_add (rows, "{sv}", "vendor", g_variant_new_uint32 (device->vendor));
  g_variant_builder_add (rows, "{sv}", "product", g_variant_new_uint32 (device->product));
  g_variant_builder_add (rows, "{sv}", "bus", g_variant_new_uint32 (device->bus));
  g_variant_builder_add (rows, "{sv}", "device", g_variant_new_uint32 (device->device));
  if (problem)
    g_variant_builder_add (rows, "{sv}", "problem", g_variant_new_string (problem));
  if (seen)
    g_variant_builder_add (rows, "{sv}", "machine",
                           g_variant_new_string (vmh_machine_get_name (holder)));
  g_variant_builder_close (rows);
}

void
vmh_verb_list_host_devices (VmhCall *call)
{
  static const char *const allowed[] = { NULL };
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GVariant) options = NULL;
  GVariantBuilder rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (!vmh_call_check_options (options, allowed, &error))
    {
      g_variant_builder_clear (&rows);
      vmh_call_fail (call, error);
      return;
    }
  devices = vmh_usb_list (TRUE);
  for (guint i = 0; i < devices->len; i++)
    add_row (&rows, call, machines, devices->pdata[i]);
  vmh_call_return (call, g_variant_new ("(@aa{sv})", g_variant_builder_end (&rows)));
}
