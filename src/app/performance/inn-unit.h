/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a graph's values are, as people read them, and how high its axis reaches. No widget. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  INN_UNIT_SHARE, /* 1.0: 100 % */
  INN_UNIT_BYTES,
  INN_UNIT_RATE,  /* bytes a second */
  INN_UNIT_COUNT, /* a second */
  INN_UNIT_DELAY, /* s */
  INN_N_UNITS
} InnUnit;

/** inn_unit_format: "12 %", "1.5 MiB"; "–" for NAN. */
char *inn_unit_format (InnUnit unit, double value);
/** inn_unit_format_axis: one that inn_unit_top() gave, or its half, without needless digits. */
char *inn_unit_format_axis (InnUnit unit, double value);
/** inn_unit_get_name: of what a value in a table is counted in; a share's is "%", of 100. */
const char *inn_unit_get_name (InnUnit unit);
/** inn_unit_top: a round value, @most or above. */
double inn_unit_top (InnUnit unit, double most);

G_END_DECLS
