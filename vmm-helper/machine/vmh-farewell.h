/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The computer is being turned off: the guests are asked to shut down, and then they end. */
#pragma once

#include "vmh-manager.h"

G_BEGIN_DECLS

/* How long they have. A guest that does not know its power button takes all of it. */
#define VMH_FAREWELL_SECONDS 30
/* How long one that is forced off may take. */
#define VMH_FAREWELL_END_SECONDS 3

/** vmh_farewell_async: ends when no machine runs, or the time is over; it cannot fail. */
void vmh_farewell_async (VmhManager *manager, GAsyncReadyCallback callback, gpointer data);

G_END_DECLS
