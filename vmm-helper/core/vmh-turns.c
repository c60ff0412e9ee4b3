/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmh-turns.h"

void
vmh_turns_push (VmhTurns *turns, uid_t user, gpointer thing)
{
  gpointer key = GUINT_TO_POINTER (user);
  GQueue *queue;

  if (turns->users == NULL)
    turns->users = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)g_queue_free);
  queue = g_hash_table_lookup (turns->users, key);
  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (turns->users, key, queue);
      g_queue_push_tail (&turns->order, key);
    }
  g_queue_push_tail (queue, thing);
}

gpointer
vmh_turns_pop (VmhTurns *turns)
{
  gpointer key, thing;
  GQueue *queue;

  if (g_queue_is_empty (&turns->order))
    return NULL;
  key = g_queue_pop_head (&turns->order);
  queue = g_hash_table_lookup (turns->users, key);
  thing = g_queue_pop_head (queue);
  if (!g_queue_is_empty (queue))
    g_queue_push_tail (&turns->order, key);
  else
    g_hash_table_remove (turns->users, key);
  if (g_queue_is_empty (&turns->order))
    g_clear_pointer (&turns->users, g_hash_table_unref);
  return thing;
}

gpointer
vmh_turns_pop_of (VmhTurns *turns, gboolean (*may) (uid_t user))
{
  for (guint n = g_queue_get_length (&turns->order); n > 0; n--)
    {
      if (may (GPOINTER_TO_UINT (g_queue_peek_head (&turns->order))))
        return vmh_turns_pop (turns);
      g_queue_push_tail (&turns->order, g_queue_pop_head (&turns->order));
    }
  return NULL;
}
