/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What machines have used in the last day: measured while they run, and kept in their folders. */
#pragma once

#include "machine/vmh-machine.h"

G_BEGIN_DECLS

#define VMH_HISTORY         "history"         /* in the bundle */
#define VMH_HISTORY_DAMAGED "history.damaged" /* one that could not be read */

/** vmh_history_follow: the machine runs, has ended, or its definition has changed: from now on it
 * is measured or is not any more. What is not to be kept is removed. */
void vmh_history_follow (VmhMachine *machine);
/** vmh_history_end: what was not yet saved is. */
void vmh_history_end (void);

G_END_DECLS
