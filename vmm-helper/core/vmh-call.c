/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One call: its arguments, its caller, and its single answer. */
#include "vmh-registry-private.h"

#include <glib/gi18n-lib.h>
#include "shared/inn-errors.h"
#include "vmh-intake.h"

VmhCall *
vmh_call_new (GDBusMethodInvocation *invocation, VmhClient *client)
{
  VmhCall *call = g_new0 (VmhCall, 1);

  call->invocation = invocation;
  call->client = vmh_client_ref (client);
  call->registry = g_object_ref (client->registry);
  call->cancellable = g_cancellable_new ();
  return call;
}

/* Hands the invocation out, for the one answer, and frees the rest; NULL where nobody waits for an
 * answer any more. */
static GDBusMethodInvocation *
call_end (VmhCall *call)
{
  g_autoptr (GDBusMethodInvocation) invocation = g_steal_pointer (&call->invocation);
  gboolean gone = call->client->gone;

  vmh_client_uncount (call->client, call);
  g_clear_object (&call->object);
  g_clear_object (&call->cancellable);
  vmh_client_unref (call->client);
  g_object_unref (call->registry);
  g_free (call);
  return gone ? NULL : g_steal_pointer (&invocation);
}

GVariant *
vmh_call_get_parameters (VmhCall *call)
{
  return g_dbus_method_invocation_get_parameters (call->invocation);
}

int
vmh_call_take_fd (VmhCall *call, gint32 handle, GError **error)
{
  gsize n;
  int *files = vmh_intake_get_files (g_dbus_method_invocation_get_message (call->invocation), &n);

  if (handle < 0 || (gsize)handle >= n)
    g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                 _ ("The call names file handle %d, but carries %u."), handle, (guint)n);
  else if (files[handle] < 0)
    g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                 _ ("The call names file handle %d twice."), handle);
  else
    {
      int fd = files[handle];

      files[handle] = -1;
      return fd;
    }
  return -1;
}

uid_t
vmh_call_get_uid (VmhCall *call)
{
  return call->client->uid;
}

gpointer
vmh_call_get_object (VmhCall *call)
{
  return call->object;
}

GCancellable *
vmh_call_get_cancellable (VmhCall *call)
{
  return call->cancellable;
}

gboolean
vmh_call_check_options (GVariant *options, const char *const *allowed, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) owned = value;
      const char *type = NULL;

      for (guint i = 0; allowed != NULL && allowed[i] != NULL; i += 2)
        if (g_str_equal (allowed[i], key))
          type = allowed[i + 1];
      if (type == NULL)
        {
          g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                       _ ("The option “%s” is not known to this helper."), key);
          return FALSE;
        }
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
        {
          g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                       _ ("The option “%s” must be of type “%s”, not “%s”."), key, type,
                       g_variant_get_type_string (value));
          return FALSE;
        }
      /* Readers take the first or the last of a pair as they like: so there are no pairs. */
      if (!g_hash_table_add (seen, (gpointer)key))
        {
          g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                       _ ("The option “%s” is given twice."), key);
          return FALSE;
        }
    }
  return TRUE;
}

/* To who waits for no answer GDBus sends none, and the bus takes none. */
static void
owe (GDBusMethodInvocation *invocation, GVariant *body)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (invocation);

  if (!(g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED))
    vmh_intake_owe (g_dbus_method_invocation_get_sender (invocation), body);
}

void
vmh_call_return (VmhCall *call, GVariant *value)
{
  g_autoptr (GVariant) owned = value != NULL ? g_variant_ref_sink (value) : NULL;
  GDBusMethodInvocation *invocation = call_end (call);

  if (invocation == NULL)
    return;
  if (owned != NULL)
    owe (invocation, owned);
  g_dbus_method_invocation_return_value (invocation, owned);
}

void
vmh_call_return_fd (VmhCall *call, GVariant *value, int fd)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1); /* takes fd over */
  GDBusMethodInvocation *invocation = call_end (call);

  if (invocation == NULL)
    return;
  owe (invocation, owned);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, owned, list);
}

void
vmh_call_fail (VmhCall *call, GError *error)
{
  g_autoptr (GError) owned = error;
  g_autoptr (GError) told = inn_error_from_io (error, _ ("The helper could not do this"));
  GDBusMethodInvocation *invocation = call_end (call);

  if (invocation != NULL)
    {
      g_autoptr (GVariant) body = g_variant_ref_sink (g_variant_new ("(s)", told->message));

      owe (invocation, body);
      g_dbus_method_invocation_return_gerror (invocation, told);
    }
}
