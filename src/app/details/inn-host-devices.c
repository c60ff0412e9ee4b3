/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-host-devices.h"

#include "shared/inn-names.h"

#include <glib/gi18n.h>

#define AGAIN_MS 2000

struct _InnHostDevices
{
  AdwExpanderRow parent_instance;

  InnDraft *draft;
  InnElement *element;
  GCancellable *cancellable;
  GPtrArray *rows;    /* that are there, owned by their parent */
  GPtrArray *choices; /* GtkCheckButton, owned by their rows */
  GVariant *listed;   /* what they show; NULL: nothing yet */
  guint tick;         /* while it is on the screen: devices come and go */
  gboolean asked;
  gboolean showing;
};

G_DEFINE_FINAL_TYPE (InnHostDevices, inn_host_devices, ADW_TYPE_EXPANDER_ROW)

/* What is kept with each choice. */
typedef struct
{
  char *name;
  guint vendor, product;
  guint bus, device; /* of USB */
  gboolean twin;     /* another one of that model is plugged in */
  char *address;     /* of PCI; else NULL */
  GStrv sharing;     /* addresses of those that go only together with it */
  char *uuid;        /* of a mediated one; else NULL */
  char *parent;      /* what that is a share of; NULL: not known */
} Device;

static void
device_free (gpointer data)
{
  Device *device = data;

  g_free (device->name);
  g_free (device->address);
  g_strfreev (device->sharing);
  g_free (device->uuid);
  g_free (device->parent);
  g_free (device);
}

static const Device *
get_device (gpointer choice)
{
  return g_object_get_data (choice, "inn-device");
}

static guint64
read_number (InnHostDevices *self, const char *field, guint base)
{
  g_autofree char *text = inn_element_dup (self->element, field);

  return text != NULL ? g_ascii_strtoull (text, NULL, base) : 0;
}

static gboolean
is_pci (InnHostDevices *self)
{
  return g_str_equal (self->element->kind->name, "hostpci");
}

static gboolean
is_mediated (InnHostDevices *self)
{
  return g_str_equal (self->element->kind->name, "hostmdev");
}

static gboolean
is_any_chosen (InnHostDevices *self)
{
  if (is_mediated (self))
    return inn_element_has (self->element, "uuid");
  return (!is_pci (self) && inn_element_has (self->element, "vendor")) ||
         inn_element_has (self->element, "bus");
}

static gboolean
is_chosen_pci (InnHostDevices *self, const Device *device)
{
  g_autofree char *address =
      g_strdup_printf ("%04x:%02x:%02x.%x", (guint)read_number (self, "domain", 0),
                       (guint)read_number (self, "bus", 0), (guint)read_number (self, "slot", 0),
                       (guint)read_number (self, "function", 0));

  return is_any_chosen (self) && g_str_equal (address, device->address);
}

static gboolean
is_chosen_share (InnHostDevices *self, const Device *device)
{
  g_autofree char *uuid = inn_element_dup (self->element, "uuid");

  return uuid != NULL && g_ascii_strcasecmp (uuid, device->uuid) == 0;
}

static gboolean
is_chosen_usb (InnHostDevices *self, const Device *device)
{
  gboolean model = inn_element_has (self->element, "vendor");
  gboolean place = inn_element_has (self->element, "bus");

  return (model || place) &&
         (!model || (read_number (self, "vendor", 16) == device->vendor &&
                     read_number (self, "product", 16) == device->product)) &&
         (!place || (read_number (self, "bus", 10) == device->bus &&
                     read_number (self, "device", 10) == device->device));
}

static gboolean
is_chosen (InnHostDevices *self, const Device *device)
{
  if (device->uuid != NULL)
    return is_chosen_share (self, device);
  if (device->address != NULL)
    return is_chosen_pci (self, device);
  return is_chosen_usb (self, device);
}

static const char *
get_subtitle (InnHostDevices *self)
{
  if (is_mediated (self))
    return is_any_chosen (self) ? _ ("Not there now") : _ ("Choose one that is there");
  return is_any_chosen (self) ? _ ("Not plugged in now") : _ ("Choose one that is plugged in");
}

static void
show (InnHostDevices *self)
{
  const char *subtitle = get_subtitle (self);
  g_autofree char *escaped = NULL; /* a device's own words are no markup */

  self->showing = TRUE;
  for (guint i = 0; i < self->choices->len; i++)
    {
      const Device *device = get_device (self->choices->pdata[i]);
      gboolean chosen = is_chosen (self, device);

      gtk_check_button_set_active (self->choices->pdata[i], chosen);
      if (chosen)
        subtitle = device->name;
    }
  escaped = g_markup_escape_text (subtitle, -1);
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (self), escaped);
  self->showing = FALSE;
}

static void
set (InnHostDevices *self, const char *field, const char *text)
{
  inn_draft_set (self->draft, self->element, inn_kind_find (self->element->kind, field), text,
                 NULL);
}

static void
on_edited (InnHostDevices *self)
{
  if (!self->showing)
    show (self);
}

/* By its place: "0000:03:00.0". */
static void
set_address (InnHostDevices *self, const char *address)
{
  static const char *const fields[] = { "domain", "bus", "slot", "function" };
  g_auto (GStrv) parts = g_strsplit_set (address, ":.", -1);

  for (guint i = 0; i < G_N_ELEMENTS (fields) && parts[i] != NULL; i++)
    {
      g_autofree char *text = g_strconcat ("0x", parts[i], NULL);

      set (self, fields[i], text);
    }
}

/* By its model, so that it is found again wherever it is plugged in; one of two alike by its place.
 */
static void
set_model (InnHostDevices *self, const Device *device)
{
  g_autofree char *vendor = g_strdup_printf ("0x%04x", device->vendor);
  g_autofree char *product = g_strdup_printf ("0x%04x", device->product);
  g_autofree char *bus = g_strdup_printf ("%u", device->bus);
  g_autofree char *number = g_strdup_printf ("%u", device->device);

  set (self, "vendor", device->twin ? NULL : vendor);
  set (self, "product", device->twin ? NULL : product);
  set (self, "bus", device->twin ? bus : NULL);
  set (self, "device", device->twin ? number : NULL);
}

static void
on_toggled (InnHostDevices *self, GtkCheckButton *choice)
{
  const Device *device = get_device (choice);

  if (self->showing || !gtk_check_button_get_active (choice))
    return;
  self->showing = TRUE; /* half of it is nothing to show */
  if (device->uuid != NULL)
    set (self, "uuid", device->uuid);
  else if (device->address != NULL)
    set_address (self, device->address);
  else
    set_model (self, device);
  show (self);
}

/* What it is beside its name. */
static char *
dup_facts (const Device *device)
{
  g_autofree char *together = NULL;

  if (device->uuid != NULL && device->parent != NULL)
    return g_strdup_printf (_ ("%s, a share of %s"), device->uuid, device->parent);
  if (device->uuid != NULL)
    return g_strdup (device->uuid);
  if (device->address == NULL)
    return g_strdup_printf ("%04x:%04x", device->vendor, device->product);
  if (device->sharing == NULL)
    return g_strdup (device->address);
  together = g_strjoinv (", ", device->sharing);
  return g_strdup_printf (_ ("%s, only together with %s"), device->address, together);
}

static void
add_row (InnHostDevices *self, GtkWidget *row)
{
  g_ptr_array_add (self->rows, row);
  adw_expander_row_add_row (ADW_EXPANDER_ROW (self), row);
}

static void
add_choice (InnHostDevices *self, Device *device, const char *problem)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *choice = gtk_check_button_new ();
  g_autofree char *title = g_markup_escape_text (device->name, -1);
  g_autofree char *facts = dup_facts (device);
  g_autofree char *subtitle = g_markup_escape_text (problem != NULL ? problem : facts, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  gtk_widget_set_valign (choice, GTK_ALIGN_CENTER);
  if (self->choices->len > 0)
    gtk_check_button_set_group (GTK_CHECK_BUTTON (choice), self->choices->pdata[0]);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), choice);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), choice);
  g_object_set_data_full (G_OBJECT (choice), "inn-device", device, device_free);
  gtk_widget_set_sensitive (row, problem == NULL || is_chosen (self, device));
  g_signal_connect_object (choice, "toggled", G_CALLBACK (on_toggled), self, G_CONNECT_SWAPPED);
  g_ptr_array_add (self->choices, choice);
  add_row (self, row);
}

static void
mark_twins (InnHostDevices *self)
{
  for (guint i = 0; i < self->choices->len; i++)
    {
      Device *device = (Device *)get_device (self->choices->pdata[i]);

      for (guint j = 0; j < self->choices->len; j++)
        {
          const Device *other = get_device (self->choices->pdata[j]);

          if (i != j && other->vendor == device->vendor && other->product == device->product)
            device->twin = TRUE;
        }
    }
}

static void
add_nothing (InnHostDevices *self, const char *why)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *title = g_markup_escape_text (why, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  gtk_widget_set_sensitive (row, FALSE);
  add_row (self, row);
}

static void
clear_rows (InnHostDevices *self)
{
  g_ptr_array_set_size (self->choices, 0);
  for (guint i = 0; i < self->rows->len; i++)
    adw_expander_row_remove (ADW_EXPANDER_ROW (self), self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
}

/* Whether it is one of the kind that is looked for. */
static gboolean
read_place (InnHostDevices *self, GVariant *facts, Device *device)
{
  if (is_mediated (self))
    return g_variant_lookup (facts, "uuid", "s", &device->uuid);
  return g_variant_lookup (facts, "vendor", "u", &device->vendor) &&
         g_variant_lookup (facts, "product", "u", &device->product) &&
         (is_pci (self) ? g_variant_lookup (facts, "address", "s", &device->address)
                        : g_variant_lookup (facts, "bus", "u", &device->bus) &&
                              g_variant_lookup (facts, "device", "u", &device->device));
}

/* NULL: it is no device of the kind that is looked for. */
static Device *
read_device (InnHostDevices *self, GVariant *facts)
{
  Device *device = g_new0 (Device, 1);

  if (g_variant_lookup (facts, "name", "s", &device->name) && read_place (self, facts, device))
    {
      g_variant_lookup (facts, "sharing", "^as", &device->sharing);
      g_variant_lookup (facts, "parent", "s", &device->parent);
      return device;
    }
  device_free (device);
  return NULL;
}

static const char *
get_absence (InnHostDevices *self)
{
  if (is_mediated (self))
    return _ ("This computer has no mediated device. Where a card of it can be shared, an "
              "administrator makes one with “mdevctl”.");
  return is_pci (self) ? _ ("This computer has no PCI device to hand on.")
                       : _ ("No USB device is plugged into this computer.");
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnHostDevices) self = g_weak_ref_get (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, &error);
  g_autoptr (GVariantIter) iter = NULL;
  GVariant *facts;

  g_weak_ref_clear (data);
  g_free (data);
  if (self == NULL) /* the page has gone */
    return;
  self->asked = FALSE;
  if (self->listed != NULL && (reply == NULL || g_variant_equal (reply, self->listed)))
    return;
  clear_rows (self);
  if (reply == NULL || !g_variant_is_of_type (reply, G_VARIANT_TYPE ("(aa{sv})")))
    {
      add_nothing (self, error != NULL ? error->message : _ ("It is not known what there is."));
      return;
    }
  self->showing = TRUE; /* what is made is not chosen by anybody */
  g_clear_pointer (&self->listed, g_variant_unref);
  self->listed = g_variant_ref (reply);
  g_variant_get (reply, "(aa{sv})", &iter);
  while (g_variant_iter_loop (iter, "@a{sv}", &facts))
    {
      Device *device = read_device (self, facts);
      g_autofree char *problem = NULL;

      g_variant_lookup (facts, "problem", "s", &problem);
      if (device != NULL)
        add_choice (self, device, problem);
    }
  if (self->choices->len == 0)
    add_nothing (self, get_absence (self));
  mark_twins (self);
  show (self);
}

static gboolean
ask (gpointer data)
{
  InnHostDevices *self = data;
  InnMachine *machine = inn_draft_get_machine (self->draft);
  GWeakRef *weak;

  if (self->asked || machine == NULL)
    return G_SOURCE_CONTINUE;
  self->asked = TRUE;
  /* An answer on its way keeps no row: its element goes with the page. */
  weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  inn_connection_call_full_async (
      inn_machine_get_connection (machine), INN_MANAGER_PATH, INN_IFACE_MANAGER, "ListHostDevices",
      g_variant_new ("(a{sv})", NULL), NULL, INN_CALL_QUIET, self->cancellable, on_listed, weak);
  return G_SOURCE_CONTINUE;
}

static void
inn_host_devices_map (GtkWidget *widget)
{
  InnHostDevices *self = INN_HOST_DEVICES (widget);

  GTK_WIDGET_CLASS (inn_host_devices_parent_class)->map (widget);
  ask (self);
  self->tick = g_timeout_add (AGAIN_MS, ask, self);
}

static void
inn_host_devices_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&INN_HOST_DEVICES (widget)->tick, g_source_remove);
  GTK_WIDGET_CLASS (inn_host_devices_parent_class)->unmap (widget);
}

static void
inn_host_devices_dispose (GObject *object)
{
  InnHostDevices *self = INN_HOST_DEVICES (object);

  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_pointer (&self->listed, g_variant_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->choices, g_ptr_array_unref);
  g_clear_pointer (&self->element, inn_element_free);
  g_clear_object (&self->draft);
  G_OBJECT_CLASS (inn_host_devices_parent_class)->dispose (object);
}

static void
inn_host_devices_class_init (InnHostDevicesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = inn_host_devices_dispose;
  GTK_WIDGET_CLASS (klass)->map = inn_host_devices_map;
  GTK_WIDGET_CLASS (klass)->unmap = inn_host_devices_unmap;
}

static void
inn_host_devices_init (InnHostDevices *self)
{
  self->rows = g_ptr_array_new ();
  self->choices = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
}

GtkWidget *
inn_host_devices_new (InnDraft *draft, const InnElement *element)
{
  InnHostDevices *self = g_object_new (INN_TYPE_HOST_DEVICES, "title", _ ("Device"), NULL);

  self->draft = g_object_ref (draft);
  self->element = inn_element_copy (element);
  gtk_widget_set_name (GTK_WIDGET (self), "host-devices");
  show (self);
  g_signal_connect_object (draft, "edited", G_CALLBACK (on_edited), self, G_CONNECT_SWAPPED);
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (self), !is_any_chosen (self));
  if (inn_draft_get_machine (draft) == NULL)
    add_nothing (self, _ ("It can be chosen when the machine is made."));
  return GTK_WIDGET (self);
}
