/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The list of one connection's machines. Knows the rows and the models, not the window: what it
 * starts are the window's actions. */
#include "inn-sidebar.h"

#include "inn-empty-page.h"
#include "inn-gradual.h"
#include "inn-machine-row.h"
#include "inn-still.h"
#include "inn-thumbnailer.h"
#include "inn-verbs.h"
#include "jobs/inn-jobs-button.h"

#include <glib/gi18n.h>
#include <string.h>

struct _InnSidebar
{
  GtkWidget parent_instance;

  AdwHeaderBar *header;
  GtkMenuButton *connection_button;
  GtkLabel *connection_label;
  GtkToggleButton *search_button;
  GtkSearchBar *search_bar;
  GtkSearchEntry *search_entry;
  GtkStack *stack;
  InnEmptyPage *empty;
  InnJobsButton *jobs;
  GtkListView *list;
  GtkScrolledWindow *scroller;

  InnConnection *connection;
  GtkSingleSelection *selection;
  InnMachine *chosen; /* last, though a search may hide it */
  InnGradual *gradual;
  GtkSortListModel *sorted;
  GtkFilterListModel *filtered;
  GtkFilter *filter;
  GtkSorter *sorter;
  InnThumbnailer *thumbnailer;
  GtkWidget *menu;
  InnStill *still;
  gboolean folded;
};

G_DEFINE_FINAL_TYPE (InnSidebar, inn_sidebar, GTK_TYPE_WIDGET)

enum
{
  PROP_MACHINE = 1,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

enum
{
  OPENED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* Beside a machine's view the list may stay blank: what there is to say is said there. */
static void
show_page (InnSidebar *self)
{
  const char *page = "list";

  if (self->connection == NULL)
    return;
  if (g_list_model_get_n_items (inn_connection_get_machines (self->connection)) == 0)
    page = self->folded ? "none" : "blank";
  else if (g_list_model_get_n_items (G_LIST_MODEL (self->filtered)) == 0)
    page = "not-found";
  gtk_stack_set_visible_child_name (self->stack, page);
}

/* Machine by machine a change of name changes its place. One handler each, no widget. */
static void
on_name_notify (InnSidebar *self, GParamSpec *pspec, InnMachine *machine)
{
  g_object_set_data (G_OBJECT (machine), "inn-sort-key", NULL);
  gtk_sorter_changed (self->sorter, GTK_SORTER_CHANGE_DIFFERENT);
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}

static void
on_state_notify (InnSidebar *self, GParamSpec *pspec, InnMachine *machine)
{
  inn_thumbnailer_wake (self->thumbnailer, machine);
}

static void
on_machines_changed (InnSidebar *self,
                     guint position,
                     guint removed,
                     guint added,
                     GListModel *model)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (InnMachine) machine = g_list_model_get_item (model, i);

      g_signal_connect_object (machine, "notify::name", G_CALLBACK (on_name_notify), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (machine, "notify::state", G_CALLBACK (on_state_notify), self,
                               G_CONNECT_SWAPPED);
    }
  show_page (self);
}

/* FALSE where it is not listed, or not yet. */
static gboolean
find (InnSidebar *self, InnMachine *machine, guint *position)
{
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (InnMachine) at = g_list_model_get_item (G_LIST_MODEL (self->selection), i);

      if (at == machine)
        {
          *position = i;
          return TRUE;
        }
    }
  return FALSE;
}

/* What a search has hidden is marked again. */
static void
on_all_shown (gpointer data)
{
  InnSidebar *self = data;
  guint position;

  if (gtk_single_selection_get_selected (self->selection) == GTK_INVALID_LIST_POSITION &&
      self->chosen != NULL && find (self, self->chosen, &position))
    gtk_single_selection_set_selected (self->selection, position);
}

static void
on_search_changed (InnSidebar *self)
{
  const char *text = gtk_editable_get_text (GTK_EDITABLE (self->search_entry));

  inn_gradual_shorten (self->gradual);
  gtk_string_filter_set_search (GTK_STRING_FILTER (self->filter), text);
  if (*text == '\0')
    inn_gradual_lengthen (self->gradual, on_all_shown, self);
  /* GtkListView would keep that row in its place which was at the top. */
  gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", 0);
  show_page (self);
}

/* Enter in the search entry opens the first machine found. */
static void
on_search_activate (InnSidebar *self)
{
  if (g_list_model_get_n_items (G_LIST_MODEL (self->selection)) == 0)
    return;
  if (gtk_single_selection_get_selected (self->selection) == GTK_INVALID_LIST_POSITION)
    gtk_single_selection_set_selected (self->selection, 0);
  g_signal_emit (self, signals[OPENED], 0);
}

static void
on_selected_notify (InnSidebar *self)
{
  InnMachine *machine = inn_sidebar_get_machine (self);

  if (machine != NULL)
    g_set_weak_pointer (&self->chosen, machine);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MACHINE]);
}

static void
on_list_activate (InnSidebar *self, guint position)
{
  gtk_single_selection_set_selected (self->selection, position);
  g_signal_emit (self, signals[OPENED], 0);
}

static void
popup_menu (InnSidebar *self, double x, double y)
{
  GdkRectangle at = { .x = (int)x, .y = (int)y, .width = 1, .height = 1 };

  if (inn_sidebar_get_machine (self) == NULL)
    return;
  if (self->menu == NULL)
    {
      g_autoptr (GMenuModel) model = inn_verb_menu_new ();

      self->menu = gtk_popover_menu_new_from_model (model);
      gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
      gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
      gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
    }
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &at);
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
on_row_menu (GtkGestureClick *gesture, int n_press, double x, double y, GtkListItem *item)
{
  GtkWidget *row = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));
  InnSidebar *self = INN_SIDEBAR (gtk_widget_get_ancestor (row, INN_TYPE_SIDEBAR));
  double here_x, here_y;

  if (self == NULL ||
      !gtk_widget_translate_coordinates (row, GTK_WIDGET (self), x, y, &here_x, &here_y))
    return;
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  gtk_single_selection_set_selected (self->selection, gtk_list_item_get_position (item));
  popup_menu (self, here_x, here_y);
}

/* A plain click chooses and opens. (GtkListView's own single-click mode would choose whatever the
 * pointer passes over.) */
static void
on_row_click (GtkGestureClick *gesture, int n_press, double x, double y, GtkListItem *item)
{
  GtkWidget *row = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));
  InnSidebar *self = INN_SIDEBAR (gtk_widget_get_ancestor (row, INN_TYPE_SIDEBAR));

  if (self != NULL)
    on_list_activate (self, gtk_list_item_get_position (item));
}

static void
add_click (GtkWidget *row, guint button, const char *signal, GCallback callback, GtkListItem *item)
{
  GtkGesture *gesture = gtk_gesture_click_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (gesture), button);
  g_signal_connect (gesture, signal, callback, item);
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (gesture));
}

static gboolean
on_menu_key (GtkWidget *widget, GVariant *arguments, gpointer data)
{
  InnSidebar *self = INN_SIDEBAR (widget);
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (widget));
  double x, y;

  if (focus == NULL || !gtk_widget_is_ancestor (focus, GTK_WIDGET (self->list)))
    return FALSE;
  if (gtk_widget_translate_coordinates (focus, widget, 40, gtk_widget_get_height (focus) / 2.0, &x,
                                        &y))
    popup_menu (self, x, y);
  return TRUE;
}

static void
on_item_setup (InnSidebar *self, GtkListItem *item)
{
  GtkWidget *row = inn_machine_row_new ();

  add_click (row, GDK_BUTTON_SECONDARY, "pressed", G_CALLBACK (on_row_menu), item);
  add_click (row, GDK_BUTTON_PRIMARY, "released", G_CALLBACK (on_row_click), item);
  gtk_list_item_set_child (item, row);
}

static void
on_item_bind (InnSidebar *self, GtkListItem *item)
{
  InnMachineRow *row = INN_MACHINE_ROW (gtk_list_item_get_child (item));

  inn_machine_row_set_machine (row, gtk_list_item_get_item (item));
  inn_thumbnailer_add (self->thumbnailer, row);
}

static void
on_item_unbind (InnSidebar *self, GtkListItem *item)
{
  InnMachineRow *row = INN_MACHINE_ROW (gtk_list_item_get_child (item));

  if (self->thumbnailer != NULL)
    inn_thumbnailer_remove (self->thumbnailer, row);
  inn_machine_row_set_machine (row, NULL);
}

/* Natural order ("vm 9" before "vm 10"), by a key that is kept with the machine until its name
 * changes. (GtkStringSorter keeps its keys for ever: a renamed machine would stay where it was.) */
static const char *
sort_key (InnMachine *machine)
{
  char *key = g_object_get_data (G_OBJECT (machine), "inn-sort-key");

  if (key == NULL)
    {
      g_autofree char *folded = g_utf8_casefold (inn_machine_get_name (machine), -1);

      key = g_utf8_collate_key_for_filename (folded, -1);
      g_object_set_data_full (G_OBJECT (machine), "inn-sort-key", key, g_free);
    }
  return key;
}

static int
compare_names (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (sort_key (INN_MACHINE ((gpointer)a)), sort_key (INN_MACHINE ((gpointer)b)));
}

static void
make_models (InnSidebar *self)
{
  GtkExpression *name = gtk_property_expression_new (INN_TYPE_MACHINE, NULL, "name");

  self->sorter = GTK_SORTER (gtk_custom_sorter_new (compare_names, NULL, NULL));
  self->filter = GTK_FILTER (gtk_string_filter_new (name));
  /* Sorted first: a search sorts nothing anew. */
  self->sorted = gtk_sort_list_model_new (NULL, g_object_ref (self->sorter));
  self->filtered = gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (self->sorted)),
                                              g_object_ref (self->filter));
  self->gradual = inn_gradual_new (g_object_ref (G_LIST_MODEL (self->filtered)), self->scroller);
  self->selection = gtk_single_selection_new (g_object_ref (inn_gradual_get_model (self->gradual)));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  g_signal_connect_object (self->selection, "notify::selected-item",
                           G_CALLBACK (on_selected_notify), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->filtered, "items-changed", G_CALLBACK (show_page), self,
                           G_CONNECT_SWAPPED);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
}

static void
inn_sidebar_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, inn_sidebar_get_machine (INN_SIDEBAR (object)));
}

static void
inn_sidebar_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  inn_still_snapshot (INN_SIDEBAR (widget)->still, widget, inn_sidebar_parent_class, snapshot);
}

static void
inn_sidebar_finalize (GObject *object)
{
  inn_still_free (INN_SIDEBAR (object)->still);
  G_OBJECT_CLASS (inn_sidebar_parent_class)->finalize (object);
}

static void
inn_sidebar_dispose (GObject *object)
{
  InnSidebar *self = INN_SIDEBAR (object);
  GtkWidget *child;

  g_clear_pointer (&self->thumbnailer, inn_thumbnailer_free);
  g_clear_pointer (&self->gradual, inn_gradual_free);
  g_clear_pointer (&self->menu, gtk_widget_unparent);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->selection);
  g_clear_weak_pointer (&self->chosen);
  g_clear_object (&self->filtered);
  g_clear_object (&self->sorted);
  g_clear_object (&self->filter);
  g_clear_object (&self->sorter);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (inn_sidebar_parent_class)->dispose (object);
}

static void
inn_sidebar_class_init (InnSidebarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = inn_sidebar_dispose;
  object_class->finalize = inn_sidebar_finalize;
  widget_class->snapshot = inn_sidebar_snapshot;
  object_class->get_property = inn_sidebar_get_property;
  props[PROP_MACHINE] = g_param_spec_object ("machine", NULL, NULL, INN_TYPE_MACHINE,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[OPENED] = g_signal_new ("opened", INN_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);

  g_type_ensure (INN_TYPE_EMPTY_PAGE);
  g_type_ensure (INN_TYPE_JOBS_BUTTON);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/sidebar/inn-sidebar.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, header);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, connection_button);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, connection_label);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, search_button);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, search_bar);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, search_entry);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, stack);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, empty);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, jobs);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, list);
  gtk_widget_class_bind_template_child (widget_class, InnSidebar, scroller);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_list_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_item_setup);
  gtk_widget_class_bind_template_callback (widget_class, on_item_bind);
  gtk_widget_class_bind_template_callback (widget_class, on_item_unbind);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, on_menu_key, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, on_menu_key, NULL);
}

static void
inn_sidebar_init (InnSidebar *self)
{
  self->still = inn_still_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  self->thumbnailer = inn_thumbnailer_new (self->scroller);
  make_models (self);
  gtk_search_bar_connect_entry (self->search_bar, GTK_EDITABLE (self->search_entry));
  gtk_search_bar_set_key_capture_widget (self->search_bar, GTK_WIDGET (self->list));
}

void
inn_sidebar_set_title (InnSidebar *self, const char *title)
{
  g_return_if_fail (INN_IS_SIDEBAR (self));

  gtk_label_set_label (self->connection_label, title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->connection_button),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  gtk_menu_button_popdown (self->connection_button); /* it was chosen there */
}

/* Machines that are not listed have no say in this list. */
static void
leave (InnSidebar *self, GListModel *machines)
{
  g_signal_handlers_disconnect_by_data (machines, self);
  for (guint i = 0; i < g_list_model_get_n_items (machines); i++)
    {
      g_autoptr (InnMachine) machine = g_list_model_get_item (machines, i);

      g_signal_handlers_disconnect_by_data (machine, self);
    }
}

void
inn_sidebar_set_connection (InnSidebar *self, InnConnection *connection)
{
  GListModel *machines;

  g_return_if_fail (INN_IS_SIDEBAR (self));
  g_return_if_fail (INN_IS_CONNECTION (connection));

  if (self->connection == connection)
    return;
  if (self->connection != NULL)
    leave (self, inn_connection_get_machines (self->connection));
  g_set_object (&self->connection, connection);
  machines = inn_connection_get_machines (connection);
  gtk_sort_list_model_set_model (self->sorted, machines);
  g_signal_connect_object (machines, "items-changed", G_CALLBACK (on_machines_changed), self,
                           G_CONNECT_SWAPPED);
  on_machines_changed (self, 0, 0, g_list_model_get_n_items (machines), machines);
  inn_empty_page_set_connection (self->empty, connection);
  inn_jobs_button_set_connection (self->jobs, connection);
  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
}

InnMachine *
inn_sidebar_get_machine (InnSidebar *self)
{
  g_return_val_if_fail (INN_IS_SIDEBAR (self), NULL);

  return self->selection != NULL ? gtk_single_selection_get_selected_item (self->selection) : NULL;
}

static gboolean
choose (InnSidebar *self, InnMachine *machine)
{
  guint position;

  if (!find (self, machine, &position))
    return FALSE;
  gtk_single_selection_set_selected (self->selection, position);
  gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", position);
  return TRUE;
}

void
inn_sidebar_set_machine (InnSidebar *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_SIDEBAR (self));

  inn_gradual_show_all (self->gradual);
  if (choose (self, machine))
    return;
  /* A search hides it. */
  gtk_search_bar_set_search_mode (self->search_bar, FALSE);
  gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
  on_search_changed (self);
  inn_gradual_show_all (self->gradual);
  choose (self, machine);
}

void
inn_sidebar_choose_first (InnSidebar *self)
{
  g_return_if_fail (INN_IS_SIDEBAR (self));

  if (g_list_model_get_n_items (G_LIST_MODEL (self->selection)) > 0)
    gtk_single_selection_set_selected (self->selection, 0);
}

void
inn_sidebar_search (InnSidebar *self)
{
  g_return_if_fail (INN_IS_SIDEBAR (self));

  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

void
inn_sidebar_set_folded (InnSidebar *self, gboolean folded)
{
  g_return_if_fail (INN_IS_SIDEBAR (self));

  self->folded = folded;
  adw_header_bar_set_show_end_title_buttons (self->header, folded);
  show_page (self);
}

void
inn_sidebar_set_active (InnSidebar *self, gboolean active)
{
  g_return_if_fail (INN_IS_SIDEBAR (self));

  inn_thumbnailer_set_active (self->thumbnailer, active);
}
