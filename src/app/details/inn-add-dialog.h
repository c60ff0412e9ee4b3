/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which kind of device to add: a list to search. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define INN_TYPE_ADD_DIALOG (inn_add_dialog_get_type ())
G_DECLARE_FINAL_TYPE (InnAddDialog, inn_add_dialog, INN, ADD_DIALOG, AdwWindow)

/* Signal "chosen" (const InnKind *): then the dialog closes itself. */
GtkWidget *inn_add_dialog_new (GtkWindow *parent);

G_END_DECLS
