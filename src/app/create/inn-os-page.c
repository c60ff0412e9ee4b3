/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A search above the list of all systems; Enter takes the first that matches. */
#include "inn-os-page.h"

#include <glib/gi18n.h>

struct _InnOsPage
{
  GtkWidget parent_instance;

  GtkEditable *search;
  GtkStack *stack;
  GtkListView *list;
  GtkCustomFilter *filter;
  GtkFilterListModel *matches;
  GtkSingleSelection *selection;
  guint tick;
  GStrv words; /* casefolded; all must be in an InnOs's keys */
};

G_DEFINE_FINAL_TYPE (InnOsPage, inn_os_page, GTK_TYPE_WIDGET)

enum
{
  CHOSEN,
  CANCELLED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static gboolean
matches (gpointer item, gpointer data)
{
  InnOsPage *self = INN_OS_PAGE (data);
  g_autofree char *keys = NULL;

  g_object_get (item, "keys", &keys, NULL);
  for (char **word = self->words; word != NULL && *word != NULL; word++)
    if (strstr (keys, *word) == NULL)
      return FALSE;
  return TRUE;
}

static void
on_search_changed (InnOsPage *self)
{
  g_autofree char *folded = g_utf8_casefold (gtk_editable_get_text (self->search), -1);

  g_strfreev (self->words);
  self->words = g_strsplit (g_strstrip (folded), " ", -1);
  gtk_filter_changed (GTK_FILTER (self->filter), GTK_FILTER_CHANGE_DIFFERENT);
  gtk_stack_set_visible_child_name (
      self->stack, g_list_model_get_n_items (G_LIST_MODEL (self->matches)) > 0 ? "list" : "none");
}

static void
choose (InnOsPage *self, guint position)
{
  g_autoptr (InnOs) os = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

  if (os != NULL)
    g_signal_emit (self, signals[CHOSEN], 0, os);
}

static void
on_search_activate (InnOsPage *self)
{
  /* The entry tells of changes a moment late. */
  on_search_changed (self);
  choose (self, 0);
}

static void
on_search_stop (InnOsPage *self)
{
  g_signal_emit (self, signals[CANCELLED], 0);
}

static void
on_list_activate (InnOsPage *self, guint position)
{
  choose (self, position);
}

static void
inn_os_page_dispose (GObject *object)
{
  InnOsPage *self = INN_OS_PAGE (object);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->selection);
  g_clear_pointer (&self->words, g_strfreev);
  G_OBJECT_CLASS (inn_os_page_parent_class)->dispose (object);
}

static void
inn_os_page_class_init (InnOsPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_os_page_dispose;
  signals[CHOSEN] = g_signal_new ("chosen", INN_TYPE_OS_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, INN_TYPE_OS);
  signals[CANCELLED] = g_signal_new ("cancelled", INN_TYPE_OS_PAGE, G_SIGNAL_RUN_LAST, 0, NULL,
                                     NULL, NULL, G_TYPE_NONE, 0);
  g_type_ensure (INN_TYPE_OS);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/create/inn-os-page.ui");
  gtk_widget_class_bind_template_child (widget_class, InnOsPage, search);
  gtk_widget_class_bind_template_child (widget_class, InnOsPage, stack);
  gtk_widget_class_bind_template_child (widget_class, InnOsPage, list);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_search_stop);
  gtk_widget_class_bind_template_callback (widget_class, on_list_activate);
}

static void
inn_os_page_init (InnOsPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->filter = gtk_custom_filter_new (matches, self, NULL);
  self->matches = gtk_filter_list_model_new (NULL, GTK_FILTER (self->filter));
  self->selection = gtk_single_selection_new (G_LIST_MODEL (self->matches));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
}

/* GTK 4.8's list shows next to nothing when it is told to scroll before it has a place. */
static gboolean
scroll_to_selected (GtkWidget *list, GdkFrameClock *clock, gpointer data)
{
  InnOsPage *self = INN_OS_PAGE (data);
  guint position = gtk_single_selection_get_selected (self->selection);

  (void)clock;
  if (gtk_widget_get_height (list) == 0)
    return G_SOURCE_CONTINUE;
  self->tick = 0;
  if (position != GTK_INVALID_LIST_POSITION)
    gtk_widget_activate_action (list, "list.scroll-to-item", "u", position);
  return G_SOURCE_REMOVE;
}

void
inn_os_page_open (InnOsPage *self, InnOsDb *db, InnOs *os)
{
  guint n;

  g_return_if_fail (INN_IS_OS_PAGE (self));

  gtk_filter_list_model_set_model (self->matches, inn_os_db_get_list (db));
  gtk_editable_set_text (self->search, "");
  on_search_changed (self);
  n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (InnOs) item = g_list_model_get_item (G_LIST_MODEL (self->selection), i);

      if (item == os)
        {
          gtk_single_selection_set_selected (self->selection, i);
          if (self->tick == 0)
            self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self->list), scroll_to_selected,
                                                       self, NULL);
        }
    }
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}
