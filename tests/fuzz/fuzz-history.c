/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as the file of what a machine has used, which lies in a folder that may have been
 * copied from anywhere. The sum is made right, for no fuzzer finds it. */
#include "fuzz.h"

#include "core/vmh-limits.h"
#include "machine/vmh-history-rows.h"

#include <string.h>

#define SUM 32

static GArray *
decode (const uint8_t *data, size_t size, gboolean right)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GBytes) bytes = NULL;
  gsize length = SUM;

  if (right && size >= SUM)
    {
      g_checksum_update (checksum, copy, (gssize)(size - SUM));
      g_checksum_get_digest (checksum, copy + size - SUM, &length);
    }
  bytes = g_bytes_new_take (g_steal_pointer (&copy), size);
  return vmh_history_rows_decode (bytes);
}

/* Whatever is taken is in order, is read back from what is written, and more can be added. */
static void
use (GArray *rows)
{
  g_autoptr (GBytes) bytes = vmh_history_rows_encode (rows);
  g_autoptr (GArray) again = vmh_history_rows_decode (bytes);
  g_autoptr (GArray) few = NULL;
  guint32 last = 0;

  g_assert_nonnull (again);
  g_assert_cmpmem (again->data, again->len * sizeof (VmhHistoryRow), rows->data,
                   rows->len * sizeof (VmhHistoryRow));
  for (guint i = 0; i < rows->len; i++)
    {
      g_assert_cmpuint (g_array_index (rows, VmhHistoryRow, i).time, >, last);
      last = g_array_index (rows, VmhHistoryRow, i).time;
    }
  few = vmh_history_rows_condense (rows, last, VMH_HISTORY_SECONDS, 120);
  g_assert_cmpuint (few->len, <=, VMH_HISTORY_SECONDS / 120 + 2);
  if (last < G_MAXUINT32)
    {
      const VmhHistoryRow row = { .time = last + 1, .seconds = 1 };

      vmh_history_rows_add (rows, &row);
      g_assert_cmpuint (rows->len, <=, VMH_HISTORY_MAX_ROWS);
      g_assert_cmpuint (rows->len, >, 0);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GArray) whole = decode (data, size, TRUE);
  g_autoptr (GArray) rows = decode (data, size, FALSE);

  if (rows)
    use (rows);
  if (whole)
    use (whole);
  return 0;
}
