/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The main window. Ties the sidebar to the machine's view and offers the actions; what they do is
 * elsewhere. */
#include "inn-window.h"

#include "create/inn-create-dialog.h"
#include "create/inn-create-job.h"
#include "create/inn-drop.h"
#include "create/inn-import-dialog.h"
#include "client/inn-import.h"
#include "dialogs/inn-host-dialog.h"
#include "inn-application.h"
#include "inn-banner.h"
#include "inn-machine-view.h"
#include "inn-report.h"
#include "inn-seen.h"
#include "inn-verbs.h"
#include "sidebar/inn-sidebar.h"

#include <glib/gi18n.h>

struct _InnWindow
{
  AdwApplicationWindow parent_instance;

  AdwToastOverlay *toasts;
  AdwLeaflet *leaflet;
  InnSidebar *sidebar;
  InnMachineView *view;
  InnBanner *banner;

  InnConnection *connection;
  GSignalGroup *connection_signals;
  GSignalGroup *machines_signals;
  GSignalGroup *machine_signals;
  gboolean seen;           /* not minimized: pictures and statistics are worth asking for */
  InnCreateDialog *wizard; /* the one that is open, or NULL */
  InnImportDialog *import; /* likewise */
  char *awaited; /* path of the machine that the wizard makes, to be chosen when it is there */
};

G_DEFINE_FINAL_TYPE (InnWindow, inn_window, ADW_TYPE_APPLICATION_WINDOW)

static void
show_actions (InnWindow *self)
{
  InnMachine *machine = inn_machine_view_get_machine (self->view);
  guint n;
  const InnVerbAction *verbs = inn_verb_actions (&n);

  for (guint i = 0; i < n; i++)
    {
      GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), verbs[i].action);

      g_simple_action_set_enabled (G_SIMPLE_ACTION (action),
                                   machine != NULL && inn_machine_can (machine, verbs[i].verb));
    }
}

static gboolean
is_ready (InnWindow *self)
{
  return self->connection != NULL &&
         inn_connection_get_state (self->connection) == INN_CONNECTION_READY;
}

/* The machine that is shown and acted on. */
static void
set_machine (InnWindow *self, InnMachine *machine)
{
  inn_machine_view_set_machine (self->view, machine);
  g_signal_group_set_target (self->machine_signals, machine);
  show_actions (self);
  if (machine == NULL)
    adw_leaflet_set_visible_child_name (self->leaflet, "list");
}

static void
on_machine_notify (InnWindow *self)
{
  InnMachine *machine = inn_sidebar_get_machine (self->sidebar);
  InnMachine *shown = inn_machine_view_get_machine (self->view);

  /* A search that does not find it takes it from the list, not from the person's eyes. */
  if (machine == NULL && shown != NULL &&
      inn_connection_lookup_machine (self->connection, inn_machine_get_path (shown)) == shown)
    return;
  set_machine (self, machine);
}

/* A person with room for both sees the first machine at once. */
static void
choose_first (InnWindow *self)
{
  if (inn_machine_view_get_machine (self->view) == NULL && !adw_leaflet_get_folded (self->leaflet))
    inn_sidebar_choose_first (self->sidebar);
}

static void
on_machines_changed (InnWindow *self, guint position, guint removed, guint added, GListModel *list)
{
  for (guint i = position; i < position + added && self->awaited != NULL; i++)
    {
      g_autoptr (InnMachine) machine = g_list_model_get_item (list, i);

      if (g_str_equal (inn_machine_get_path (machine), self->awaited))
        inn_window_show_machine (self, machine);
    }
  on_machine_notify (self); /* the one that is shown may be gone */
  choose_first (self);
}

/* The helper has gone while its machines were shown. They go on running, and so does the list. */
static void
show_banner (InnWindow *self)
{
  const GError *error = inn_connection_get_error (self->connection);
  GListModel *machines = inn_connection_get_machines (self->connection);
  g_autofree char *text = NULL;

  if (g_list_model_get_n_items (machines) > 0 &&
      inn_connection_get_state (self->connection) != INN_CONNECTION_READY)
    text = g_strdup_printf (
        "%s %s", error != NULL ? error->message : _ ("The connection to the helper is lost."),
        inn_connection_is_trying (self->connection)
            ? _ ("Machines go on running; Innkeeper connects again by itself.")
            : _ ("Machines go on running."));
  inn_banner_set (self->banner, text,
                  inn_connection_can_retry (self->connection) ? _ ("_Try Now") : NULL);
}

static void
on_banner_clicked (InnWindow *self)
{
  inn_connection_retry (self->connection);
}

static void
on_connection_state (InnWindow *self)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), "new");

  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), is_ready (self));
  action = g_action_map_lookup_action (G_ACTION_MAP (self), "import");
  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), is_ready (self));
  action = g_action_map_lookup_action (G_ACTION_MAP (self), "host");
  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), is_ready (self));
  show_banner (self);
}

static void
on_sidebar_opened (InnWindow *self)
{
  adw_leaflet_set_visible_child_name (self->leaflet, "machine");
}

static void
on_view_back (InnWindow *self)
{
  adw_leaflet_set_visible_child_name (self->leaflet, "list");
}

static void
on_folded_notify (InnWindow *self)
{
  gboolean folded = adw_leaflet_get_folded (self->leaflet);

  inn_sidebar_set_folded (self->sidebar, folded);
  inn_machine_view_set_folded (self->view, folded);
}

static void
on_created (InnWindow *self, const char *path)
{
  g_free (self->awaited);
  self->awaited = g_strdup (path);
  if (self->connection != NULL)
    {
      GListModel *machines = inn_connection_get_machines (self->connection);

      on_machines_changed (self, 0, 0, g_list_model_get_n_items (machines), machines);
    }
}

static void
on_left_ended (InnWindow *self, const GError *error, InnCreateJob *job)
{
  const char *name = g_object_get_data (G_OBJECT (job), "inn-name");
  g_autofree char *heading = g_strdup_printf (_ ("“%s” could not be made"), name);

  if (error != NULL)
    inn_report_error (GTK_WIDGET (self), heading, error);
  else
    on_created (self, inn_create_job_get_machine (job));
}

/* The wizard is closed, but its machine is still being made. */
static void
on_wizard_left (InnWindow *self, InnCreateJob *job, const char *name)
{
  g_object_set_data_full (G_OBJECT (job), "inn-name", g_strdup (name), g_free);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_left_ended), self, G_CONNECT_SWAPPED);
}

/* What it still waits for may keep it alive, but a window that was closed cannot be used again. */
static void
on_dialog_closed (InnWindow *self, GtkWidget *dialog)
{
  if (dialog == (GtkWidget *)self->wizard)
    g_clear_weak_pointer (&self->wizard);
  if (dialog == (GtkWidget *)self->import)
    g_clear_weak_pointer (&self->import);
}

/* What makes machines, and goes on when it is closed meanwhile. */
static void
follow (InnWindow *self, GtkWidget *dialog)
{
  g_signal_connect_object (dialog, "unrealize", G_CALLBACK (on_dialog_closed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (dialog, "created", G_CALLBACK (on_created), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dialog, "left", G_CALLBACK (on_wizard_left), self, G_CONNECT_SWAPPED);
}

static void
show_import (InnWindow *self, GFile *file)
{
  if (self->import == NULL)
    {
      GtkWidget *dialog = inn_import_dialog_new (GTK_WINDOW (self), self->connection);

      g_set_weak_pointer (&self->import, INN_IMPORT_DIALOG (dialog));
      follow (self, dialog);
    }
  gtk_window_present (GTK_WINDOW (self->import));
  if (file != NULL)
    inn_import_dialog_open (self->import, file);
}

static void
on_file_dropped (GFile *file, gpointer data)
{
  inn_window_create_from (INN_WINDOW (data), file);
}

static void
on_new_activate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  inn_window_create_from (INN_WINDOW (data), NULL);
}

static void
on_import_activate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  show_import (INN_WINDOW (data), NULL);
}

static void
on_search_activate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnWindow *self = INN_WINDOW (data);

  adw_leaflet_set_visible_child_name (self->leaflet, "list");
  inn_sidebar_search (self->sidebar);
}

static void
on_host_activate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnWindow *self = INN_WINDOW (data);

  gtk_window_present (GTK_WINDOW (inn_host_dialog_new (GTK_WINDOW (self), self->connection)));
}

static void
on_tab_activate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnWindow *self = INN_WINDOW (data);

  inn_machine_view_show_tab (self->view, g_variant_get_string (parameter, NULL));
}

static void
on_verb_activate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  InnWindow *self = INN_WINDOW (data);
  InnMachine *machine = inn_machine_view_get_machine (self->view);
  guint n;
  const InnVerbAction *verbs = inn_verb_actions (&n);

  for (guint i = 0; i < n && machine != NULL; i++)
    if (g_str_equal (verbs[i].action, g_action_get_name (G_ACTION (action))))
      inn_verb_run (&verbs[i], machine, GTK_WIDGET (self));
}

/* Pictures and statistics cost the helper something: only while somebody can see them. */
static void
set_seen (InnWindow *self, gboolean seen)
{
  self->seen = seen;
  inn_sidebar_set_active (self->sidebar, seen);
  if (self->connection != NULL)
    inn_connection_set_statistics (self->connection, seen);
}

static void
on_surface_state (InnWindow *self)
{
  set_seen (self, inn_seen_is (GTK_WIDGET (self)));
}

static void
inn_window_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (inn_window_parent_class)->map (widget);
  inn_seen_watch (widget, G_CALLBACK (on_surface_state));
  set_seen (INN_WINDOW (widget), TRUE);
}

static void
inn_window_unmap (GtkWidget *widget)
{
  inn_seen_forget (widget, G_CALLBACK (on_surface_state));
  set_seen (INN_WINDOW (widget), FALSE);
  GTK_WIDGET_CLASS (inn_window_parent_class)->unmap (widget);
}

static void
set_connection (InnWindow *self, GBusType bus_type)
{
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (self));
  InnConnection *connection =
      inn_application_get_connection (INN_APPLICATION (application), bus_type);

  if (self->connection == connection)
    return;
  if (self->connection != NULL)
    inn_connection_set_statistics (self->connection, FALSE);
  g_set_object (&self->connection, connection);
  inn_connection_set_statistics (connection, self->seen);
  inn_sidebar_set_title (self->sidebar,
                         bus_type == G_BUS_TYPE_SYSTEM ? _ ("System Machines") : _ ("My Machines"));
  inn_sidebar_set_connection (self->sidebar, connection);
  inn_machine_view_set_connection (self->view, connection);
  g_signal_group_set_target (self->connection_signals, connection);
  g_signal_group_set_target (self->machines_signals, inn_connection_get_machines (connection));
  on_machines_changed (self, 0, 0, 0, inn_connection_get_machines (connection));
  on_connection_state (self);
}

static void
on_connection_change (GSimpleAction *action, GVariant *value, gpointer data)
{
  g_simple_action_set_state (action, value);
  set_connection (INN_WINDOW (data), g_str_equal (g_variant_get_string (value, NULL), "system")
                                         ? G_BUS_TYPE_SYSTEM
                                         : G_BUS_TYPE_SESSION);
}

static void
add_actions (InnWindow *self)
{
  static const GActionEntry entries[] = {
    { .name = "new", .activate = on_new_activate },
    { .name = "import", .activate = on_import_activate },
    { .name = "host", .activate = on_host_activate },
    { .name = "search", .activate = on_search_activate },
    { .name = "tab", .activate = on_tab_activate, .parameter_type = "s" },
    { .name = "connection",
      .parameter_type = "s",
      .state = "'session'",
      .change_state = on_connection_change },
  };
  guint n;
  const InnVerbAction *verbs = inn_verb_actions (&n);

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  for (guint i = 0; i < n; i++)
    {
      GActionEntry entry = { .name = verbs[i].action, .activate = on_verb_activate };

      g_action_map_add_action_entries (G_ACTION_MAP (self), &entry, 1, self);
    }
}

static void
inn_window_dispose (GObject *object)
{
  InnWindow *self = INN_WINDOW (object);

  g_clear_object (&self->connection_signals);
  g_clear_object (&self->machines_signals);
  g_clear_object (&self->machine_signals);
  g_clear_object (&self->connection);
  g_clear_weak_pointer (&self->wizard);
  g_clear_weak_pointer (&self->import);
  g_clear_pointer (&self->awaited, g_free);
  G_OBJECT_CLASS (inn_window_parent_class)->dispose (object);
}

static void
inn_window_class_init (InnWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_window_dispose;
  widget_class->map = inn_window_map;
  widget_class->unmap = inn_window_unmap;
  g_type_ensure (INN_TYPE_BANNER);
  g_type_ensure (INN_TYPE_SIDEBAR);
  g_type_ensure (INN_TYPE_MACHINE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/inn-window.ui");
  gtk_widget_class_bind_template_child (widget_class, InnWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, InnWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, InnWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, InnWindow, view);
  gtk_widget_class_bind_template_child (widget_class, InnWindow, banner);
  gtk_widget_class_bind_template_callback (widget_class, on_folded_notify);
  gtk_widget_class_bind_template_callback (widget_class, on_machine_notify);
  gtk_widget_class_bind_template_callback (widget_class, on_sidebar_opened);
  gtk_widget_class_bind_template_callback (widget_class, on_view_back);
  gtk_widget_class_bind_template_callback (widget_class, on_banner_clicked);
}

static void
inn_window_init (InnWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->connection_signals = g_signal_group_new (INN_TYPE_CONNECTION);
  g_signal_group_connect_swapped (self->connection_signals, "notify",
                                  G_CALLBACK (on_connection_state), self);
  self->machines_signals = g_signal_group_new (G_TYPE_LIST_MODEL);
  g_signal_group_connect_swapped (self->machines_signals, "items-changed",
                                  G_CALLBACK (on_machines_changed), self);
  self->machine_signals = g_signal_group_new (INN_TYPE_MACHINE);
  g_signal_group_connect_swapped (self->machine_signals, "notify::state", G_CALLBACK (show_actions),
                                  self);
  inn_drop_attach (GTK_WIDGET (self), on_file_dropped, self);
  add_actions (self);
  show_actions (self);
}

InnWindow *
inn_window_new (AdwApplication *application)
{
  InnWindow *self = g_object_new (INN_TYPE_WINDOW, "application", application, NULL);

  set_connection (self, G_BUS_TYPE_SESSION);
  return self;
}

void
inn_window_show_machine (InnWindow *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_WINDOW (self));

  g_clear_pointer (&self->awaited, g_free);
  inn_sidebar_set_machine (self->sidebar, machine);
  adw_leaflet_set_visible_child_name (self->leaflet, "machine");
}

void
inn_window_create_from (InnWindow *self, GFile *file)
{
  g_return_if_fail (INN_IS_WINDOW (self));

  if (file != NULL && self->wizard == NULL && inn_import_is_definition (file))
    {
      show_import (self, file);
      return;
    }
  if (self->wizard == NULL)
    {
      GtkWidget *dialog = inn_create_dialog_new (GTK_WINDOW (self), self->connection);

      g_set_weak_pointer (&self->wizard, INN_CREATE_DIALOG (dialog));
      follow (self, dialog);
      g_signal_connect_object (dialog, "import", G_CALLBACK (show_import), self, G_CONNECT_SWAPPED);
    }
  gtk_window_present (GTK_WINDOW (self->wizard));
  if (file != NULL)
    inn_create_dialog_open (self->wizard, file);
}

AdwToastOverlay *
inn_window_get_toasts (InnWindow *self)
{
  g_return_val_if_fail (INN_IS_WINDOW (self), NULL);

  return self->toasts;
}
