/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Takes a file that is dropped from a file manager. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef void (*InnDropped) (GFile *file, gpointer data);

/** inn_drop_attach: @dropped is called with the first of the dropped files; @data must live as long
 * as @widget. */
void inn_drop_attach (GtkWidget *widget, InnDropped dropped, gpointer data);

G_END_DECLS
