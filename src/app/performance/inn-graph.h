/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One graph: a title, what is now, and the time before it. Drawn with GtkSnapshot, and only when
 * there is something new. Pointed at, or moved in with the arrow keys, it tells another moment. */
#pragma once

#include <gtk/gtk.h>
#include "client/inn-performance.h"
#include "performance/inn-look.h"
#include "performance/inn-span.h"

G_BEGIN_DECLS

#define INN_TYPE_GRAPH (inn_graph_get_type ())
G_DECLARE_FINAL_TYPE (InnGraph, inn_graph, INN, GRAPH, GtkWidget)

/** inn_graph_new: @chart is one of @performance's, and outlives the graph or is cleared. */
GtkWidget *inn_graph_new (InnPerformance *performance,
                          const InnChart *chart,
                          const InnGraphLook *look,
                          const InnSpan *span);
/** inn_graph_clear: its chart will be no more. */
void inn_graph_clear (InnGraph *self);
/** inn_graph_set_least_top: its axis reaches at least that far. */
void inn_graph_set_least_top (InnGraph *self, double least_top);
/** inn_graph_update: there are new rows; @seen: it is drawn anew. */
void inn_graph_update (InnGraph *self, gboolean seen);

G_END_DECLS
