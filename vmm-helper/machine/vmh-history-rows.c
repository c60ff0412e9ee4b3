/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "machine/vmh-history-rows.h"

#include <stddef.h>
#include <string.h>

#include "core/vmh-limits.h"

/* The file: MAGIC, the number of rows, the rows, SHA-256 of all that; numbers of 32 bits, the least
 * significant byte first. */
#define MAGIC        "INNHIST2"
#define MAGIC_LENGTH 8
#define OLD_MAGIC    "INNHIST1" /* its rows end before the traffic */
#define OLD_ROW      offsetof (VmhHistoryRow, traffic)
#define HEAD         (MAGIC_LENGTH + 4)
#define SUM          32
#define MINUTE       60
#define MAX_SECONDS  (2 * MINUTE) /* that a row can stand for */

static guint32
mean (guint32 one, guint32 one_seconds, guint32 other, guint32 other_seconds)
{
  return (guint32)(((guint64)one * one_seconds + (guint64)other * other_seconds) /
                   ((guint64)one_seconds + other_seconds));
}

/* What is known stands for what is not. */
static guint32
mean_known (guint32 one, guint32 one_seconds, guint32 other, guint32 other_seconds)
{
  if (one == VMH_HISTORY_UNKNOWN || other == VMH_HISTORY_UNKNOWN)
    return MIN (one, other);
  return mean (one, one_seconds, other, other_seconds);
}

/* @row comes after @into. */
static void
merge (VmhHistoryRow *into, const VmhHistoryRow *row)
{
  into->cpu = mean (into->cpu, into->seconds, row->cpu, row->seconds);
  into->memory = mean (into->memory, into->seconds, row->memory, row->seconds);
  for (guint i = 0; i < VMH_N_TRAFFIC; i++)
    into->traffic[i] = mean_known (into->traffic[i], into->seconds, row->traffic[i], row->seconds);
  into->seconds += row->seconds;
  into->time = row->time;
}

static gboolean
is_of_one_step (const VmhHistoryRow *one, const VmhHistoryRow *other, guint32 step)
{
  return (one->time - 1) / step == (other->time - 1) / step;
}

static void
thin (GArray *rows)
{
  VmhHistoryRow *all = (gpointer)rows->data;
  const guint32 now = all[rows->len - 1].time;
  guint n = 0;

  for (guint i = 0; i < rows->len; i++)
    {
      const guint32 age = now - all[i].time;

      if (age >= VMH_HISTORY_SECONDS)
        continue;
      if (n > 0 && age >= VMH_HISTORY_FINE_SECONDS &&
          is_of_one_step (&all[n - 1], &all[i], MINUTE) &&
          all[n - 1].seconds + all[i].seconds <= MAX_SECONDS)
        merge (&all[n - 1], &all[i]);
      else
        all[n++] = all[i];
    }
  g_array_set_size (rows, n);
  if (n > VMH_HISTORY_MAX_ROWS)
    g_array_remove_range (rows, 0, n - VMH_HISTORY_MAX_ROWS);
}

static gboolean
is_sound (const VmhHistoryRow *row)
{
  return row->time > 0 && row->seconds > 0 && row->seconds <= MAX_SECONDS;
}

void
vmh_history_rows_add (GArray *rows, const VmhHistoryRow *row)
{
  g_return_if_fail (is_sound (row));

  while (rows->len > 0 && g_array_index (rows, VmhHistoryRow, rows->len - 1).time >= row->time)
    g_array_set_size (rows, rows->len - 1);
  g_array_append_vals (rows, row, 1);
  thin (rows);
}

GArray *
vmh_history_rows_condense (const GArray *rows, guint32 now, guint32 span, guint32 step)
{
  GArray *chosen = g_array_new (FALSE, FALSE, sizeof (VmhHistoryRow));

  for (guint i = 0; i < rows->len; i++)
    {
      const VmhHistoryRow *row = &g_array_index (rows, VmhHistoryRow, i);
      VmhHistoryRow *last =
          chosen->len > 0 ? &g_array_index (chosen, VmhHistoryRow, chosen->len - 1) : NULL;

      if (row->time > now || now - row->time >= span)
        continue;
      if (last && is_of_one_step (last, row, step))
        merge (last, row);
      else
        g_array_append_vals (chosen, row, 1);
    }
  return chosen;
}

/* ---- the file ---- */

static void
append_number (GByteArray *bytes, guint32 number)
{
  const guint32 little = GUINT32_TO_LE (number);

  g_byte_array_append (bytes, (const guint8 *)&little, sizeof little);
}

static guint32
read_number (const guint8 *from)
{
  guint32 little;

  memcpy (&little, from, sizeof little);
  return GUINT32_FROM_LE (little);
}

static void
add_up (const guint8 *data, gsize length, guint8 sum[SUM])
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size = SUM;

  g_checksum_update (checksum, data, (gssize)length);
  g_checksum_get_digest (checksum, sum, &size);
}

GBytes *
vmh_history_rows_encode (const GArray *rows)
{
  GByteArray *bytes = g_byte_array_new ();
  guint8 sum[SUM];

  g_byte_array_append (bytes, (const guint8 *)MAGIC, MAGIC_LENGTH);
  append_number (bytes, rows->len);
  for (guint i = 0; i < rows->len; i++)
    {
      const VmhHistoryRow *row = &g_array_index (rows, VmhHistoryRow, i);

      append_number (bytes, row->time);
      append_number (bytes, row->seconds);
      append_number (bytes, row->cpu);
      append_number (bytes, row->memory);
      for (guint t = 0; t < VMH_N_TRAFFIC; t++)
        append_number (bytes, row->traffic[t]);
    }
  add_up (bytes->data, bytes->len, sum);
  g_byte_array_append (bytes, sum, SUM);
  return g_byte_array_free_to_bytes (bytes);
}

/* The checksum is no signature: what it is right for is looked at all the same. */
GArray *
vmh_history_rows_decode (GBytes *bytes)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (VmhHistoryRow));
  gsize size, length;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint8 sum[SUM];
  guint32 n, before = 0;

  if (size < HEAD + SUM)
    return NULL;
  if (memcmp (data, MAGIC, MAGIC_LENGTH) == 0)
    length = sizeof (VmhHistoryRow);
  else if (memcmp (data, OLD_MAGIC, MAGIC_LENGTH) == 0)
    length = OLD_ROW;
  else
    return NULL;
  n = read_number (data + MAGIC_LENGTH);
  if (n > VMH_HISTORY_MAX_ROWS || size != HEAD + n * length + SUM)
    return NULL;
  add_up (data, size - SUM, sum);
  if (memcmp (sum, data + size - SUM, SUM) != 0)
    return NULL;
  for (const guint8 *at = data + HEAD; n > 0; n--, at += length)
    {
      VmhHistoryRow row = { .time = read_number (at),
                            .seconds = read_number (at + 4),
                            .cpu = read_number (at + 8),
                            .memory = read_number (at + 12) };

      for (guint i = 0; i < VMH_N_TRAFFIC; i++)
        row.traffic[i] =
            length > OLD_ROW ? read_number (at + OLD_ROW + 4 * (gsize)i) : VMH_HISTORY_UNKNOWN;
      if (!is_sound (&row) || row.time <= before)
        return NULL;
      before = row.time;
      g_array_append_val (rows, row);
    }
  return g_steal_pointer (&rows);
}
