/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One field of the schema as a row of a page: the type chooses the widget. */
#pragma once

#include <adwaita.h>
#include "details/inn-draft.h"

G_BEGIN_DECLS

#define INN_TYPE_FIELD_ROW (inn_field_row_get_type ())
G_DECLARE_FINAL_TYPE (InnFieldRow, inn_field_row, INN, FIELD_ROW, GObject)

/** inn_field_row_new: @element is copied; it must stay in the draft's document as long as the row
 * lives. */
InnFieldRow *inn_field_row_new (InnDraft *draft, const InnElement *element, const InnField *field);
const InnField *inn_field_row_get_field (InnFieldRow *self);
/** inn_field_row_get_row: the row itself, kept alive by its parent; the InnFieldRow lives as long.
 */
GtkWidget *inn_field_row_get_row (InnFieldRow *self);
/** inn_field_row_get_note: stands below the row where the row itself has no room for words; may be
 * NULL. */
GtkWidget *inn_field_row_get_note (InnFieldRow *self);
/** inn_field_row_get_editor: what takes the focus and the value: GtkSwitch, GtkSpinButton,
 * AdwComboRow, AdwEntryRow, GtkTextView. */
GtkWidget *inn_field_row_get_editor (InnFieldRow *self);
/** inn_field_row_show: takes value and note anew from the draft. */
void inn_field_row_show (InnFieldRow *self);
/** inn_field_row_get_note_text: what is said beside the value now: help, what is wrong, what waits.
 */
const char *inn_field_row_get_note_text (InnFieldRow *self);

/** inn_field_row_withhold: @value is no choice here, and the row says @why below its help. */
void inn_field_row_withhold (InnFieldRow *self, const char *value, const char *why);

G_END_DECLS
