/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The Performance tab: graphs of what a machine uses, measured while they are seen. */
#pragma once

#include <adwaita.h>
#include "client/inn-machine.h"

G_BEGIN_DECLS

#define INN_TYPE_PERFORMANCE_VIEW (inn_performance_view_get_type ())
G_DECLARE_FINAL_TYPE (InnPerformanceView, inn_performance_view, INN, PERFORMANCE_VIEW, GtkWidget)

void inn_performance_view_set_machine (InnPerformanceView *self, InnMachine *machine);

G_END_DECLS
