/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which kind of device to add: a list to search. */
#pragma once

#include <adwaita.h>
#include "shared/inn-domain.h"

G_BEGIN_DECLS

#define INN_TYPE_ADD_DIALOG (inn_add_dialog_get_type ())
G_DECLARE_FINAL_TYPE (InnAddDialog, inn_add_dialog, INN, ADD_DIALOG, AdwWindow)

/* What @domain (NULL: nobody knows) cannot have is shown with the reason, and cannot be chosen.
 * Signal "chosen" (const InnKind *): then the dialog closes itself. */
GtkWidget *inn_add_dialog_new (GtkWindow *parent, InnDomain *domain);

G_END_DECLS
