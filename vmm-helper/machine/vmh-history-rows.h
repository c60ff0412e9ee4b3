/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a machine has used, as rows in the order of time, the older the fewer; and as bytes of a
 * file. Measures nothing and opens nothing. */
#pragma once

#include "machine/vmh-traffic.h"

G_BEGIN_DECLS

/** VmhHistoryRow: means over @seconds, which end at @time (s since 1970). */
typedef struct
{
  guint32 time;
  guint32 seconds;
  guint32 cpu;    /* thousandths of a processor */
  guint32 memory; /* KiB on this computer */
  /* VMH_HISTORY_UNIT bytes a second, by VmhTrafficKind; VMH_HISTORY_UNKNOWN: nobody has counted. */
  guint32 traffic[VMH_N_TRAFFIC];
} VmhHistoryRow;

#define VMH_HISTORY_UNIT    16
#define VMH_HISTORY_UNKNOWN G_MAXUINT32

/** vmh_history_rows_add: @row is the latest; those that are not before it are of a clock that has
 * been set back, and go. What is older than VMH_HISTORY_FINE_SECONDS is one row a minute then, and
 * what is older than VMH_HISTORY_SECONDS is gone. */
void vmh_history_rows_add (GArray *rows, const VmhHistoryRow *row);
/** vmh_history_rows_condense: those of the last @span s up to @now, one for each @step s. */
GArray *vmh_history_rows_condense (const GArray *rows, guint32 now, guint32 span, guint32 step);

#define VMH_HISTORY_MAX_FILE (12 + VMH_HISTORY_MAX_ROWS * sizeof (VmhHistoryRow) + 32)

/** vmh_history_rows_encode: a file with a checksum. */
GBytes *vmh_history_rows_encode (const GArray *rows);
/** vmh_history_rows_decode: also of those that had no traffic yet. NULL where it is none of ours,
 * or one of its bytes is not as it was. */
GArray *vmh_history_rows_decode (GBytes *bytes);

G_END_DECLS
