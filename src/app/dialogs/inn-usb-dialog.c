/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-usb-dialog.h"

#include "inn-page-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include "app/inn-report.h"
#include "client/inn-usb.h"
#include "shared/inn-errors.h"
#include "shared/inn-names.h"

#define AGAIN_MS 2000

typedef struct
{
  GtkWindow *window; /* it has us */
  AdwPreferencesGroup *group;
  InnMachine *machine;
  InnUsb *usb;
  GCancellable *cancellable;
  GPtrArray *rows;  /* owned by the group */
  GVariant *listed; /* what they show; NULL: nothing yet */
  guint tick;       /* devices come and go */
  gboolean asked, showing;
} Dialog;

static void
dialog_free (gpointer data)
{
  Dialog *dialog = data;

  g_clear_handle_id (&dialog->tick, g_source_remove);
  g_cancellable_cancel (dialog->cancellable);
  g_object_unref (dialog->cancellable);
  g_clear_pointer (&dialog->listed, g_variant_unref);
  g_ptr_array_unref (dialog->rows);
  g_object_unref (dialog->machine);
  g_free (dialog);
}

static AdwActionRow *
add_row (Dialog *dialog, const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 3);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_preferences_group_add (dialog->group, row);
  g_ptr_array_add (dialog->rows, row);
  return ADW_ACTION_ROW (row);
}

/* ---- a switch ---- */

static guint
get_key (gpointer toggle)
{
  return GPOINTER_TO_UINT (g_object_get_data (toggle, "inn-usb-key"));
}

static void
show_switches (Dialog *dialog)
{
  dialog->showing = TRUE;
  for (guint i = 0; i < dialog->rows->len; i++)
    {
      GtkWidget *toggle = adw_action_row_get_activatable_widget (dialog->rows->pdata[i]);

      if (toggle != NULL)
        gtk_switch_set_active (GTK_SWITCH (toggle), inn_usb_has (dialog->usb, get_key (toggle)));
    }
  dialog->showing = FALSE;
}

static void
on_changed (InnUsb *usb, guint key, const char *problem, GtkWindow *window)
{
  Dialog *dialog = g_object_get_data (G_OBJECT (window), "inn-usb-dialog");
  g_autoptr (GError) error = NULL;

  show_switches (dialog);
  if (problem == NULL)
    return;
  error = g_error_new_literal (INN_ERROR, INN_ERROR_FAILED, problem);
  inn_report_error (GTK_WIDGET (window), _ ("The USB device was taken back"), error);
}

static void
on_handed_on (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWindow) window = data;
  Dialog *dialog = g_object_get_data (G_OBJECT (window), "inn-usb-dialog");
  g_autoptr (GError) error = NULL;

  if (!inn_usb_hand_on_finish (INN_USB (source), result, &error))
    inn_report_error (GTK_WIDGET (window), _ ("The USB device could not be handed on"), error);
  show_switches (dialog);
}

static void
on_switched (GtkSwitch *toggle, GParamSpec *property, Dialog *dialog)
{
  const guint key = get_key (toggle);

  if (dialog->showing)
    return;
  if (gtk_switch_get_active (toggle))
    inn_usb_hand_on_async (dialog->usb, key >> 8, key & 0xff, on_handed_on,
                           g_object_ref (dialog->window));
  else
    inn_usb_take_back (dialog->usb, key);
}

/* ---- the list ---- */

/* What the helper has against it is of no account where the device is in this machine. */
static void
add_device (Dialog *dialog, GVariant *facts)
{
  g_autofree char *name = NULL;
  g_autofree char *machine = NULL;
  g_autofree char *problem = NULL;
  g_autofree char *number = NULL;
  guint32 bus, device, vendor = 0, product = 0, key;
  AdwActionRow *row;
  GtkWidget *toggle;

  if (!g_variant_lookup (facts, "name", "s", &name) ||
      !g_variant_lookup (facts, "bus", "u", &bus) ||
      !g_variant_lookup (facts, "device", "u", &device))
    return;
  g_variant_lookup (facts, "vendor", "u", &vendor);
  g_variant_lookup (facts, "product", "u", &product);
  key = inn_usb_key (bus, device);
  if (!inn_usb_has (dialog->usb, key))
    problem = g_variant_lookup (facts, "machine", "s", &machine)
                  ? g_strdup_printf (_ ("“%s” has it."), machine)
                  : inn_usb_dup_problem (bus, device);
  number = g_strdup_printf ("%04x:%04x", vendor, product);
  row = add_row (dialog, name, problem != NULL ? problem : number);
  toggle = gtk_switch_new ();
  gtk_widget_set_valign (toggle, GTK_ALIGN_CENTER);
  gtk_widget_set_sensitive (toggle, problem == NULL);
  g_object_set_data (G_OBJECT (toggle), "inn-usb-key", GUINT_TO_POINTER (key));
  g_signal_connect (toggle, "notify::active", G_CALLBACK (on_switched), dialog);
  gtk_accessible_update_property (GTK_ACCESSIBLE (toggle), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  adw_action_row_add_suffix (row, toggle);
  adw_action_row_set_activatable_widget (row, toggle);
}

static void
show_list (Dialog *dialog, GVariant *listed)
{
  GVariantIter iter;
  GVariant *facts;

  for (guint i = 0; i < dialog->rows->len; i++)
    adw_preferences_group_remove (dialog->group, dialog->rows->pdata[i]);
  g_ptr_array_set_size (dialog->rows, 0);
  g_variant_iter_init (&iter, listed);
  while (g_variant_iter_loop (&iter, "@a{sv}", &facts))
    {
      const char *type = "";

      g_variant_lookup (facts, "type", "&s", &type);
      if (g_str_equal (type, "usb"))
        add_device (dialog, facts);
    }
  if (dialog->rows->len == 0)
    add_row (dialog, _ ("Nothing is plugged in"), _ ("What you plug in now appears here."));
  show_switches (dialog);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GtkWindow) window = data;
  Dialog *dialog = g_object_get_data (G_OBJECT (window), "inn-usb-dialog");
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, NULL);
  g_autoptr (GVariant) listed = NULL;

  dialog->asked = FALSE;
  if (reply == NULL || !g_variant_is_of_type (reply, G_VARIANT_TYPE ("(aa{sv})")))
    return; /* it is asked again */
  listed = g_variant_get_child_value (reply, 0);
  if (dialog->listed != NULL && g_variant_equal (listed, dialog->listed))
    return;
  g_clear_pointer (&dialog->listed, g_variant_unref);
  dialog->listed = g_variant_ref (listed);
  show_list (dialog, listed);
}

static gboolean
ask (gpointer data)
{
  Dialog *dialog = data;
  InnConnection *connection = inn_machine_get_connection (dialog->machine);

  if (dialog->asked || connection == NULL)
    return G_SOURCE_CONTINUE;
  dialog->asked = TRUE;
  inn_connection_call_full_async (connection, INN_MANAGER_PATH, INN_IFACE_MANAGER,
                                  "ListHostDevices", g_variant_new ("(a{sv})", NULL), NULL,
                                  INN_CALL_QUIET, dialog->cancellable, on_listed,
                                  g_object_ref (dialog->window));
  return G_SOURCE_CONTINUE;
}

void
inn_usb_dialog_open (GtkWidget *near, InnMachine *machine)
{
  GtkRoot *root = gtk_widget_get_root (near);
  Dialog *dialog = g_new0 (Dialog, 1);
  AdwPreferencesPage *page = ADW_PREFERENCES_PAGE (adw_preferences_page_new ());
  GtkWidget *window = inn_page_dialog_new (GTK_WINDOW (root), _ ("USB Devices"), 460, 420, page);
  g_autofree char *text = g_strdup_printf (
      _ ("What is switched on is in “%s” instead of in this computer, until it is switched off or "
         "pulled out, or this program ends."),
      inn_machine_get_name (machine));
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  dialog->window = GTK_WINDOW (window);
  dialog->machine = g_object_ref (machine);
  dialog->usb = inn_usb_get (machine);
  dialog->cancellable = g_cancellable_new ();
  dialog->rows = g_ptr_array_new ();
  dialog->group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());
  g_object_set_data_full (G_OBJECT (window), "inn-usb-dialog", dialog, dialog_free);
  adw_preferences_group_set_description (dialog->group, escaped);
  adw_preferences_page_add (page, dialog->group);
  g_signal_connect_object (dialog->usb, "changed", G_CALLBACK (on_changed), window, 0);
  ask (dialog);
  dialog->tick = g_timeout_add (AGAIN_MS, ask, dialog);
  gtk_window_present (GTK_WINDOW (window));
}
