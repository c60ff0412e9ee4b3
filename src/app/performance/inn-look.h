/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How each kind of chart is shown: the one table. No widget. */
#pragma once

#include "client/inn-performance.h"
#include "performance/inn-unit.h"

G_BEGIN_DECLS

/** InnGraphLook: static; texts not yet translated. */
typedef struct
{
  const char *section;
  const char *title;                  /* "%s" in it: the chart's name */
  const char *lines[INN_CHART_LINES]; /* NULL: there is only one, and it needs no name */
  InnUnit unit;
} InnGraphLook;

const InnGraphLook *inn_look_get (InnChartKind kind);
/** inn_look_dup_title: translated. */
char *inn_look_dup_title (const InnGraphLook *look, const char *name);

G_END_DECLS
