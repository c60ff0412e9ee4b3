/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a machine uses from second to second: asked of the helper while somebody looks, made into
 * rates, and kept for some minutes. */
#pragma once

#include "inn-machine.h"

G_BEGIN_DECLS

/** InnChartKind: in the order in which they are shown. A share is 1.0 for all the time of one
 * processor, or for all time. */
typedef enum
{
  INN_CHART_CPU,           /* a share, of all threads */
  INN_CHART_VCPU,          /* a share; by number */
  INN_CHART_GUEST_MEMORY,  /* bytes: used, caches, all that it has */
  INN_CHART_MEMORY,        /* bytes, on this computer */
  INN_CHART_ALL_DISKS,     /* bytes a second, of all of them: read, written; only kept */
  INN_CHART_DISK_RATE,     /* bytes a second: read, written; by target, as those that follow */
  INN_CHART_DISK_REQUESTS, /* a second: likewise */
  INN_CHART_DISK_DELAY,    /* s, the mean of a request: likewise; NAN where there was none */
  INN_CHART_ALL_CARDS,     /* bytes a second, of all of them: received, sent; only kept */
  INN_CHART_NETWORK,       /* bytes a second: received, sent; by address */
  INN_CHART_PRESSURE,      /* a share of time in which something waits: for CPU, memory, disks */
  INN_N_CHARTS
} InnChartKind;

#define INN_CHART_LINES 3
/** INN_PERFORMANCE_ROWS: as many seconds are kept. */
#define INN_PERFORMANCE_ROWS 600

typedef struct
{
  InnChartKind kind;
  char *name;                     /* of what there may be several of: "vda"; else "" */
  double *lines[INN_CHART_LINES]; /* NULL: has no such line; see inn_performance_get() */
} InnChart;

#define INN_TYPE_PERFORMANCE (inn_performance_get_type ())
G_DECLARE_FINAL_TYPE (InnPerformance, inn_performance, INN, PERFORMANCE, GObject)

/** InnPerformance: signals "sampled" (there is a new row, or there are none any more, or an error)
 * and "charts-changed", which comes before it. */
InnPerformance *inn_machine_get_performance (InnMachine *machine); /* transfer none */
/** inn_performance_want: ask each second, while the machine is on and any @who, which is only told
 * from others, wants it. */
void inn_performance_want (InnPerformance *self, gpointer who, gboolean on);
/** inn_performance_get_charts: of InnChart, sorted; they live until "charts-changed". */
GPtrArray *inn_performance_get_charts (InnPerformance *self);
/** inn_performance_get_n_rows: counts those that are kept no more, too; the last is one less. */
guint inn_performance_get_n_rows (InnPerformance *self);
/** inn_performance_get_time: when @row was measured: µs since 1970; 0: it is not kept. */
gint64 inn_performance_get_time (InnPerformance *self, guint row);
/** inn_performance_get_error: why the last question had no answer; NULL: it had one. */
const GError *inn_performance_get_error (InnPerformance *self);
/** inn_performance_get: NAN where it is not known. */
double inn_performance_get (InnPerformance *self, const InnChart *chart, guint line, guint row);

/** inn_performance_set_span: what the helper has kept of the last @seconds is asked for as well,
 * while it is wanted, every ten seconds, also of a machine that is off; 0: not. */
void inn_performance_set_span (InnPerformance *self, guint seconds);
/** inn_performance_is_kept: the helper keeps what such a chart shows. */
gboolean inn_performance_is_kept (InnChartKind kind);
/** inn_performance_is_sum: nothing but what is kept tells of it. */
gboolean inn_performance_is_sum (InnChartKind kind);
/** inn_performance_get_now: when the last row was measured, or, where none was, what is kept was
 * told: µs since 1970; 0: there is nothing. */
gint64 inn_performance_get_now (InnPerformance *self);
/** inn_performance_get_mean: from @from to @to, µs since 1970: of the rows where they are there for
 * most of that time, else of what the helper has kept; NAN where neither is known. */
double inn_performance_get_mean (InnPerformance *self,
                                 const InnChart *chart,
                                 guint line,
                                 gint64 from,
                                 gint64 to);

G_END_DECLS
