/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "guest/inn-password-dialog.h"

#include "inn-report.h"

#include <glib/gi18n.h>

typedef struct
{
  InnGuest *guest;
  GWeakRef near;
  AdwMessageDialog *dialog;
  GtkEditable *user, *password, *again; /* the dialog's */
  char *name;                           /* of whom it was set */
} Password;

static void
password_free (gpointer data)
{
  Password *self = data;

  g_weak_ref_clear (&self->near);
  g_object_unref (self->guest);
  g_free (self->name);
  g_free (self);
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer data)
{
  Password *self = data;
  g_autoptr (GtkWidget) near = g_weak_ref_get (&self->near);
  g_autoptr (GError) error = NULL;
  const gboolean done = inn_guest_do_finish (self->guest, result, &error);
  g_autofree char *text = g_strdup_printf (done ? _ ("“%s” has another password")
                                                : _ ("The password of “%s” could not be set"),
                                           self->name);

  if (near != NULL && done)
    inn_report_note (near, text);
  else if (near != NULL)
    inn_report_error (near, text, error);
  password_free (self);
}

static void
on_response (Password *self, const char *response)
{
  /* libadwaita 1.2's password row listens to the focus of its text longer than it lives. */
  gtk_window_set_focus (GTK_WINDOW (self->dialog), NULL);
  /* The dialog's end must not find us gone. */
  g_signal_handlers_disconnect_by_data (self->user, self);
  g_signal_handlers_disconnect_by_data (self->password, self);
  g_signal_handlers_disconnect_by_data (self->again, self);
  if (!g_str_equal (response, "set"))
    {
      password_free (self);
      return;
    }
  self->name = g_strdup (gtk_editable_get_text (self->user));
  inn_guest_set_password_async (self->guest, self->name, gtk_editable_get_text (self->password),
                                NULL, on_set, self);
}

static void
on_changed (Password *self)
{
  const char *password = gtk_editable_get_text (self->password);
  const char *again = gtk_editable_get_text (self->again);
  const gboolean differ = *again != '\0' && !g_str_equal (password, again);

  if (differ)
    gtk_widget_add_css_class (GTK_WIDGET (self->again), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->again), "error");
  adw_message_dialog_set_response_enabled (self->dialog, "set",
                                           *gtk_editable_get_text (self->user) != '\0' &&
                                               *password != '\0' && g_str_equal (password, again));
}

static GtkEditable *
add_row (Password *self, GtkWidget *list, GtkWidget *row, const char *title)
{
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  gtk_list_box_append (GTK_LIST_BOX (list), row);
  g_signal_connect_swapped (row, "changed", G_CALLBACK (on_changed), self);
  g_signal_connect (row, "entry-activated", G_CALLBACK (gtk_widget_activate_default), NULL);
  return GTK_EDITABLE (row);
}

void
inn_password_dialog_show (GtkWidget *near, InnGuest *guest, const char *name, const char *user)
{
  Password *self = g_new0 (Password, 1);
  GtkWidget *list = gtk_list_box_new ();
  g_autofree char *body =
      g_strdup_printf (_ ("A user of the system in “%s” gets another password at once. The old one "
                          "is not needed."),
                       name);

  self->guest = g_object_ref (guest);
  g_weak_ref_init (&self->near, near);
  self->dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (GTK_WINDOW (gtk_widget_get_root (near)), _ ("Set a Password"), body));
  adw_message_dialog_add_responses (self->dialog, "cancel", _ ("_Cancel"), "set",
                                    _ ("_Set Password"), NULL);
  adw_message_dialog_set_response_appearance (self->dialog, "set", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (self->dialog, "set");
  adw_message_dialog_set_close_response (self->dialog, "cancel");
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  self->user = add_row (self, list, adw_entry_row_new (), _ ("User"));
  self->password = add_row (self, list, adw_password_entry_row_new (), _ ("New Password"));
  self->again = add_row (self, list, adw_password_entry_row_new (), _ ("Once More"));
  adw_message_dialog_set_extra_child (self->dialog, list);
  gtk_editable_set_text (self->user, user);
  on_changed (self);
  g_signal_connect_swapped (self->dialog, "response", G_CALLBACK (on_response), self);
  gtk_window_present (GTK_WINDOW (self->dialog));
  gtk_widget_grab_focus (GTK_WIDGET (*user != '\0' ? self->password : self->user));
}
