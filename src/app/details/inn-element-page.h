/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One section or device of a machine: a row for each of its fields, from the schema. */
#pragma once

#include "details/inn-field-row.h"

G_BEGIN_DECLS

#define INN_TYPE_ELEMENT_PAGE (inn_element_page_get_type ())
G_DECLARE_FINAL_TYPE (InnElementPage, inn_element_page, INN, ELEMENT_PAGE, GtkWidget)

/* Signal "remove": a person wants the device gone. */

/** inn_element_page_new: @element must stay in the draft's document while the page lives. */
GtkWidget *inn_element_page_new (InnDraft *draft, const InnElement *element);
const InnElement *inn_element_page_get_element (InnElementPage *self);
/** inn_element_page_get_rows: (element-type InnFieldRow) in the schema's order. */
GPtrArray *inn_element_page_get_rows (InnElementPage *self);

G_END_DECLS
