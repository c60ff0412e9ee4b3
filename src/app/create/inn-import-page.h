/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Shows what becomes of a machine of libvirt's before it is made here: its name, its disks, and
 * what is adapted, not understood, and the same. */
#pragma once

#include <adwaita.h>
#include "client/inn-connection.h"
#include "client/inn-import.h"

G_BEGIN_DECLS

#define INN_TYPE_IMPORT_PAGE (inn_import_page_get_type ())
G_DECLARE_FINAL_TYPE (InnImportPage, inn_import_page, INN, IMPORT_PAGE, GtkWidget)

/* Signals:
 * "changed": inn_import_page_check() may answer something else
 * "choose" (const char *label): another file is wanted for the disk of that name;
 *   inn_import_page_set_file() brings it */

/** inn_import_page_show: @imported is taken over. The name is one that no machine of @connection
 * has. */
void inn_import_page_show (InnImportPage *self, InnImported *imported, InnConnection *connection);
void inn_import_page_set_file (InnImportPage *self, GFile *file);
/** inn_import_page_get_domain: as it is to be made; NULL before one is shown. */
InnDomain *inn_import_page_get_domain (InnImportPage *self);
/** inn_import_page_check: the error is for a person. */
gboolean inn_import_page_check (InnImportPage *self, GError **error);

G_END_DECLS
