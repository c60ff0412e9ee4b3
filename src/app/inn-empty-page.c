/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What is shown where no machine is. Knows the connection only. */
#include "inn-empty-page.h"

#include <glib/gi18n.h>

struct _InnEmptyPage
{
  GtkWidget parent_instance;

  GtkStack *stack;
  AdwStatusPage *failed;
  AdwStatusPage *none_yet;
  GtkWidget *retry;

  InnConnection *connection;
  GSignalGroup *connection_signals;
  GSignalGroup *machines_signals;
};

G_DEFINE_FINAL_TYPE (InnEmptyPage, inn_empty_page, GTK_TYPE_WIDGET)

static void
show (InnEmptyPage *self)
{
  const GError *error = inn_connection_get_error (self->connection);
  const char *page = "choose";

  if (g_list_model_get_n_items (inn_connection_get_machines (self->connection)) == 0)
    switch (inn_connection_get_state (self->connection))
      {
      case INN_CONNECTION_CONNECTING:
        page = "connecting";
        break;
      case INN_CONNECTION_FAILED:
        page = "failed";
        break;
      case INN_CONNECTION_READY:
        page = "empty";
        break;
      }
  if (error != NULL)
    {
      g_autofree char *escaped = g_markup_escape_text (error->message, -1);

      adw_status_page_set_description (self->failed, escaped);
    }
  gtk_widget_set_visible (self->retry, inn_connection_can_retry (self->connection));
  adw_status_page_set_description (
      self->none_yet,
      g_str_equal (inn_connection_get_mode (self->connection), "system")
          ? _ ("Choose an installation medium or a disk image, and Innkeeper fills in the rest. "
               "Machines of the whole system need an administrator’s password to be made.")
          : _ ("Choose an installation medium or a disk image. Innkeeper fills in the rest."));
  gtk_stack_set_visible_child_name (self->stack, page);
}

static void
on_retry_clicked (InnEmptyPage *self)
{
  inn_connection_retry (self->connection);
}

static void
inn_empty_page_dispose (GObject *object)
{
  InnEmptyPage *self = INN_EMPTY_PAGE (object);
  GtkWidget *child;

  g_clear_object (&self->connection_signals);
  g_clear_object (&self->machines_signals);
  g_clear_object (&self->connection);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_empty_page_parent_class)->dispose (object);
}

static void
inn_empty_page_class_init (InnEmptyPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_empty_page_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/inn-empty-page.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnEmptyPage, stack);
  gtk_widget_class_bind_template_child (widget_class, InnEmptyPage, failed);
  gtk_widget_class_bind_template_child (widget_class, InnEmptyPage, none_yet);
  gtk_widget_class_bind_template_child (widget_class, InnEmptyPage, retry);
  gtk_widget_class_bind_template_callback (widget_class, on_retry_clicked);
}

static void
inn_empty_page_init (InnEmptyPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->connection_signals = g_signal_group_new (INN_TYPE_CONNECTION);
  g_signal_group_connect_swapped (self->connection_signals, "notify", G_CALLBACK (show), self);
  self->machines_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_swapped (self->machines_signals, "items-changed", G_CALLBACK (show), self);
}

void
inn_empty_page_set_connection (InnEmptyPage *self, InnConnection *connection)
{
  g_return_if_fail (INN_IS_EMPTY_PAGE (self));
  g_return_if_fail (INN_IS_CONNECTION (connection));

  if (!g_set_object (&self->connection, connection))
    return;
  g_signal_group_set_target (self->connection_signals, connection);
  g_signal_group_set_target (self->machines_signals, inn_connection_get_machines (connection));
  show (self);
}

const char *
inn_empty_page_get_shown (InnEmptyPage *self)
{
  g_return_val_if_fail (INN_IS_EMPTY_PAGE (self), NULL);

  return gtk_stack_get_visible_child_name (self->stack);
}
