/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The main window: sidebar beside the chosen machine. */
#pragma once

#include <adwaita.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_WINDOW (inn_window_get_type ())
G_DECLARE_FINAL_TYPE (InnWindow, inn_window, INN, WINDOW, AdwApplicationWindow)

InnWindow *inn_window_new (AdwApplication *application);
void inn_window_show_machine (InnWindow *self, InnMachine *machine);
/** inn_window_create_from: opens the wizard; @file (an ISO, disk image, kernel) may be NULL. */
void inn_window_create_from (InnWindow *self, GFile *file);

/** inn_window_get_toasts: where small news of this window appear. */
AdwToastOverlay *inn_window_get_toasts (InnWindow *self);

G_END_DECLS
