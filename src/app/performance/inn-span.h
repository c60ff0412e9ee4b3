/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How much time the graphs show, and which values that are: the one table. No widget. */
#pragma once

#include "client/inn-performance.h"

G_BEGIN_DECLS

/** InnSpan: static; texts not yet translated. */
typedef struct
{
  const char *name;
  const char *ago;
  const char *time; /* of a column, for g_date_time_format() */
  guint seconds;
  guint columns; /* each has one value, the mean of its time */
} InnSpan;

#define INN_N_SPANS 4

/** inn_span_get: from the shortest on, which is of single seconds. */
const InnSpan *inn_span_get (guint which);
/** inn_span_get_asked: seconds that the helper is asked for, beside what was measured here. */
guint inn_span_get_asked (const InnSpan *span);
/** inn_span_is_long: it shows only what the helper has kept. */
gboolean inn_span_is_long (const InnSpan *span);
/** inn_span_shows: of a time that nobody has looked at, there are not all charts. */
gboolean inn_span_shows (const InnSpan *span, InnChartKind kind);
/** inn_span_get_value: of a column, from the left; NAN where it is not known. */
double inn_span_get_value (const InnSpan *span,
                           InnPerformance *performance,
                           const InnChart *chart,
                           guint line,
                           guint column);
/** inn_span_get_time: when the column ends: µs since 1970; 0: there is none. */
gint64 inn_span_get_time (const InnSpan *span, InnPerformance *performance, guint column);
/** inn_span_dup_time: the same for people. */
char *inn_span_dup_time (const InnSpan *span, InnPerformance *performance, guint column);

G_END_DECLS
