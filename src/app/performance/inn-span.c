/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "performance/inn-span.h"

#include <glib/gi18n.h>
#include <math.h>

static const InnSpan spans[INN_N_SPANS] = {
  { N_ ("2 minutes"), N_ ("2 minutes ago"), "%X", 120, 120 },
  { N_ ("10 minutes"), N_ ("10 minutes ago"), "%X", INN_PERFORMANCE_ROWS, 200 },
  { N_ ("2 hours"), N_ ("2 hours ago"), "%X", 2 * 60 * 60, 240 },
  { N_ ("24 hours"), N_ ("24 hours ago"), "%a %X", 24 * 60 * 60, 288 },
};

const InnSpan *
inn_span_get (guint which)
{
  g_return_val_if_fail (which < INN_N_SPANS, NULL);
  return &spans[which];
}

guint
inn_span_get_asked (const InnSpan *span)
{
  return span == &spans[0] ? 0 : span->seconds;
}

gboolean
inn_span_is_long (const InnSpan *span)
{
  return span->seconds > INN_PERFORMANCE_ROWS;
}

gboolean
inn_span_shows (const InnSpan *span, InnChartKind kind)
{
  return inn_span_is_long (span) ? inn_performance_is_kept (kind) : !inn_performance_is_sum (kind);
}

/* Of single seconds: the row. Rows come at any moment of a second. */
static gint64
get_row (const InnSpan *span, InnPerformance *performance, guint column)
{
  return (gint64)inn_performance_get_n_rows (performance) - span->columns + column;
}

/* A column begins at a whole multiple of its length: it stays the same while time goes by. */
static gint64
get_end (const InnSpan *span, InnPerformance *performance, guint column, gint64 *out_length)
{
  const gint64 length = (gint64)span->seconds * G_USEC_PER_SEC / span->columns;
  const gint64 now = inn_performance_get_now (performance);
  const gint64 last = (now + length - 1) / length * length;

  *out_length = length;
  return now == 0 ? 0 : last - (gint64)(span->columns - 1 - column) * length;
}

double
inn_span_get_value (const InnSpan *span,
                    InnPerformance *performance,
                    const InnChart *chart,
                    guint line,
                    guint column)
{
  gint64 row, end, length;

  if (span == &spans[0])
    {
      row = get_row (span, performance, column);
      return row < 0 ? NAN : inn_performance_get (performance, chart, line, (guint)row);
    }
  end = get_end (span, performance, column, &length);
  return end == 0 ? NAN : inn_performance_get_mean (performance, chart, line, end - length, end);
}

gint64
inn_span_get_time (const InnSpan *span, InnPerformance *performance, guint column)
{
  gint64 row, length;

  if (span != &spans[0])
    return get_end (span, performance, column, &length);
  row = get_row (span, performance, column);
  return row < 0 ? 0 : inn_performance_get_time (performance, (guint)row);
}

char *
inn_span_dup_time (const InnSpan *span, InnPerformance *performance, guint column)
{
  const gint64 time = inn_span_get_time (span, performance, column);
  g_autoptr (GDateTime) utc = NULL;
  g_autoptr (GDateTime) local = NULL;

  if (time == 0)
    return NULL;
  utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  local = g_date_time_to_local (utc);
  return g_date_time_format (local, span->time);
}
