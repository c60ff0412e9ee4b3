/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which kind of device to add. Knows the schema, and of the machine what it can have. */
#include "inn-add-dialog.h"

#include "details/inn-hardware.h"

#include <glib/gi18n.h>

struct _InnAddDialog
{
  AdwWindow parent_instance;

  GtkSearchEntry *search;
  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (InnAddDialog, inn_add_dialog, ADW_TYPE_WINDOW)

enum
{
  CHOSEN,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* NULL: of what cannot be added. */
static const InnKind *
row_kind (GtkListBoxRow *row)
{
  return g_object_get_data (G_OBJECT (row), "inn-kind");
}

/* It can be reached all the same, by keys and by who hears it: it says why. */
static void
set_possible (GtkWidget *row, gboolean possible)
{
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), possible);
  gtk_accessible_update_state (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_STATE_DISABLED, !possible, -1);
  if (possible)
    gtk_widget_remove_css_class (row, "inn-impossible");
  else
    gtk_widget_add_css_class (row, "inn-impossible");
}

static gboolean
matches (GtkListBoxRow *row, gpointer data)
{
  InnAddDialog *self = INN_ADD_DIALOG (data);
  const char *wanted = gtk_editable_get_text (GTK_EDITABLE (self->search));
  const InnKind *kind = row_kind (row);
  const char *label = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row));
  const char *help = kind != NULL ? inn_hardware_get_help (kind)
                                  : adw_action_row_get_subtitle (ADW_ACTION_ROW (row));

  return *wanted == '\0' || g_str_match_string (wanted, label, TRUE) ||
         (kind != NULL && g_str_match_string (wanted, kind->name, TRUE)) ||
         (help != NULL && g_str_match_string (wanted, help, TRUE));
}

static void
on_search_changed (InnAddDialog *self)
{
  gtk_list_box_invalidate_filter (self->list);
}

static void
on_row_activated (InnAddDialog *self, GtkListBoxRow *row)
{
  g_signal_emit (self, signals[CHOSEN], 0, row_kind (row));
  gtk_window_close (GTK_WINDOW (self));
}

/* Enter in the search entry takes the first kind found. */
static void
on_search_activate (InnAddDialog *self)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL; i++)
    if (gtk_list_box_row_get_activatable (row) && matches (row, self))
      {
        on_row_activated (self, row);
        return;
      }
}

static void
inn_add_dialog_class_init (InnAddDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  signals[CHOSEN] = g_signal_new ("chosen", INN_TYPE_ADD_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/details/inn-add-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, InnAddDialog, search);
  gtk_widget_class_bind_template_child (widget_class, InnAddDialog, list);
  gtk_widget_class_bind_template_callback (widget_class, on_search_changed);
  gtk_widget_class_bind_template_callback (widget_class, on_search_activate);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
  gtk_widget_class_bind_template_callback (widget_class, gtk_window_close);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
add_absent (InnAddDialog *self)
{
  const char *label, *why;

  for (guint i = 0; (label = inn_hardware_get_absent (i, &why)) != NULL; i++)
    {
      GtkWidget *row = adw_action_row_new ();

      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), label);
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), why);
      adw_action_row_set_icon_name (ADW_ACTION_ROW (row), "action-unavailable-symbolic");
      set_possible (row, FALSE);
      gtk_list_box_append (self->list, row);
    }
}

static void
inn_add_dialog_init (InnAddDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      GtkWidget *row;

      if (!(*kind)->device)
        continue;
      row = adw_action_row_new ();
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ((*kind)->label));
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), inn_hardware_get_help (*kind));
      adw_action_row_set_icon_name (ADW_ACTION_ROW (row), (*kind)->icon);
      set_possible (row, TRUE);
      gtk_widget_set_name (row, (*kind)->name);
      g_object_set_data (G_OBJECT (row), "inn-kind", (gpointer)*kind);
      gtk_list_box_append (self->list, row);
    }
  add_absent (self);
  gtk_list_box_set_filter_func (self->list, matches, self, NULL);
}

GtkWidget *
inn_add_dialog_new (GtkWindow *parent, InnDomain *domain)
{
  InnAddDialog *self = g_object_new (INN_TYPE_ADD_DIALOG, "transient-for", parent, NULL);
  GtkListBoxRow *row;

  for (int i = 0; domain != NULL && (row = gtk_list_box_get_row_at_index (self->list, i)); i++)
    {
      const InnKind *kind = row_kind (row);
      g_autofree char *problem = kind != NULL ? inn_hardware_dup_problem (kind, domain) : NULL;

      if (kind == NULL)
        continue;
      set_possible (GTK_WIDGET (row), problem == NULL);
      if (problem != NULL)
        adw_action_row_set_subtitle (ADW_ACTION_ROW (row), problem);
    }
  return GTK_WIDGET (self);
}
