/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "guest/inn-guest-rows.h"

#define LEVEL_WIDTH 160 /* px */

typedef struct
{
  AdwActionRow *row;
  GtkLabel *value;
  GtkLevelBar *level;
} Row;

/* The group may have gone before us. */
static void
row_free (gpointer data)
{
  Row *row = data;
  GtkWidget *group = gtk_widget_get_ancestor (GTK_WIDGET (row->row), ADW_TYPE_PREFERENCES_GROUP);

  if (group != NULL)
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (row->row));
  g_object_unref (row->row);
  g_free (row);
}

static Row *
row_new (AdwPreferencesGroup *group)
{
  Row *row = g_new0 (Row, 1);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  row->row = g_object_ref_sink (ADW_ACTION_ROW (adw_action_row_new ()));
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row->row), FALSE);
  adw_action_row_set_subtitle_lines (row->row, 1);
  row->value = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (row->value, TRUE);
  gtk_label_set_wrap_mode (row->value, PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable (row->value, TRUE);
  gtk_label_set_xalign (row->value, 1);
  gtk_label_set_justify (row->value, GTK_JUSTIFY_RIGHT);
  row->level = GTK_LEVEL_BAR (gtk_level_bar_new ());
  /* Its colours say good where it is full: of a disk that is no good news. */
  gtk_level_bar_remove_offset_value (row->level, GTK_LEVEL_BAR_OFFSET_LOW);
  gtk_level_bar_remove_offset_value (row->level, GTK_LEVEL_BAR_OFFSET_HIGH);
  gtk_level_bar_remove_offset_value (row->level, GTK_LEVEL_BAR_OFFSET_FULL);
  gtk_widget_set_size_request (GTK_WIDGET (row->level), LEVEL_WIDTH, -1);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (row->value));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (row->level));
  gtk_widget_set_halign (GTK_WIDGET (row->level), GTK_ALIGN_END);
  gtk_widget_set_hexpand (GTK_WIDGET (row->value), TRUE); /* else it wraps where it need not */
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_margin_top (box, 9);
  gtk_widget_set_margin_bottom (box, 9);
  adw_action_row_add_suffix (row->row, box);
  adw_preferences_group_add (group, GTK_WIDGET (row->row));
  return row;
}

void
inn_guest_rows_init (InnGuestRows *self, AdwPreferencesGroup *group)
{
  self->group = group;
  self->rows = g_ptr_array_new_with_free_func (row_free);
}

void
inn_guest_rows_clear (InnGuestRows *self)
{
  g_clear_pointer (&self->rows, g_ptr_array_unref);
}

void
inn_guest_rows_begin (InnGuestRows *self)
{
  self->n = 0;
}

/* A text that is set anew loses what is marked in it. */
static void
set_text (GtkLabel *label, const char *text)
{
  if (g_strcmp0 (gtk_label_get_text (label), text) != 0)
    gtk_label_set_text (label, text);
}

void
inn_guest_rows_add (InnGuestRows *self,
                    const char *title,
                    const char *subtitle,
                    const char *value,
                    double level)
{
  Row *row;

  if (self->n == self->rows->len)
    g_ptr_array_add (self->rows, row_new (self->group));
  row = g_ptr_array_index (self->rows, self->n++);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row->row), title);
  adw_action_row_set_subtitle (row->row, subtitle);
  set_text (row->value, value);
  gtk_widget_set_visible (GTK_WIDGET (row->value), *value != '\0');
  gtk_widget_set_visible (GTK_WIDGET (row->level), level >= 0);
  if (level >= 0)
    gtk_level_bar_set_value (row->level, MIN (level, 1));
  gtk_accessible_update_property (GTK_ACCESSIBLE (row->level), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                  -1);
}

void
inn_guest_rows_end (InnGuestRows *self, const char *none)
{
  if (self->n == 0 && none != NULL)
    inn_guest_rows_add (self, none, "", "", -1);
  if (self->rows->len > self->n)
    g_ptr_array_set_size (self->rows, (int)self->n);
  gtk_widget_set_visible (GTK_WIDGET (self->group), self->n > 0);
}
