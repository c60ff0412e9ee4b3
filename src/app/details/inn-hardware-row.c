/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A row of the hardware list. Knows the element, not the list or the page. */
#include "inn-hardware-row.h"

#include <glib/gi18n.h>
#include <string.h>

#define LEAVING "inn-leaving"
#define WAITING "inn-waiting"

const InnElement *
inn_hardware_row_get_element (GtkListBoxRow *row)
{
  return g_object_get_data (G_OBJECT (row), "inn-element");
}

char *
inn_hardware_row_dup_id (GtkListBoxRow *row)
{
  const InnElement *element = inn_hardware_row_get_element (row);

  if (inn_hardware_row_is_leaving (row))
    return g_strdup ("");
  return element != NULL ? inn_element_dup_id (element) : g_strdup (INN_HARDWARE_ROW_XML);
}

static char *
dup_summary (const InnElement *element)
{
  return element->kind->summary != NULL ? element->kind->summary (element) : NULL;
}

/* A disk's name is what people call it; an address or a protocol says nothing to most. */
static gboolean
needs_key (const InnElement *element)
{
  g_autoptr (GPtrArray) devices = NULL;
  g_autofree char *summary = NULL;
  guint alike = 0;

  if (g_strcmp0 (element->kind->key, "target") == 0)
    return TRUE;
  if (!element->kind->device)
    return FALSE;
  summary = dup_summary (element);
  devices = inn_domain_list (element->domain, element->kind->name);
  for (guint i = 0; i < devices->len; i++)
    {
      g_autofree char *other = dup_summary (devices->pdata[i]);

      alike += g_strcmp0 (other, summary) == 0;
    }
  return alike > 1;
}

char *
inn_hardware_row_dup_title (const InnElement *element)
{
  return needs_key (element) ? inn_element_dup_label (element)
                             : g_strdup (_ (element->kind->label));
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
  title = inn_hardware_row_dup_title (element);
  summary = dup_summary (element);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  /* GTK 4.8 warns of a label that is narrower than the ellipsis it might end in. */
  if (g_object_get_data (G_OBJECT (row), WAITING) != NULL)
    {
      g_free (summary);
      summary = g_strdup (_ ("There after the next restart"));
    }
  if (summary != NULL && g_utf8_strlen (summary, -1) < 3)
    padded = g_strconcat (summary, "\u00a0\u00a0", NULL);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), padded != NULL ? padded : summary);
}

void
inn_hardware_row_set_waiting (GtkListBoxRow *row, gboolean waiting)
{
  if (waiting == (g_object_get_data (G_OBJECT (row), WAITING) != NULL))
    return;
  g_object_set_data (G_OBJECT (row), WAITING, waiting ? row : NULL);
  inn_hardware_row_show (row);
}

static GtkWidget *
new_row (void)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 1);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 1);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  return row;
}

/* The whole sentence is seen: there is no page to read it on. */
GtkWidget *
inn_hardware_row_new_leaving (const char *id, const char *reason)
{
  GtkWidget *row = new_row ();
  g_auto (GStrv) words = g_strsplit (id, ":", 2);
  const InnKind *kind = inn_schema_find (words[0]);
  g_autofree char *title = g_strdup_printf ("%s %s", _ (kind->label), words[1] ? words[1] : "");

  adw_action_row_set_icon_name (ADW_ACTION_ROW (row), kind->icon);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  adw_action_row_set_subtitle (
      ADW_ACTION_ROW (row),
      reason != NULL && *reason != '\0' ? reason : _ ("Removed; gone after the next restart"));
  gtk_list_box_row_set_selectable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_add_css_class (row, "dim-label");
  g_object_set_data (G_OBJECT (row), LEAVING, row);
  return row;
}

gboolean
inn_hardware_row_is_leaving (GtkListBoxRow *row)
{
  return g_object_get_data (G_OBJECT (row), LEAVING) != NULL;
}

GtkWidget *
inn_hardware_row_new (const InnElement *element)
{
  GtkWidget *row = new_row ();

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
