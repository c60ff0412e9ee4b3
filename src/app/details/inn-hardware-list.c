/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "details/inn-hardware-list.h"

#include "details/inn-hardware-row.h"
#include "details/inn-waiting.h"

void
inn_hardware_list_clear (GtkListBox *list)
{
  GtkListBoxRow *row;

  while ((row = gtk_list_box_get_row_at_index (list, 0)) != NULL)
    gtk_list_box_remove (list, GTK_WIDGET (row));
}

GtkListBoxRow *
inn_hardware_list_find (GtkListBox *list, const char *id)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (list, i)) != NULL; i++)
    {
      g_autofree char *at = inn_hardware_row_dup_id (row);

      if (g_strcmp0 (at, id) == 0)
        return row;
    }
  return NULL;
}

static void
on_height_changed (GtkListBox *list)
{
  GtkWidget *row = GTK_WIDGET (gtk_list_box_get_selected_row (list));
  graphene_rect_t place;

  if (row != NULL && gtk_widget_compute_bounds (row, GTK_WIDGET (list), &place))
    gtk_adjustment_clamp_page (gtk_list_box_get_adjustment (list), place.origin.y,
                               place.origin.y + place.size.height);
}

void
inn_hardware_list_keep_shown (GtkListBox *list)
{
  g_signal_connect_object (gtk_list_box_get_adjustment (list), "notify::page-size",
                           G_CALLBACK (on_height_changed), list, G_CONNECT_SWAPPED);
}

void
inn_hardware_list_fill (GtkListBox *list, InnDraft *draft)
{
  InnDomain *domain = inn_draft_get_domain (draft);
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);

  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if (!(*kind)->device)
      {
        InnElement element = inn_domain_get (domain, (*kind)->name);

        gtk_list_box_append (list, inn_hardware_row_new (&element));
      }
    else
      for (guint i = 0; i < devices->len; i++)
        {
          const InnElement *element = g_ptr_array_index (devices, i);

          if (element->kind == *kind)
            gtk_list_box_append (list, inn_hardware_row_new (element));
        }
  gtk_list_box_append (list, inn_hardware_row_new (NULL));
  inn_hardware_list_show_waiting (list, draft);
}

static int
rank (const char *kind_name)
{
  const InnKind *const *kinds = inn_schema_kinds ();
  int i = 0;

  while (kinds[i] != NULL && !g_str_equal (kinds[i]->name, kind_name))
    i++;
  return i;
}

/* Behind those of its kind. */
static void
insert_leaving (GtkListBox *list, const char *id, GtkWidget *leaving)
{
  g_auto (GStrv) words = g_strsplit (id, ":", 2);
  GtkListBoxRow *row;
  int i = 0;

  while ((row = gtk_list_box_get_row_at_index (list, i)) != NULL)
    {
      const InnElement *element = inn_hardware_row_get_element (row);

      if (!inn_hardware_row_is_leaving (row) &&
          (element == NULL || rank (element->kind->name) > rank (words[0])))
        break;
      i++;
    }
  gtk_list_box_insert (list, leaving, i);
}

void
inn_hardware_list_show_waiting (GtkListBox *list, InnDraft *draft)
{
  InnMachine *machine = inn_draft_get_machine (draft);
  InnDomain *domain = inn_draft_get_domain (draft);
  g_auto (GStrv) leaving = NULL;
  GtkListBoxRow *row;
  int i = 0;

  if (machine == NULL || domain == NULL)
    return;
  while ((row = gtk_list_box_get_row_at_index (list, i)) != NULL)
    {
      const InnElement *element = inn_hardware_row_get_element (row);
      g_autofree char *id = element != NULL ? inn_element_dup_id (element) : NULL;
      g_autofree char *reason = id != NULL ? inn_draft_dup_wait (draft, id, NULL) : NULL;

      if (inn_hardware_row_is_leaving (row))
        {
          gtk_list_box_remove (list, GTK_WIDGET (row));
          continue;
        }
      if (element != NULL)
        inn_hardware_row_set_waiting (row, reason != NULL);
      i++;
    }
  leaving = inn_waiting_dup_leaving (machine, domain);
  for (char **id = leaving; *id != NULL; id++)
    {
      g_autofree char *reason = inn_draft_dup_wait (draft, *id, NULL);

      insert_leaving (list, *id, inn_hardware_row_new_leaving (*id, reason));
    }
}
