/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The button below the list that tells of running work, and its popover: progress, step, cancel. */
#pragma once

#include <adwaita.h>
#include "client/inn-connection.h"

G_BEGIN_DECLS

#define INN_TYPE_JOBS_BUTTON (inn_jobs_button_get_type ())
G_DECLARE_FINAL_TYPE (InnJobsButton, inn_jobs_button, INN, JOBS_BUTTON, GtkWidget)

void inn_jobs_button_set_connection (InnJobsButton *self, InnConnection *connection);
/** inn_jobs_button_get_n_running: how many are listed now. */
guint inn_jobs_button_get_n_running (InnJobsButton *self);

G_END_DECLS
