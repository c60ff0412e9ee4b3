/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a machine has used, as rows and as a file: how it is thinned, and that no bytes are taken
 * for one that was not written. */
#include "core/vmh-limits.h"
#include "machine/vmh-history-rows.h"

#include <string.h>

#define BEGIN 1800000000u /* s since 1970; begins a minute */

static GArray *
rows_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (VmhHistoryRow));
}

static const VmhHistoryRow *
at (const GArray *rows, guint i)
{
  return &g_array_index (rows, VmhHistoryRow, i);
}

/* @n looks, one every 10 s, the last at @end. */
static void
look (GArray *rows, guint32 end, guint n)
{
  for (guint i = n; i-- > 0;)
    {
      const guint32 time = end - i * VMH_HISTORY_PERIOD;
      const VmhHistoryRow row = { .time = time,
                                  .seconds = VMH_HISTORY_PERIOD,
                                  .cpu = time / VMH_HISTORY_PERIOD % 6 * 100,
                                  .memory = 1024 };

      vmh_history_rows_add (rows, &row);
    }
}

static void
check_order (const GArray *rows)
{
  g_assert_cmpuint (rows->len, <=, VMH_HISTORY_MAX_ROWS);
  for (guint i = 1; i < rows->len; i++)
    g_assert_cmpuint (at (rows, i)->time, >, at (rows, i - 1)->time);
}

/* Two days of looks: each of two hours, one a minute of a day, and nothing older. */
static void
test_thins (void)
{
  g_autoptr (GArray) rows = rows_new ();
  const guint32 end = BEGIN + 2 * VMH_HISTORY_SECONDS;
  guint fine = 0, minutes = 0;

  look (rows, end, 2 * VMH_HISTORY_SECONDS / VMH_HISTORY_PERIOD);
  check_order (rows);
  for (guint i = 0; i < rows->len; i++)
    if (end - at (rows, i)->time < VMH_HISTORY_FINE_SECONDS)
      {
        g_assert_cmpuint (at (rows, i)->seconds, ==, VMH_HISTORY_PERIOD);
        fine++;
      }
    else if (at (rows, i)->seconds == 60)
      {
        g_assert_cmpuint (at (rows, i)->time % 60, ==, 0);
        g_assert_cmpuint (at (rows, i)->cpu, ==, 250); /* the mean of 0 to 500 */
        minutes++;
      }
  g_assert_cmpuint (fine, ==, VMH_HISTORY_FINE_SECONDS / VMH_HISTORY_PERIOD);
  g_assert_cmpuint (minutes, >=, (VMH_HISTORY_SECONDS - VMH_HISTORY_FINE_SECONDS) / 60 - 2);
  g_assert_cmpuint (rows->len, <=, fine + minutes + 2);
  g_assert_cmpuint (end - at (rows, 0)->time, <, VMH_HISTORY_SECONDS);
}

/* Whatever the clock does, the rows are in order and not too many. */
static void
test_clock (void)
{
  g_autoptr (GArray) rows = rows_new ();
  VmhHistoryRow row = { BEGIN, 10, 0, 0 };

  look (rows, BEGIN, 100);
  row.time = BEGIN - 500;
  vmh_history_rows_add (rows, &row);
  g_assert_cmpuint (at (rows, rows->len - 1)->time, ==, BEGIN - 500);
  g_assert_cmpuint (rows->len, ==, 50);
  check_order (rows);
  row.time = G_MAXUINT32;
  vmh_history_rows_add (rows, &row);
  g_assert_cmpuint (rows->len, ==, 1);
  for (guint i = 0; i < 5000; i++) /* every second, as nobody asks for */
    {
      row.time = BEGIN + i;
      row.seconds = 1;
      vmh_history_rows_add (rows, &row);
    }
  check_order (rows);
  g_assert_cmpuint (rows->len, ==, VMH_HISTORY_MAX_ROWS);
}

static void
test_condenses (void)
{
  g_autoptr (GArray) rows = rows_new ();
  g_autoptr (GArray) whole = NULL;
  g_autoptr (GArray) minutes = NULL;
  g_autoptr (GArray) future = NULL;

  look (rows, BEGIN, 60);
  whole = vmh_history_rows_condense (rows, BEGIN, 300, 1);
  g_assert_cmpuint (whole->len, ==, 30);
  minutes = vmh_history_rows_condense (rows, BEGIN, 300, 60);
  g_assert_cmpuint (minutes->len, ==, 5);
  g_assert_cmpuint (at (minutes, 4)->time, ==, BEGIN);
  g_assert_cmpuint (at (minutes, 4)->seconds, ==, 60);
  g_assert_cmpuint (at (minutes, 4)->cpu, ==, 250);
  g_assert_cmpuint (at (minutes, 4)->memory, ==, 1024);
  future = vmh_history_rows_condense (rows, BEGIN - 1000, 300, 60);
  g_assert_cmpuint (future->len, ==, 0);
}

/* ---- the file ---- */

static GBytes *
create_file (guint n)
{
  g_autoptr (GArray) rows = rows_new ();

  look (rows, BEGIN, n);
  return vmh_history_rows_encode (rows);
}

static void
refuse (const guint8 *data, gsize size)
{
  /* Of just that size, so that the sanitizer sees what is read behind it. */
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  g_assert_null (vmh_history_rows_decode (bytes));
}

static void
test_file (void)
{
  for (guint n = 0; n <= 2000; n += 400)
    {
      g_autoptr (GArray) rows = rows_new ();
      g_autoptr (GArray) again = NULL;
      g_autoptr (GBytes) bytes = NULL;

      look (rows, BEGIN, n);
      bytes = vmh_history_rows_encode (rows);
      g_assert_cmpuint (g_bytes_get_size (bytes), <=, VMH_HISTORY_MAX_FILE);
      again = vmh_history_rows_decode (bytes);
      g_assert_nonnull (again);
      g_assert_cmpmem (again->data, again->len * sizeof (VmhHistoryRow), rows->data,
                       rows->len * sizeof (VmhHistoryRow));
    }
}

/* As it was before there was traffic: all else is there. */
static void
test_old_file (void)
{
  static const guint8 head[] = { 'I', 'N', 'N', 'H', 'I', 'S', 'T', '1', 2, 0, 0, 0 };
  const guint32 numbers[] = { BEGIN, 10, 250, 1024, BEGIN + 10, 10, 500, 2048 };
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GArray) rows = NULL;
  guint8 sum[32];
  gsize size = sizeof sum;

  g_byte_array_append (file, head, sizeof head);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      const guint32 little = GUINT32_TO_LE (numbers[i]);

      g_byte_array_append (file, (const guint8 *)&little, sizeof little);
    }
  g_checksum_update (checksum, file->data, file->len);
  g_checksum_get_digest (checksum, sum, &size);
  g_byte_array_append (file, sum, sizeof sum);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&file));
  rows = vmh_history_rows_decode (bytes);
  g_assert_nonnull (rows);
  g_assert_cmpuint (rows->len, ==, 2);
  g_assert_cmpuint (at (rows, 1)->time, ==, BEGIN + 10);
  g_assert_cmpuint (at (rows, 1)->cpu, ==, 500);
  g_assert_cmpuint (at (rows, 1)->memory, ==, 2048);
  for (guint i = 0; i < VMH_N_TRAFFIC; i++)
    g_assert_cmpuint (at (rows, 1)->traffic[i], ==, VMH_HISTORY_UNKNOWN);
}

/* What is not known makes nothing of what is. */
static void
test_unknown (void)
{
  g_autoptr (GArray) rows = rows_new ();
  g_autoptr (GArray) minutes = NULL;
  VmhHistoryRow row = { .time = BEGIN - 30, .seconds = 10 };

  row.traffic[VMH_TRAFFIC_READ] = VMH_HISTORY_UNKNOWN;
  row.traffic[VMH_TRAFFIC_SENT] = VMH_HISTORY_UNKNOWN;
  row.traffic[VMH_TRAFFIC_WRITTEN] = 100;
  vmh_history_rows_add (rows, &row);
  row.time += 10;
  row.traffic[VMH_TRAFFIC_READ] = 7;
  row.traffic[VMH_TRAFFIC_WRITTEN] = 200;
  vmh_history_rows_add (rows, &row);
  minutes = vmh_history_rows_condense (rows, BEGIN, 600, 60);
  g_assert_cmpuint (minutes->len, ==, 1);
  g_assert_cmpuint (at (minutes, 0)->traffic[VMH_TRAFFIC_READ], ==, 7);
  g_assert_cmpuint (at (minutes, 0)->traffic[VMH_TRAFFIC_WRITTEN], ==, 150);
  g_assert_cmpuint (at (minutes, 0)->traffic[VMH_TRAFFIC_SENT], ==, VMH_HISTORY_UNKNOWN);
}

/* Each byte changed in each bit, and cut at each length, and longer. */
static void
test_damaged (void)
{
  g_autoptr (GBytes) bytes = create_file (30);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree guint8 *copy = g_malloc (size + 16);

  memset (copy + size, 0, 16);
  for (gsize i = 0; i < size; i++)
    for (guint bit = 0; bit < 8; bit++)
      {
        memcpy (copy, data, size);
        copy[i] ^= (guint8)(1u << bit);
        refuse (copy, size);
      }
  memcpy (copy, data, size);
  for (gsize length = 0; length < size; length++)
    refuse (copy, length);
  refuse (copy, size + 1);
  refuse (copy, size + 16);
}

/* Rows as none is, with a checksum that is right: somebody has made them. */
static void
test_made_up (void)
{
  static const VmhHistoryRow wrong[][2] = {
    { { BEGIN, 10, 0, 0 }, { BEGIN, 10, 0, 0 } },     /* not later */
    { { BEGIN, 10, 0, 0 }, { BEGIN - 1, 10, 0, 0 } }, /* earlier */
    { { BEGIN, 0, 0, 0 }, { BEGIN + 10, 10, 0, 0 } }, /* of no time */
    { { BEGIN, 10, 0, 0 }, { BEGIN + 10, G_MAXUINT32, 0, 0 } },
    { { 0, 10, 0, 0 }, { BEGIN, 10, 0, 0 } },
  };
  g_autoptr (GArray) many = rows_new ();
  g_autoptr (GBytes) too_many = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GArray) rows = rows_new ();
      g_autoptr (GBytes) bytes = NULL;

      g_array_append_vals (rows, wrong[i], 2);
      bytes = vmh_history_rows_encode (rows);
      g_assert_null (vmh_history_rows_decode (bytes));
    }
  for (guint i = 0; i <= VMH_HISTORY_MAX_ROWS; i++)
    {
      const VmhHistoryRow row = { BEGIN + i, 1, 0, 0 };

      g_array_append_val (many, row);
    }
  too_many = vmh_history_rows_encode (many);
  g_assert_null (vmh_history_rows_decode (too_many));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/history/thins", test_thins);
  g_test_add_func ("/history/clock", test_clock);
  g_test_add_func ("/history/condenses", test_condenses);
  g_test_add_func ("/history/file", test_file);
  g_test_add_func ("/history/old-file", test_old_file);
  g_test_add_func ("/history/unknown", test_unknown);
  g_test_add_func ("/history/damaged", test_damaged);
  g_test_add_func ("/history/made-up", test_made_up);
  return g_test_run ();
}
