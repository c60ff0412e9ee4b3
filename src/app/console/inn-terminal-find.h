/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The search in what a text line has said. */
#pragma once

#include <gtk/gtk.h>
#include <vte/vte.h>

G_BEGIN_DECLS

/** inn_terminal_find_new: a bar above @vte (which outlives it) that is not shown yet. */
GtkWidget *inn_terminal_find_new (VteTerminal *vte);
/** inn_terminal_find_begin: shows the bar @find, or goes to it. */
void inn_terminal_find_begin (GtkWidget *find);

G_END_DECLS
