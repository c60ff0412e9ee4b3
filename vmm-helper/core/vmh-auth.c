/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The question to polkit. Any error on the way is a no. Knows nothing of objects and owners. */
#include "vmh-auth.h"

#include <glib/gi18n-lib.h>
#include <polkit/polkit.h>
#include "shared/inn-errors.h"

typedef struct
{
  char *sender;
  char *action;
  gboolean interactive;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  g_free (question->sender);
  g_free (question->action);
  g_free (question);
}

static void
fail_unreachable (GTask *task, GError *cause)
{
  g_autoptr (GError) error = cause;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_error_matches (error, POLKIT_ERROR, POLKIT_ERROR_CANCELLED))
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_CANCELLED, _ ("The caller is gone."));
      return;
    }
  g_warning ("polkit cannot be asked: %s", error->message);
  g_task_return_new_error (task, INN_ERROR, INN_ERROR_DENIED,
                           _ ("The system's authorization service cannot be asked, so this is not "
                              "allowed. Check that polkit is running."));
}

static void
on_check_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (PolkitAuthorizationResult) answer = NULL;
  GError *error = NULL;

  answer = polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);
  if (answer == NULL)
    fail_unreachable (task, error);
  else if (polkit_authorization_result_get_is_authorized (answer))
    g_task_return_boolean (task, TRUE);
  else if (polkit_authorization_result_get_dismissed (answer))
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_DISMISSED,
                             _ ("The password question was dismissed, so nothing was done."));
  else if (polkit_authorization_result_get_is_challenge (answer))
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_AUTH_REQUIRED,
                             _ ("This needs a password, and nobody could be asked for it. Try "
                                "again from a desktop session."));
  else
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_DENIED,
                             _ ("You are not allowed to do this. Ask the administrator of this "
                                "computer."));
}

static void
on_authority_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (PolkitAuthority) authority = NULL;
  g_autoptr (PolkitSubject) subject = NULL;
  Question *question = g_task_get_task_data (task);
  GError *error = NULL;

  authority = polkit_authority_get_finish (result, &error);
  if (authority == NULL)
    {
      fail_unreachable (task, error);
      return;
    }
  subject = polkit_system_bus_name_new (question->sender);
  polkit_authority_check_authorization (
      authority, subject, question->action, NULL,
      question->interactive ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                            : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
      g_task_get_cancellable (task), on_check_ready, g_object_ref (task));
}

void
vmh_auth_check_async (const char *sender,
                      const char *action,
                      gboolean interactive,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Question *question = g_new0 (Question, 1);

  g_task_set_source_tag (task, vmh_auth_check_async);
  /* A yes that arrives together with the cancel must not turn into an error by itself: the gate
   * looks at the caller again anyway. */
  g_task_set_check_cancellable (task, FALSE);
  question->sender = g_strdup (sender);
  question->action = g_strdup (action);
  question->interactive = interactive;
  g_task_set_task_data (task, question, question_free);
  polkit_authority_get_async (cancellable, on_authority_ready, task);
}

gboolean
vmh_auth_check_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
