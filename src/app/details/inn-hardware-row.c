/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A row of the hardware list. Knows the element, not the list or the page. */
#include "inn-hardware-row.h"

#include <glib/gi18n.h>

const InnElement *
inn_hardware_row_get_element (GtkListBoxRow *row)
{
  return g_object_get_data (G_OBJECT (row), "inn-element");
}

char *
inn_hardware_row_dup_id (GtkListBoxRow *row)
{
  const InnElement *element = inn_hardware_row_get_element (row);

  return element != NULL ? inn_element_dup_id (element) : g_strdup (INN_HARDWARE_ROW_XML);
}

void
inn_hardware_row_show (GtkListBoxRow *row)
{
  const InnElement *element = inn_hardware_row_get_element (row);
  g_autofree char *title = NULL;
  g_autofree char *summary = NULL;
  g_autofree char *padded = NULL;

  if (element == NULL)
    return;
  title = inn_element_dup_label (element);
  if (element->kind->summary != NULL)
    summary = element->kind->summary (element);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  /* GTK 4.8 warns of a label that is narrower than the ellipsis it might end in. */
  if (summary != NULL && g_utf8_strlen (summary, -1) < 3)
    padded = g_strconcat (summary, "\u00a0\u00a0", NULL);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), padded != NULL ? padded : summary);
}

GtkWidget *
inn_hardware_row_new (const InnElement *element)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 1);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 1);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  if (element != NULL)
    {
      adw_action_row_set_icon_name (ADW_ACTION_ROW (row), element->kind->icon);
      g_object_set_data_full (G_OBJECT (row), "inn-element", inn_element_copy (element),
                              (GDestroyNotify)inn_element_free);
      inn_hardware_row_show (GTK_LIST_BOX_ROW (row));
    }
  else
    {
      adw_action_row_set_icon_name (ADW_ACTION_ROW (row), "text-x-generic-symbolic");
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("XML"));
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), _ ("All of it, as text"));
    }
  return row;
}
