/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmh-tally.h"

guint
vmh_tally_get (const VmhTally *tally, uid_t user)
{
  return tally->users != NULL
             ? GPOINTER_TO_UINT (g_hash_table_lookup (tally->users, GUINT_TO_POINTER (user)))
             : 0;
}

void
vmh_tally_add (VmhTally *tally, uid_t user, guint n)
{
  guint now = vmh_tally_get (tally, user);

  if (n == 0)
    return;
  if (tally->users == NULL)
    tally->users = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (tally->users, GUINT_TO_POINTER (user), GUINT_TO_POINTER (now + n));
}

void
vmh_tally_take (VmhTally *tally, uid_t user, guint n)
{
  guint now = vmh_tally_get (tally, user);

  g_return_if_fail (n <= now);
  if (n == 0)
    return;
  if (n < now)
    g_hash_table_insert (tally->users, GUINT_TO_POINTER (user), GUINT_TO_POINTER (now - n));
  else
    g_hash_table_remove (tally->users, GUINT_TO_POINTER (user));
  if (g_hash_table_size (tally->users) == 0)
    g_clear_pointer (&tally->users, g_hash_table_unref);
}
