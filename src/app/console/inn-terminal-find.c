/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-terminal-find.h"

#include <glib/gi18n.h>

#define PCRE2_CODE_UNIT_WIDTH 0
#include <pcre2.h>

typedef struct
{
  GtkSearchBar *bar;
  GtkEditable *entry;
  GtkWidget *none; /* says that it is nowhere */
  VteTerminal *vte;
} Find;

/* Small letters alone find capitals, too. */
static VteRegex *
compile (const char *text)
{
  g_autofree char *pattern = g_regex_escape_string (text, -1);
  g_autofree char *small = g_utf8_strdown (text, -1);
  const guint32 flags = PCRE2_MULTILINE | PCRE2_UTF | PCRE2_NO_UTF_CHECK |
                        (g_str_equal (small, text) ? PCRE2_CASELESS : 0);

  return vte_regex_new_for_search (pattern, -1, flags, NULL);
}

static void
go (Find *find, gboolean up)
{
  const char *text = gtk_editable_get_text (find->entry);
  const gboolean found = *text == '\0' || (up ? vte_terminal_search_find_previous (find->vte)
                                              : vte_terminal_search_find_next (find->vte));

  gtk_widget_set_visible (find->none, !found);
}

static void
on_up (Find *find)
{
  go (find, TRUE);
}

static void
on_down (Find *find)
{
  go (find, FALSE);
}

/* From the end upwards: what was said last is mostly meant. */
static void
on_changed (Find *find)
{
  const char *text = gtk_editable_get_text (find->entry);
  VteRegex *regex = *text != '\0' ? compile (text) : NULL;

  vte_terminal_unselect_all (find->vte);
  vte_terminal_search_set_regex (find->vte, regex, 0);
  g_clear_pointer (&regex, vte_regex_unref);
  go (find, TRUE);
}

static void
on_shown (Find *find)
{
  if (!gtk_search_bar_get_search_mode (find->bar))
    gtk_widget_grab_focus (GTK_WIDGET (find->vte));
}

static GtkWidget *
create_button (Find *find, const char *icon, const char *tip, void (*clicked) (Find *find))
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_widget_set_tooltip_text (button, tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tip, -1);
  g_signal_connect_swapped (button, "clicked", G_CALLBACK (clicked), find);
  return button;
}

GtkWidget *
inn_terminal_find_new (VteTerminal *vte)
{
  Find *find = g_new0 (Find, 1);
  GtkWidget *bar = gtk_search_bar_new ();
  GtkWidget *entry = gtk_search_entry_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  find->bar = GTK_SEARCH_BAR (bar);
  find->entry = GTK_EDITABLE (entry);
  find->vte = vte;
  find->none = gtk_label_new (_ ("Not found"));
  gtk_widget_set_visible (find->none, FALSE);
  gtk_widget_add_css_class (find->none, "dim-label");
  gtk_widget_add_css_class (buttons, "linked");
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Find in the text line"), -1);
  gtk_editable_set_width_chars (find->entry, 28);
  gtk_box_append (GTK_BOX (buttons),
                  create_button (find, "go-up-symbolic", _ ("Previous match"), on_up));
  gtk_box_append (GTK_BOX (buttons),
                  create_button (find, "go-down-symbolic", _ ("Next match"), on_down));
  gtk_box_append (GTK_BOX (box), entry);
  gtk_box_append (GTK_BOX (box), buttons);
  gtk_box_append (GTK_BOX (box), find->none);
  gtk_search_bar_set_child (find->bar, box);
  gtk_search_bar_connect_entry (find->bar, find->entry);
  gtk_search_bar_set_show_close_button (find->bar, TRUE);
  vte_terminal_search_set_wrap_around (vte, TRUE);
  g_signal_connect_swapped (entry, "search-changed", G_CALLBACK (on_changed), find);
  g_signal_connect_swapped (entry, "activate", G_CALLBACK (on_up), find);
  g_signal_connect_swapped (entry, "previous-match", G_CALLBACK (on_up), find);
  g_signal_connect_swapped (entry, "next-match", G_CALLBACK (on_down), find);
  g_signal_connect_swapped (bar, "notify::search-mode-enabled", G_CALLBACK (on_shown), find);
  g_object_set_data_full (G_OBJECT (bar), "inn-find", find, g_free);
  return bar;
}

void
inn_terminal_find_begin (GtkWidget *bar)
{
  Find *find = g_object_get_data (G_OBJECT (bar), "inn-find");

  g_return_if_fail (find != NULL);
  gtk_search_bar_set_search_mode (find->bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (find->entry));
  gtk_editable_select_region (find->entry, 0, -1);
}
