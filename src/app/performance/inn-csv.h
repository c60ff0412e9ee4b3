/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* All that was measured, as a table for other programs (RFC 4180). */
#pragma once

#include <gtk/gtk.h>
#include "client/inn-performance.h"
#include "performance/inn-span.h"

G_BEGIN_DECLS

/** inn_csv_dup: a row for each second that is kept, or each column of a longer @span: its time
 * (ISO 8601, UTC), and each line of each
 * graph, in %, bytes, bytes a second, requests a second or seconds, with a point; empty where it is
 * not known. */
char *inn_csv_dup (InnPerformance *performance, const InnSpan *span);
/** inn_csv_save: asks where, with a name that begins with @name, which may be NULL. */
void
inn_csv_save (GtkWidget *near, const char *name, InnPerformance *performance, const InnSpan *span);

G_END_DECLS
