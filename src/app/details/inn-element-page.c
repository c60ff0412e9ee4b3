/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One section or device of a machine. Knows the rows, not the list of pages. */
#include "inn-element-page.h"

#include <glib/gi18n.h>

struct _InnElementPage
{
  GtkWidget parent_instance;

  AdwPreferencesGroup *group;
  AdwPreferencesGroup *more_group;
  AdwExpanderRow *more;
  GtkWidget *remove_button;

  InnElement *element;
  GPtrArray *rows; /* InnFieldRow, owned by their widgets */
};

G_DEFINE_FINAL_TYPE (InnElementPage, inn_element_page, GTK_TYPE_WIDGET)

enum
{
  REMOVE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_remove_clicked (InnElementPage *self)
{
  g_signal_emit (self, signals[REMOVE], 0);
}

static void
add_row (InnElementPage *self, InnFieldRow *row)
{
  GtkWidget *note = inn_field_row_get_note (row);

  if ((inn_field_row_get_field (row)->flags & INN_FIELD_ADVANCED) != 0)
    {
      adw_expander_row_add_row (self->more, inn_field_row_get_row (row));
      if (note != NULL)
        adw_expander_row_add_row (self->more, note);
      gtk_widget_set_visible (GTK_WIDGET (self->more_group), TRUE);
      return;
    }
  adw_preferences_group_add (self->group, inn_field_row_get_row (row));
  if (note != NULL)
    adw_preferences_group_add (self->group, note);
}

static void
inn_element_page_dispose (GObject *object)
{
  InnElementPage *self = INN_ELEMENT_PAGE (object);
  GtkWidget *child;

  g_clear_pointer (&self->rows, g_ptr_array_unref);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->element, inn_element_free);
  G_OBJECT_CLASS (inn_element_page_parent_class)->dispose (object);
}

static void
inn_element_page_class_init (InnElementPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_element_page_dispose;
  signals[REMOVE] = g_signal_new ("remove", INN_TYPE_ELEMENT_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/details/inn-element-page.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnElementPage, group);
  gtk_widget_class_bind_template_child (widget_class, InnElementPage, more_group);
  gtk_widget_class_bind_template_child (widget_class, InnElementPage, more);
  gtk_widget_class_bind_template_child (widget_class, InnElementPage, remove_button);
  gtk_widget_class_bind_template_callback (widget_class, on_remove_clicked);
}

static void
inn_element_page_init (InnElementPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_ptr_array_new ();
}

GtkWidget *
inn_element_page_new (InnDraft *draft, const InnElement *element)
{
  InnElementPage *self = g_object_new (INN_TYPE_ELEMENT_PAGE, NULL);
  g_autofree char *title = inn_element_dup_label (element);

  self->element = inn_element_copy (element);
  adw_preferences_group_set_title (self->group, title);
  gtk_widget_set_visible (self->remove_button, element->kind->device);
  for (const InnField *field = element->kind->fields; field->name != NULL; field++)
    {
      InnFieldRow *row;

      if ((field->flags & INN_FIELD_HIDDEN) != 0)
        continue;
      row = inn_field_row_new (draft, element, field);
      g_ptr_array_add (self->rows, row);
      add_row (self, row);
    }
  return GTK_WIDGET (self);
}

const InnElement *
inn_element_page_get_element (InnElementPage *self)
{
  g_return_val_if_fail (INN_IS_ELEMENT_PAGE (self), NULL);

  return self->element;
}

GPtrArray *
inn_element_page_get_rows (InnElementPage *self)
{
  g_return_val_if_fail (INN_IS_ELEMENT_PAGE (self), NULL);

  return self->rows;
}
