/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A text line of a machine as a terminal, over a plain socket. Knows no machine. */
#pragma once

#include <gtk/gtk.h>
#include <vte/vte.h>

G_BEGIN_DECLS

#define INN_TYPE_TERMINAL (inn_terminal_get_type ())
G_DECLARE_FINAL_TYPE (InnTerminal, inn_terminal, INN, TERMINAL, GtkWidget)

/** InnTerminal: signal "closed": the other end has gone. What was shown stays. */
GtkWidget *inn_terminal_new (void);
/** inn_terminal_set_name: for names of files. */
void inn_terminal_set_name (InnTerminal *self, const char *name);
/** inn_terminal_open: takes @fd over; clears what was shown. */
void inn_terminal_open (InnTerminal *self, int fd);
void inn_terminal_close (InnTerminal *self);
gboolean inn_terminal_is_open (InnTerminal *self);
VteTerminal *inn_terminal_get_vte (InnTerminal *self);

G_END_DECLS
