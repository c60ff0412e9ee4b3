/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Asks for a file to make a machine from. */
#pragma once

#include <gtk/gtk.h>
#include "client/inn-profile.h"

G_BEGIN_DECLS

/** InnFileChosen: @data is the window that asked. Not called when nothing was chosen. */
typedef void (*InnFileChosen) (GFile *file, InnMediaWant want, gpointer data);

void inn_create_choose_file (GtkWindow *parent,
                             InnSourceKind kind,
                             InnMediaWant want,
                             InnFileChosen chosen);
/** inn_create_choose_definition: a machine's XML. */
void inn_create_choose_definition (GtkWindow *parent, InnFileChosen chosen);

G_END_DECLS
