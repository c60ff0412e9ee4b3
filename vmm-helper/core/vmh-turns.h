/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A queue in which users take turns, so that who asks much waits for itself and for nobody else. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** VmhTurns: all zero to begin with; needs no end once it is empty. */
typedef struct
{
  GHashTable *users; /* uid → GQueue of its things, none of them empty */
  GQueue order;      /* those uids; the first is next */
} VmhTurns;

void vmh_turns_push (VmhTurns *turns, uid_t user, gpointer thing);
/** vmh_turns_pop: NULL where nothing waits. */
gpointer vmh_turns_pop (VmhTurns *turns);
/** vmh_turns_pop_of: who is not @may loses its turn, not its things; NULL where nobody else is. */
gpointer vmh_turns_pop_of (VmhTurns *turns, gboolean (*may) (uid_t user));

G_END_DECLS
