/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Devices of this computer are given to one machine at a time: who is first to open one has it,
 * until it goes out of the machine, or the machine ends. Which of a model that is stands in the
 * runtime folder, for the next helper. */
#include "vmh-hostdev.h"

#include <glib/gi18n-lib.h>
#include "host/vmh-host-pci.h"
#include "host/vmh-host-usb.h"
#include "shared/inn-errors.h"
#include "vmh-hostpci.h"
#include "vmh-manager.h"
#include "vmh-store.h"
#include "vmh-verbs.h"

#define PLACES     "vmh-places" /* the machine's, element → Place */
#define FILE_NAME  "usb"        /* in the runtime folder: a place and an element in each line */
#define MAX_FILE   (64 * 1024)  /* bytes */
#define MAX_NUMBER 999

/* Where a device is that a machine has. */
typedef struct
{
  guint bus, device;
} Place;

/* ---- who has what ---- */

static GHashTable *
load_places (VmhMachine *machine)
{
  GHashTable *places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  g_autofree char *text =
      vmh_machine_get_live (machine) ? vmh_bundle_load_runtime (bundle, FILE_NAME, MAX_FILE) : NULL;
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);

  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) words = g_strsplit (*line, " ", 3);
      guint64 bus, device;

      if (g_strv_length (words) == 3 &&
          g_ascii_string_to_unsigned (words[0], 10, 1, MAX_NUMBER, &bus, NULL) &&
          g_ascii_string_to_unsigned (words[1], 10, 1, MAX_NUMBER, &device, NULL))
        {
          Place *place = g_new0 (Place, 1);

          *place = (Place){ (guint)bus, (guint)device };
          g_hash_table_replace (places, g_strdup (words[2]), place);
        }
    }
  return places;
}

static GHashTable *
get_places (VmhMachine *machine)
{
  GHashTable *places = g_object_get_data (G_OBJECT (machine), PLACES);

  if (!places)
    {
      places = load_places (machine);
      g_object_set_data_full (G_OBJECT (machine), PLACES, places,
                              (GDestroyNotify)g_hash_table_unref);
    }
  return places;
}

static void
save_places (VmhMachine *machine, GHashTable *places)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  const char *element;
  const Place *place;

  g_hash_table_iter_init (&iter, places);
  while (g_hash_table_iter_next (&iter, (gpointer *)&element, (gpointer *)&place))
    g_string_append_printf (text, "%u %u %s\n", place->bus, place->device, element);
  if (!vmh_bundle_save_runtime (vmh_machine_get_bundle (machine), FILE_NAME, text->str, &error))
    g_warning ("%s: %s", vmh_machine_get_name (machine), error->message);
}

static void
take (VmhMachine *machine, const char *element, const VmhUsbDevice *device)
{
  GHashTable *places = get_places (machine);
  Place *place = g_new0 (Place, 1);

  *place = (Place){ device->bus, device->device };
  g_hash_table_replace (places, g_strdup (element), place);
  save_places (machine, places);
}

void
vmh_hostdev_release (VmhMachine *machine, const char *element)
{
  GHashTable *places = get_places (machine);

  if (g_hash_table_remove (places, element))
    save_places (machine, places);
  if (g_str_has_prefix (element, "hostpci") || g_str_has_prefix (element, "hostmdev"))
    vmh_hostpci_release (machine, element);
}

void
vmh_hostdev_release_all (VmhMachine *machine)
{
  if (vmh_bundle_has_runtime (vmh_machine_get_bundle (machine)))
    vmh_bundle_remove_runtime (vmh_machine_get_bundle (machine), FILE_NAME);
  g_object_set_data (G_OBJECT (machine), PLACES, NULL);
  vmh_hostpci_release (machine, NULL);
}

/* The element of the machine that has it, but for @except; NULL. */
static const char *
find_element (VmhMachine *machine, const VmhUsbDevice *device, const char *except)
{
  GHashTableIter iter;
  const char *element;
  const Place *place;

  g_hash_table_iter_init (&iter, get_places (machine));
  while (g_hash_table_iter_next (&iter, (gpointer *)&element, (gpointer *)&place))
    if (place->bus == device->bus && place->device == device->device &&
        g_strcmp0 (element, except) != 0)
      return element;
  return NULL;
}

/* Where nothing is written down of one that runs, it may be any of its model. */
static gboolean
has (VmhMachine *machine, const VmhUsbDevice *device)
{
  InnDomain *domain = vmh_machine_get_live (machine);
  g_autoptr (GPtrArray) devices = NULL;

  if (!domain && vmh_machine_get_state (machine) != VMH_STATE_STARTING)
    return FALSE;
  if (find_element (machine, device, NULL))
    return TRUE;
  devices = domain ? inn_domain_list (domain, "hostdev") : NULL;
  for (guint i = 0; devices && i < devices->len; i++)
    {
      const VmhPlanUsb usb = vmh_plan_read_usb (devices->pdata[i]);
      g_autofree char *id = inn_element_dup_id (devices->pdata[i]);

      if (!g_hash_table_contains (get_places (machine), id) && vmh_usb_is_meant (&usb, device))
        return TRUE;
    }
  return FALSE;
}

/* NULL where nobody else has it. */
static VmhMachine *
find_holder (GPtrArray *machines, VmhMachine *except, const VmhUsbDevice *device)
{
  for (guint i = 0; i < machines->len; i++)
    if (machines->pdata[i] != except && has (machines->pdata[i], device))
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

static VmhMachine *
find_machine (GPtrArray *machines, VmhBundle *bundle)
{
  for (guint i = 0; i < machines->len; i++)
    if (vmh_machine_get_bundle (machines->pdata[i]) == bundle)
      return machines->pdata[i];
  return NULL;
}

int
vmh_hostdev_open (VmhBundle *bundle, const char *element, const VmhPlanUsb *usb, GError **error)
{
  g_autoptr (GPtrArray) devices = vmh_usb_list (FALSE);
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());
  VmhMachine *machine = find_machine (machines, bundle);
  gboolean found = FALSE;

  for (guint i = 0; machine && i < devices->len; i++)
    {
      const VmhUsbDevice *device = devices->pdata[i];
      VmhMachine *holder;
      int fd;

      if (!vmh_usb_is_meant (usb, device) || find_element (machine, device, element))
        continue;
      holder = find_holder (machines, machine, device);
      if (!holder)
        {
          g_clear_error (error);
          fd = vmh_usb_open (device, error);
          if (fd >= 0)
            take (machine, element, device);
          return fd;
        }
      if (!found)
        refuse_taken (vmh_bundle_get_owner (bundle), holder, device, error);
      found = TRUE;
    }
  if (!found)
    refuse_absent (usb, error);
  return -1;
}

/* ---- what comes and goes ---- */

static gboolean
is_there (GPtrArray *devices, const VmhPlanUsb *usb)
{
  for (guint i = 0; i < devices->len; i++)
    if (vmh_usb_is_meant (usb, devices->pdata[i]))
      return TRUE;
  return FALSE;
}

InnDomain *
vmh_hostdev_leave_out (InnDomain *domain, GString *notes)
{
  g_autoptr (GPtrArray) wanted = inn_domain_list (domain, "hostdev");
  g_autoptr (GPtrArray) devices = wanted->len > 0 ? vmh_usb_list (FALSE) : NULL;
  g_autoptr (InnDomain) left = NULL;

  for (guint i = 0; i < wanted->len; i++)
    {
      const VmhPlanUsb usb = vmh_plan_read_usb (wanted->pdata[i]);
      g_autofree char *id = inn_element_dup_id (wanted->pdata[i]);
      g_autofree char *label = inn_element_dup_label (wanted->pdata[i]);
      g_autoptr (InnElement) element = NULL;

      if (!inn_element_is (wanted->pdata[i], "startup", "optional") || is_there (devices, &usb))
        continue;
      if (!left)
        left = inn_domain_copy (domain);
      element = inn_domain_find (left, id);
      if (element)
        inn_domain_remove (element);
      g_string_append_printf (notes, "vmm-helper: info: ");
      g_string_append_printf (notes, _ ("%s is not plugged in. The machine starts without it."),
                              label);
      g_string_append_c (notes, '\n');
    }
  return left ? g_steal_pointer (&left) : inn_domain_ref (domain);
}

gboolean
vmh_hostdev_is_awaited (InnDomain *domain, const InnChange *change)
{
  g_autoptr (InnElement) element = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  VmhPlanUsb usb;

  if (change->field || !change->kind || !change->after ||
      !g_str_equal (change->kind->name, "hostdev"))
    return FALSE;
  element = inn_domain_find (domain, change->id);
  if (!element)
    return FALSE;
  usb = vmh_plan_read_usb (element);
  devices = vmh_usb_list (FALSE);
  return usb.by_model && !is_there (devices, &usb);
}

GPtrArray *
vmh_hostdev_find_gone (VmhMachine *machine, GPtrArray *devices)
{
  InnDomain *live = vmh_machine_get_live (machine);
  g_autoptr (InnDomain) left = inn_domain_copy (live);
  GHashTableIter iter;
  const char *id;
  const Place *place;

  g_hash_table_iter_init (&iter, get_places (machine));
  while (g_hash_table_iter_next (&iter, (gpointer *)&id, (gpointer *)&place))
    {
      g_autoptr (InnElement) element = inn_domain_find (left, id);
      const VmhPlanUsb there = { .bus = place->bus, .device = place->device };

      if (!element)
        g_hash_table_iter_remove (&iter); /* its plugging was broken off */
      else if (!is_there (devices, &there))
        inn_domain_remove (element);
    }
  return inn_domain_diff (live, left);
}

GPtrArray *
vmh_hostdev_find_come (VmhMachine *machine, GPtrArray *devices)
{
  InnDomain *domain = vmh_machine_get_domain (machine);
  GPtrArray *changes = inn_domain_diff (vmh_machine_get_live (machine), domain);
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());

  for (guint i = changes->len; i > 0; i--)
    {
      const InnChange *change = changes->pdata[i - 1];
      g_autoptr (InnElement) element = inn_domain_find (domain, change->id);
      gboolean comes = FALSE;

      if (!change->field && change->after && element &&
          g_str_equal (element->kind->name, "hostdev"))
        {
          const VmhPlanUsb usb = vmh_plan_read_usb (element);

          for (guint j = 0; j < devices->len && !comes; j++)
            comes = vmh_usb_is_meant (&usb, devices->pdata[j]) &&
                    !find_element (machine, devices->pdata[j], NULL) &&
                    !find_holder (machines, machine, devices->pdata[j]);
        }
      if (!comes)
        g_ptr_array_remove_index (changes, i - 1);
    }
  return changes;
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

static void
add_pci_row (GVariantBuilder *rows, VmhCall *call, GPtrArray *machines, const VmhPciDevice *device)
{
  VmhRegistry *registry = vmh_manager_get_registry (vmh_manager_get ());
  g_autofree char *uuid = vmh_hostpci_dup_holder (device->address);
  g_autofree char *problem = g_strdup (device->problem);
  VmhMachine *holder = NULL;

  for (guint i = 0; uuid && i < machines->len; i++)
    if (g_str_equal (vmh_machine_get_uuid (machines->pdata[i]), uuid) &&
        vmh_registry_sees (registry, call, machines->pdata[i]))
      holder = machines->pdata[i];
  if (uuid && !problem)
    problem = holder ? g_strdup_printf (_ ("“%s” has it."), vmh_machine_get_name (holder))
                     : g_strdup (_ ("Another user’s machine has it."));
  g_variant_builder_open (rows, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (rows, "{sv}", "type",
                         g_variant_new_string (device->mediated ? "mdev" : "pci"));
  g_variant_builder_add (rows, "{sv}", "name", g_variant_new_string (device->name));
  g_variant_builder_add (rows, "{sv}", device->mediated ? "uuid" : "address",
                         g_variant_new_string (device->address));
  if (!device->mediated)
    {
      g_variant_builder_add (rows, "{sv}", "vendor", g_variant_new_uint32 (device->vendor));
      g_variant_builder_add (rows, "{sv}", "product", g_variant_new_uint32 (device->product));
      g_variant_builder_add (rows, "{sv}", "class", g_variant_new_uint32 (device->class));
    }
  if (device->parent)
    g_variant_builder_add (rows, "{sv}", "parent", g_variant_new_string (device->parent));
  if (device->driver)
    g_variant_builder_add (rows, "{sv}", "driver", g_variant_new_string (device->driver));
  if (device->group >= 0)
    g_variant_builder_add (rows, "{sv}", "group", g_variant_new_uint32 ((guint)device->group));
  if (*device->sharing)
    g_variant_builder_add (rows, "{sv}", "sharing",
                           g_variant_new_strv ((const char *const *)device->sharing, -1));
  if (problem)
    g_variant_builder_add (rows, "{sv}", "problem", g_variant_new_string (problem));
  if (holder)
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
  g_autoptr (GPtrArray) cards = NULL;
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
  cards = vmh_pci_list (vmh_store_is_system ());
  for (guint i = 0; i < cards->len; i++)
    add_pci_row (&rows, call, machines, cards->pdata[i]);
  vmh_call_return (call, g_variant_new ("(@aa{sv})", g_variant_builder_end (&rows)));
}
