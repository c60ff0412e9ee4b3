/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the helper has kept of a machine's use: rows in the order of time. Internal to client/. */
#pragma once

#include "inn-performance.h"

G_BEGIN_DECLS

GArray *inn_kept_new (void);
/** inn_kept_take: @rows are those of @reply from now on, of the type (asa(tuad)). */
void inn_kept_take (GArray *rows, GVariant *reply);
/** inn_kept_get_mean: from @from to @to, µs since 1970; NAN where it is not known. */
double
inn_kept_get_mean (const GArray *rows, InnChartKind kind, guint line, gint64 from, gint64 to);
/** inn_kept_has: something is known of that line. */
gboolean inn_kept_has (const GArray *rows, InnChartKind kind, guint line);

G_END_DECLS
