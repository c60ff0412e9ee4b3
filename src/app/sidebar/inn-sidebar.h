/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The list of one connection's machines: search, selection, context menu. */
#pragma once

#include <adwaita.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_SIDEBAR (inn_sidebar_get_type ())
G_DECLARE_FINAL_TYPE (InnSidebar, inn_sidebar, INN, SIDEBAR, GtkWidget)

/* Property "machine" (InnMachine, notifying): the chosen one. Signal "opened": a person has chosen
 * one by click or Enter, so that a folded window shows it. */

void inn_sidebar_set_connection (InnSidebar *self, InnConnection *connection);
/** inn_sidebar_set_title: whose machines these are, "My Machines". */
void inn_sidebar_set_title (InnSidebar *self, const char *title);
InnMachine *inn_sidebar_get_machine (InnSidebar *self);
void inn_sidebar_set_machine (InnSidebar *self, InnMachine *machine);
void inn_sidebar_choose_first (InnSidebar *self);
void inn_sidebar_search (InnSidebar *self); /* shows the search entry, focused */
/** inn_sidebar_set_folded: alone in the window, it carries the window's buttons. */
void inn_sidebar_set_folded (InnSidebar *self, gboolean folded);

/** inn_sidebar_set_active: @active: the window is seen, so that pictures are worth asking for. */
void inn_sidebar_set_active (InnSidebar *self, gboolean active);

G_END_DECLS
