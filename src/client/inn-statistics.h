/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How much CPU machines use: asked while somebody looks and something runs. */
#pragma once

#include "inn-connection.h"
#include "inn-objects.h"

G_BEGIN_DECLS

typedef struct _InnStatistics InnStatistics;

/** inn_statistics_new: of @connection, which owns it and outlives it; nothing is asked yet. */
InnStatistics *
inn_statistics_new (InnConnection *connection, InnObjects *objects, GCancellable *cancellable);
void inn_statistics_free (InnStatistics *self);
/** inn_statistics_want: whether somebody looks. */
void inn_statistics_want (InnStatistics *self, gboolean on);
/** inn_statistics_update: connection or machines have changed. */
void inn_statistics_update (InnStatistics *self);

G_END_DECLS
