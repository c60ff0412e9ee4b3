/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Gives a user of the guest another password, through its agent. */
#pragma once

#include <adwaita.h>

#include "client/inn-guest.h"

G_BEGIN_DECLS

/** inn_password_dialog_show: @near: a widget of the window that it belongs to, and where errors are
 * told. @user: whose is offered, or "". */
void
inn_password_dialog_show (GtkWidget *near, InnGuest *guest, const char *name, const char *user);

G_END_DECLS
