/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine of libvirt's: choose it, see what becomes of it, import it. */
#pragma once

#include <adwaita.h>
#include "client/inn-connection.h"

G_BEGIN_DECLS

#define INN_TYPE_IMPORT_DIALOG (inn_import_dialog_get_type ())
G_DECLARE_FINAL_TYPE (InnImportDialog, inn_import_dialog, INN, IMPORT_DIALOG, AdwWindow)

/* Signals, as the wizard's:
 * "created" (const char *machine_path): the machine is made
 * "left" (InnCreateJob *job, const char *name): it is closed while the machine is being made; @job
 *   goes on */
GtkWidget *inn_import_dialog_new (GtkWindow *parent, InnConnection *connection);
/** inn_import_dialog_open: reads @file, unless a machine is being made. */
void inn_import_dialog_open (InnImportDialog *self, GFile *file);

G_END_DECLS
