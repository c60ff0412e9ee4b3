/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One call to the helper and its answer. Knows no method, and not how the connection is kept. */
#include <glib/gi18n-lib.h>
#include "inn-client-private.h"

typedef struct
{
  GVariant *reply;
  GUnixFDList *fds;
} Answer;

static void
answer_free (Answer *answer)
{
  g_clear_pointer (&answer->reply, g_variant_unref);
  g_clear_object (&answer->fds);
  g_free (answer);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  Answer *answer = g_new0 (Answer, 1);

  answer->reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source),
                                                                   &answer->fds, result, &error);
  if (answer->reply != NULL)
    {
      g_task_return_pointer (task, answer, (GDestroyNotify)answer_free);
      return;
    }
  answer_free (answer);
  g_task_return_error (task, inn_client_map_error (error));
}

void
inn_connection_call_full_async (InnConnection *self,
                                const char *path,
                                const char *interface,
                                const char *method,
                                GVariant *parameters,
                                GUnixFDList *fds,
                                InnCallFlags flags,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer data)
{
  g_autoptr (GVariant) sunk = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;
  g_autoptr (GTask) task = NULL;
  GDBusConnection *bus;
  const GError *failure;

  g_return_if_fail (INN_IS_CONNECTION (self));
  bus = inn_connection_get_bus (self);
  failure = inn_connection_get_error (self);
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_connection_call_full_async);
  g_task_set_check_cancellable (task, FALSE);
  if (bus == NULL || inn_connection_get_state (self) == INN_CONNECTION_FAILED)
    {
      g_task_return_error (
          task, failure != NULL ? g_error_copy (failure)
                                : g_error_new_literal (
                                      INN_ERROR, INN_ERROR_HELPER,
                                      _ ("The helper is not there yet. Try again in a moment.")));
      return;
    }
  g_dbus_connection_call_with_unix_fd_list (
      bus, INN_BUS_NAME, path, interface, method, sunk, NULL,
      flags == INN_CALL_MAY_ASK ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                                : G_DBUS_CALL_FLAGS_NONE,
      G_MAXINT, fds, cancellable, on_called, g_steal_pointer (&task));
}

void
inn_connection_call_async (InnConnection *self,
                           const char *path,
                           const char *interface,
                           const char *method,
                           GVariant *parameters,
                           GUnixFDList *fds,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  inn_connection_call_full_async (self, path, interface, method, parameters, fds, INN_CALL_MAY_ASK,
                                  cancellable, callback, data);
}

GVariant *
inn_connection_call_finish (InnConnection *self,
                            GAsyncResult *result,
                            GUnixFDList **out_fds,
                            GError **error)
{
  Answer *answer;
  GVariant *reply;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  answer = g_task_propagate_pointer (G_TASK (result), error);
  if (answer == NULL)
    return NULL;
  reply = g_steal_pointer (&answer->reply);
  if (out_fds != NULL)
    *out_fds = g_steal_pointer (&answer->fds);
  answer_free (answer);
  return reply;
}
