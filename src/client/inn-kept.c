/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads the answer of GetHistory. Asks nothing. */
#include "inn-kept.h"

#include <math.h>

/* The one table: where each column of the helper's goes. */
static const struct
{
  const char *column;
  InnChartKind chart;
  guint line;
} kept[] = {
  { "cpu", INN_CHART_CPU, 0 },
  { "memory", INN_CHART_MEMORY, 0 },
  { "read-bytes", INN_CHART_ALL_DISKS, 0 },
  { "written-bytes", INN_CHART_ALL_DISKS, 1 },
  { "received-bytes", INN_CHART_ALL_CARDS, 0 },
  { "sent-bytes", INN_CHART_ALL_CARDS, 1 },
};

typedef struct
{
  gint64 begin, end; /* µs since 1970 */
  double values[G_N_ELEMENTS (kept)];
} Kept;

GArray *
inn_kept_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (Kept));
}

gboolean
inn_performance_is_kept (InnChartKind kind)
{
  for (guint k = 0; k < G_N_ELEMENTS (kept); k++)
    if (kept[k].chart == kind)
      return TRUE;
  return FALSE;
}

gboolean
inn_performance_is_sum (InnChartKind kind)
{
  return kind == INN_CHART_ALL_DISKS || kind == INN_CHART_ALL_CARDS;
}

gboolean
inn_kept_has (const GArray *rows, InnChartKind kind, guint line)
{
  for (guint k = 0; k < G_N_ELEMENTS (kept); k++)
    for (guint i = 0; kept[k].chart == kind && kept[k].line == line && i < rows->len; i++)
      if (!isnan (g_array_index (rows, Kept, i).values[k]))
        return TRUE;
  return FALSE;
}

static int
compare_kept (gconstpointer a, gconstpointer b)
{
  const gint64 one = ((const Kept *)a)->end, other = ((const Kept *)b)->end;

  return (one > other) - (one < other);
}

void
inn_kept_take (GArray *rows, GVariant *reply)
{
  g_autofree const char **columns = NULL;
  g_autoptr (GVariantIter) iter = NULL;
  g_autoptr (GVariant) names = NULL;
  GVariant *list;
  guint64 time;
  guint32 seconds;

  g_variant_get (reply, "(@asa(tuad))", &names, &iter);
  columns = g_variant_get_strv (names, NULL);
  g_array_set_size (rows, 0);
  while (g_variant_iter_next (iter, "(tu@ad)", &time, &seconds, &list))
    {
      g_autoptr (GVariant) owned = list;
      gsize n;
      const double *values = g_variant_get_fixed_array (list, &n, sizeof *values);
      Kept row = { .end = (gint64)MIN (time, G_MAXUINT32) * G_USEC_PER_SEC };

      row.begin = row.end - (gint64)seconds * G_USEC_PER_SEC;
      for (guint k = 0; k < G_N_ELEMENTS (kept); k++)
        {
          row.values[k] = NAN;
          for (gsize c = 0; c < n && columns[c] != NULL; c++)
            if (g_str_equal (columns[c], kept[k].column))
              row.values[k] = values[c];
        }
      g_array_append_val (rows, row);
    }
  g_array_sort (rows, compare_kept);
}

static guint
find_kept (const GArray *rows, gint64 time)
{
  guint low = 0, high = rows->len;

  while (low < high)
    {
      const guint middle = low + (high - low) / 2;

      if (g_array_index (rows, Kept, middle).end <= time)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Each counts as much as it lies within. */
double
inn_kept_get_mean (const GArray *rows, InnChartKind kind, guint line, gint64 from, gint64 to)
{
  double sum = 0, all = 0;

  for (guint i = find_kept (rows, from); i < rows->len; i++)
    {
      const Kept *row = &g_array_index (rows, Kept, i);
      const double within = (double)(MIN (row->end, to) - MAX (row->begin, from));

      if (row->begin >= to)
        break;
      for (guint k = 0; k < G_N_ELEMENTS (kept); k++)
        if (kept[k].chart == kind && kept[k].line == line && !isnan (row->values[k]) && within > 0)
          {
            sum += row->values[k] * within;
            all += within;
          }
    }
  return all > 0 ? sum / all : NAN;
}
