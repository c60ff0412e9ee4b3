/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The Details tab: sections and devices of a machine, each a page of rows, and its XML. */
#pragma once

#include <adwaita.h>
#include "details/inn-draft.h"

G_BEGIN_DECLS

#define INN_TYPE_DETAILS_VIEW (inn_details_view_get_type ())
G_DECLARE_FINAL_TYPE (InnDetailsView, inn_details_view, INN, DETAILS_VIEW, GtkWidget)

GtkWidget *inn_details_view_new (void);
/** inn_details_view_set_machine: read when the view is first mapped with it. */
void inn_details_view_set_machine (InnDetailsView *self, InnMachine *machine);
InnDraft *inn_details_view_get_draft (InnDetailsView *self);

/** inn_details_view_show: @id of inn_element_dup_id(), or "xml". FALSE where there is none. */
gboolean inn_details_view_show (InnDetailsView *self, const char *id);
/** inn_details_view_get_page: InnElementPage or InnXmlView that is shown; NULL while loading. */
GtkWidget *inn_details_view_get_page (InnDetailsView *self);
/** inn_details_view_add: a new device, filled with what it needs, and its page shown. */
void inn_details_view_add (InnDetailsView *self, const InnKind *kind);

G_END_DECLS
