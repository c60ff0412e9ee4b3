/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "performance/inn-csv.h"

#include <glib/gi18n.h>
#include <math.h>
#include "app/inn-save-file.h"
#include "performance/inn-look.h"

#define END "\r\n" /* RFC 4180 */

static void
append_quoted (GString *csv, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "\"", -1);
  g_autofree char *doubled = g_strjoinv ("\"\"", parts);

  g_string_append_printf (csv, ",\"%s\"", doubled);
}

static void
append_head (GString *csv, GPtrArray *charts, const InnSpan *span)
{
  g_string_append (csv, "Time");
  for (guint i = 0; i < charts->len; i++)
    for (guint l = 0; l < INN_CHART_LINES; l++)
      {
        const InnChart *chart = g_ptr_array_index (charts, i);
        const InnGraphLook *look = inn_look_get (chart->kind);
        g_autofree char *title = inn_look_dup_title (look, chart->name);
        g_autofree char *column = NULL;

        if (chart->lines[l] == NULL || !inn_span_shows (span, chart->kind))
          continue;
        column = look->lines[l] != NULL
                     ? g_strdup_printf ("%s: %s (%s)", title, _ (look->lines[l]),
                                        inn_unit_get_name (look->unit))
                     : g_strdup_printf ("%s (%s)", title, inn_unit_get_name (look->unit));
        append_quoted (csv, column);
      }
  g_string_append (csv, END);
}

static void
append_value (GString *csv, InnUnit unit, double value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c (csv, ',');
  if (!isnan (value))
    g_string_append (csv, g_ascii_formatd (digits, sizeof digits, "%.10g",
                                           unit == INN_UNIT_SHARE ? value * 100 : value));
}

static void
append_time (GString *csv, gint64 time)
{
  g_autoptr (GDateTime) whole = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (whole, "%Y-%m-%dT%H:%M:%S");

  g_string_append_printf (csv, "%s.%03dZ", text, (int)(time % G_USEC_PER_SEC / 1000));
}

static void
append_row (GString *csv, InnPerformance *performance, guint row)
{
  GPtrArray *charts = inn_performance_get_charts (performance);

  append_time (csv, inn_performance_get_time (performance, row));
  for (guint i = 0; i < charts->len; i++)
    for (guint l = 0; l < INN_CHART_LINES; l++)
      {
        const InnChart *chart = g_ptr_array_index (charts, i);

        if (chart->lines[l] != NULL)
          append_value (csv, inn_look_get (chart->kind)->unit,
                        inn_performance_get (performance, chart, l, row));
      }
  g_string_append (csv, END);
}

static void
append_column (GString *csv, InnPerformance *performance, const InnSpan *span, guint column)
{
  GPtrArray *charts = inn_performance_get_charts (performance);

  append_time (csv, inn_span_get_time (span, performance, column));
  for (guint i = 0; i < charts->len; i++)
    for (guint l = 0; l < INN_CHART_LINES; l++)
      {
        const InnChart *chart = g_ptr_array_index (charts, i);

        if (chart->lines[l] != NULL && inn_span_shows (span, chart->kind))
          append_value (csv, inn_look_get (chart->kind)->unit,
                        inn_span_get_value (span, performance, chart, l, column));
      }
  g_string_append (csv, END);
}

/* Of the shortest span, each second that is there. */
char *
inn_csv_dup (InnPerformance *performance, const InnSpan *span)
{
  const guint n_rows = inn_performance_get_n_rows (performance);
  GString *csv = g_string_new (NULL);

  append_head (csv, inn_performance_get_charts (performance), span);
  if (inn_span_get_asked (span) == 0)
    for (guint row = n_rows > INN_PERFORMANCE_ROWS ? n_rows - INN_PERFORMANCE_ROWS : 0;
         row < n_rows; row++)
      append_row (csv, performance, row);
  else
    for (guint column = 0; column < span->columns; column++)
      append_column (csv, performance, span, column);
  return g_string_free (csv, FALSE);
}

void
inn_csv_save (GtkWidget *near, const char *name, InnPerformance *performance, const InnSpan *span)
{
  /* What is there when it is asked for: the machine may end meanwhile. */
  char *csv = inn_csv_dup (performance, span);
  g_autoptr (GBytes) bytes = g_bytes_new_take (csv, strlen (csv));

  inn_save_file (near, _ ("Save What Was Measured"), name, "csv", bytes,
                 _ ("The table could not be saved"));
}
