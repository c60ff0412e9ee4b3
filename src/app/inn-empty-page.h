/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What is shown where no machine is: connecting, no helper, no machines yet, none chosen. */
#pragma once

#include <adwaita.h>
#include "client/inn-connection.h"

G_BEGIN_DECLS

#define INN_TYPE_EMPTY_PAGE (inn_empty_page_get_type ())
G_DECLARE_FINAL_TYPE (InnEmptyPage, inn_empty_page, INN, EMPTY_PAGE, GtkWidget)

void inn_empty_page_set_connection (InnEmptyPage *self, InnConnection *connection);
/** inn_empty_page_get_shown: "connecting", "failed", "empty" or "choose". */
const char *inn_empty_page_get_shown (InnEmptyPage *self);

G_END_DECLS
