/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Who calls: one record for each connection, its uid as the bus (never the message) says it, and
 * the calls it has under way. Knows nothing of polkit. */
#include "vmh-registry-private.h"

#include <glib/gi18n-lib.h>
#include "shared/inn-errors.h"
#include "vmh-intake.h"

VmhClient *
vmh_client_ref (VmhClient *client)
{
  g_ref_count_inc (&client->refs);
  return client;
}

void
vmh_client_unref (VmhClient *client)
{
  if (!g_ref_count_dec (&client->refs))
    return;
  g_ptr_array_unref (client->calls);
  g_free (client->name);
  g_free (client);
}

static void
fail_waiting (VmhClient *client)
{
  VmhCall *call;

  while ((call = g_queue_pop_head (&client->waiting)) != NULL)
    vmh_call_fail (call,
                   g_error_new (INN_ERROR, INN_ERROR_CANCELLED, "%s", _ ("The caller is gone.")));
}

void
vmh_client_detach (VmhClient *client)
{
  g_autoptr (GPtrArray) cancellables = NULL;

  if (client->gone)
    return;
  client->gone = TRUE;
  vmh_client_ref (client);
  if (client->listening)
    vmh_tally_take (&client->registry->listeners, client->uid, 1);
  g_hash_table_remove (client->registry->clients, client->name);
  vmh_intake_forget (client->name);
  /* What was never admitted has no answer to get and nothing to undo. */
  fail_waiting (client);
  /* Cancelling ends calls, which takes them out of the array: so not over the array itself. */
  cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < client->calls->len; i++)
    {
      VmhCall *call = g_ptr_array_index (client->calls, i);

      g_ptr_array_add (cancellables, g_object_ref (call->cancellable));
    }
  for (guint i = 0; i < cancellables->len; i++)
    g_cancellable_cancel (g_ptr_array_index (cancellables, i));
  vmh_client_unref (client);
}

void
vmh_client_see_leaving (VmhRegistry *registry, const char *name)
{
  VmhClient *client = g_hash_table_lookup (registry->clients, name);

  if (client != NULL)
    vmh_client_detach (client);
}

typedef struct
{
  VmhRegistry *registry; /* kept alive until the bus has answered */
  VmhClient *client;
} Lookup;

static void
on_uid_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Lookup *lookup = data;
  g_autoptr (VmhRegistry) registry = lookup->registry;
  VmhClient *client = lookup->client;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  VmhCall *call;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      /* It has left before the bus could say who it is. */
      g_debug ("No uid of %s: %s", client->name, error->message);
      vmh_client_detach (client);
    }
  else if (!client->gone)
    {
      guint32 uid;

      g_variant_get (reply, "(u)", &uid);
      client->uid = uid;
      client->known = TRUE;
      vmh_intake_know (client->name, uid);
      while ((call = g_queue_pop_head (&client->waiting)) != NULL)
        vmh_gate_queue (call);
    }
  vmh_client_unref (client);
}

VmhClient *
vmh_client_obtain (VmhRegistry *registry, const char *name)
{
  VmhClient *client = g_hash_table_lookup (registry->clients, name);
  Lookup *lookup;

  if (client != NULL)
    return client;
  client = g_new0 (VmhClient, 1);
  g_ref_count_init (&client->refs);
  client->registry = registry;
  client->name = g_strdup (name);
  client->calls = g_ptr_array_new ();
  g_queue_init (&client->waiting);
  g_hash_table_insert (registry->clients, client->name, client);
  lookup = g_new0 (Lookup, 1);
  lookup->registry = g_object_ref (registry);
  lookup->client = vmh_client_ref (client);
  g_dbus_connection_call (registry->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetConnectionUnixUser",
                          g_variant_new ("(s)", name), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_uid_ready, lookup);
  return client;
}

void
vmh_client_count (VmhClient *client, VmhCall *call)
{
  g_ptr_array_add (client->calls, call);
  client->registry->n_calls++;
  call->counted = TRUE;
}

void
vmh_client_uncount (VmhClient *client, VmhCall *call)
{
  if (!call->counted)
    return;
  call->counted = FALSE;
  g_ptr_array_remove_fast (client->calls, call);
  client->registry->n_calls--;
}

gboolean
vmh_client_listen (VmhClient *client, GError **error)
{
  VmhTally *listeners = &client->registry->listeners;

  if (client->listening)
    return TRUE;
  if (vmh_tally_get (listeners, client->uid) >= VMH_MAX_LISTENERS_PER_UID)
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_LIMIT,
                           _ ("Too many programs of yours watch the machines. Close some."));
      return FALSE;
    }
  vmh_tally_add (listeners, client->uid, 1);
  client->listening = TRUE;
  return TRUE;
}

gboolean
vmh_client_sees (VmhClient *client, const VmhExport *object)
{
  return object->owner == client->uid || object->owner == VMH_OWNER_ALL || client->shows_others;
}
