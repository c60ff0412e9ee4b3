/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard's page on which another operating system is chosen. */
#pragma once

#include <adwaita.h>
#include "client/inn-os.h"

G_BEGIN_DECLS

#define INN_TYPE_OS_PAGE (inn_os_page_get_type ())
G_DECLARE_FINAL_TYPE (InnOsPage, inn_os_page, INN, OS_PAGE, GtkWidget)

/* Signals: "chosen" (InnOs *); "cancelled" (Escape in the search) */

/** inn_os_page_open: shows the whole list with @os selected, and takes the keyboard. */
void inn_os_page_open (InnOsPage *self, InnOsDb *db, InnOs *os);

G_END_DECLS
