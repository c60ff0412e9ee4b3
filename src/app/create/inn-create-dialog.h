/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard: pick a source → Create. Everything else is filled in and can be changed on one page.
 */
#pragma once

#include <adwaita.h>
#include "client/inn-connection.h"

G_BEGIN_DECLS

#define INN_TYPE_CREATE_DIALOG (inn_create_dialog_get_type ())
G_DECLARE_FINAL_TYPE (InnCreateDialog, inn_create_dialog, INN, CREATE_DIALOG, AdwWindow)

/* Signals:
 * "created" (const char *machine_path): the machine is made and its start asked for
 * "import" (GFile *file): a machine of libvirt's is wanted instead, that of @file (may be NULL); it
 *   closes
 * "left" (InnCreateJob *job, const char *name): it is closed while the machine is being made; @job
 *   goes on */
GtkWidget *inn_create_dialog_new (GtkWindow *parent, InnConnection *connection);
/** inn_create_dialog_open: @file (an ISO, disk image, kernel) comes from outside. It is the source
 * of the machine to be made; but what was entered is not lost without asking, and a machine that is
 * being made is made first. */
void inn_create_dialog_open (InnCreateDialog *self, GFile *file);

G_END_DECLS
