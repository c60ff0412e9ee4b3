/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The list of hardware: a row for each section and device of a draft, and one for the XML. Devices
 * that wait for the next start say so, those that only the running machine has are there as well.
 */
#pragma once

#include "details/inn-draft.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

void inn_hardware_list_clear (GtkListBox *list);
/** inn_hardware_list_find: the row with inn_hardware_row_dup_id() @id, or NULL; borrowed. */
GtkListBoxRow *inn_hardware_list_find (GtkListBox *list, const char *id);
/** inn_hardware_list_keep_shown: the row that is selected stays in view when @list, which is in a
 * scrolled window, gets lower, as by the bar that comes with the first change. */
void inn_hardware_list_keep_shown (GtkListBox *list);
/** inn_hardware_list_fill: an empty @list. */
void inn_hardware_list_fill (GtkListBox *list, InnDraft *draft);
/** inn_hardware_list_show_waiting: again, when what waits has changed. */
void inn_hardware_list_show_waiting (GtkListBox *list, InnDraft *draft);

G_END_DECLS
