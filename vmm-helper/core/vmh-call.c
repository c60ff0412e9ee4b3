/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One call: its arguments, its caller, and its single answer. */
#include "vmh-registry-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include "shared/inn-errors.h"
#include "vmh-stuck.h"

/* The files that came with a message. They are its own, and closed with it where nobody takes them:
 * GDBus would close them in its thread or ours. */
typedef struct
{
  uid_t user; /* VMH_STRANGERS until it is known */
  gsize n;
  int fds[];
} Files;

static GQuark
files_quark (void)
{
  return g_quark_from_static_string ("vmh-files");
}

static void
files_free (gpointer data)
{
  Files *files = data;

  for (gsize i = 0; i < files->n; i++)
    vmh_close_later (files->user, files->fds[i]);
  g_free (files);
}

static Files *
get_files (VmhCall *call)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);

  return g_object_get_qdata (G_OBJECT (message), files_quark ());
}

GDBusMessage *
vmh_call_filter (GDBusConnection *connection, GDBusMessage *message, gboolean in, gpointer data)
{
  GUnixFDList *list = in ? g_dbus_message_get_unix_fd_list (message) : NULL;
  g_autofree int *fds = NULL;
  Files *files;
  int n;

  if (list == NULL)
    return message;
  fds = g_unix_fd_list_steal_fds (list, &n);
  files = g_malloc (sizeof (Files) + (gsize)n * sizeof (int));
  files->user = VMH_STRANGERS;
  files->n = (gsize)n;
  memcpy (files->fds, fds, (gsize)n * sizeof (int));
  g_object_set_qdata_full (G_OBJECT (message), files_quark (), files, files_free);
  return message;
}

gboolean
vmh_call_check_files (VmhCall *call, GError **error)
{
  Files *files = get_files (call);

  if (files == NULL)
    return TRUE;
  files->user = call->client->uid;
  return vmh_stuck_check (files->user, error);
}

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
  Files *files = get_files (call);
  gsize n = files != NULL ? files->n : 0;

  if (handle < 0 || (gsize)handle >= n)
    g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                 _ ("The call names file handle %d, but carries %u."), handle, (guint)n);
  else if (files->fds[handle] < 0)
    g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                 _ ("The call names file handle %d twice."), handle);
  else
    {
      int fd = files->fds[handle];

      files->fds[handle] = -1;
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

void
vmh_call_return (VmhCall *call, GVariant *value)
{
  g_autoptr (GVariant) owned = value != NULL ? g_variant_ref_sink (value) : NULL;
  GDBusMethodInvocation *invocation = call_end (call);

  if (invocation != NULL)
    g_dbus_method_invocation_return_value (invocation, owned);
}

void
vmh_call_return_fd (VmhCall *call, GVariant *value, int fd)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1); /* takes fd over */
  GDBusMethodInvocation *invocation = call_end (call);

  if (invocation != NULL)
    g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, owned, list);
}

void
vmh_call_fail (VmhCall *call, GError *error)
{
  g_autoptr (GError) owned = error;
  g_autoptr (GError) told = inn_error_from_io (error, _ ("The helper could not do this"));
  GDBusMethodInvocation *invocation = call_end (call);

  if (invocation != NULL)
    g_dbus_method_invocation_return_gerror (invocation, told);
}
