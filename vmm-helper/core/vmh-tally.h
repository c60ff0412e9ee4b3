/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How many of something each user has under way, for the limits of vmh-limits.h. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** VmhTally: all zero to begin with; needs no end once all that was added is taken off. */
typedef struct
{
  GHashTable *users; /* uid → number; NULL while there is none */
} VmhTally;

guint vmh_tally_get (const VmhTally *tally, uid_t user);
void vmh_tally_add (VmhTally *tally, uid_t user, guint n);
void vmh_tally_take (VmhTally *tally, uid_t user, guint n);

G_END_DECLS
