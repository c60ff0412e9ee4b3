/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The question to polkit. Any error on the way is a no. Knows nothing of objects and owners. */
#include "vmh-auth.h"

#include <glib/gi18n-lib.h>
#include <polkit/polkit.h>
#include "shared/inn-errors.h"
#include "vmh-limits.h"
#include "vmh-tally.h"
#include "vmh-turns.h"

typedef enum
{
  ANSWER_NONE, /* not known */
  ANSWER_YES,
  ANSWER_NO,
  ANSWER_CHALLENGE, /* a password would do */
} Answer;

typedef struct
{
  char *key; /* of the answer: sender and action */
  char *sender;
  uid_t uid;
  char *action;
  gboolean interactive;  /* a password may be asked for */
  gboolean again;        /* for the answer alone, of which there is an old one */
  gboolean asking;       /* it is, now */
  GCancellable *silence; /* polkit, which asks nobody, has been silent for too long */
  guint timeout;
} Question;

/* GTask: those that wait for their turn, and how many polkit is busy with. */
static VmhTurns waiting;
static guint n_checks;
static guint n_prompts;
static VmhTally prompts; /* those that are open */

typedef struct
{
  Answer answer;
  gint64 time;    /* of g_get_monotonic_time() */
  gboolean again; /* it is being asked for */
} Known;

/* What was asked without a question to anybody, not longer ago than VMH_ANSWER_SECONDS. */
static GHashTable *answers; /* key → Known; NULL: none */
static guint forget_id;

/* Kept for ever, and asked for by one at a time: while a thread of polkit's library makes it, it
 * has a lock that whoever else asks for it waits for, 25 s where polkit stands still. */
static PolkitAuthority *authority;
static GPtrArray *unasked; /* of GTask, while it is being made */

static void
question_free (gpointer data)
{
  Question *question = data;

  g_clear_handle_id (&question->timeout, g_source_remove);
  g_clear_object (&question->silence);
  g_free (question->key);
  g_free (question->sender);
  g_free (question->action);
  g_free (question);
}

static Question *
question_new (const char *sender, uid_t uid, const char *action)
{
  Question *question = g_new0 (Question, 1);

  question->key = g_strconcat (sender, " ", action, NULL);
  question->sender = g_strdup (sender);
  question->uid = uid;
  question->action = g_strdup (action);
  return question;
}

static void
fail_unreachable (GTask *task, GError *cause)
{
  g_autoptr (GError) error = cause;
  const Question *question = g_task_get_task_data (task);

  if (question->silence != NULL && g_cancellable_is_cancelled (question->silence))
    {
      g_warning ("polkit has not answered for %d s", VMH_CHECK_SECONDS);
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_DENIED,
                               _ ("The system's authorization service does not answer, so this is "
                                  "not allowed. Start polkit again, then try again."));
      return;
    }

  /* Of a caller that is gone polkit says just that it failed: no reason to warn, and users could
   * fill the log. */
  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
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
forget_answers (void)
{
  g_clear_handle_id (&forget_id, g_source_remove);
  g_clear_pointer (&answers, g_hash_table_unref);
}

static gboolean
is_old (gpointer key, gpointer value, gpointer data)
{
  const Known *known = value;

  return g_get_monotonic_time () - known->time >= VMH_ANSWER_SECONDS * G_USEC_PER_SEC;
}

static gboolean
on_forget (gpointer data)
{
  g_hash_table_foreach_remove (answers, is_old, NULL);
  if (g_hash_table_size (answers) > 0)
    return G_SOURCE_CONTINUE;
  forget_id = 0;
  forget_answers ();
  return G_SOURCE_REMOVE;
}

static void
keep_answer (const Question *question, Answer answer)
{
  Known *known = g_new0 (Known, 1);

  known->answer = answer;
  known->time = g_get_monotonic_time ();
  if (answers == NULL)
    answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (forget_id == 0)
    forget_id = g_timeout_add_seconds (VMH_ANSWER_SECONDS, on_forget, NULL);
  g_hash_table_replace (answers, g_strdup (question->key), known);
}

static Answer
find_answer (const Question *question)
{
  Known *known = answers != NULL ? g_hash_table_lookup (answers, question->key) : NULL;

  if (known == NULL || question->again || is_old (NULL, known, NULL))
    return ANSWER_NONE;
  if (!known->again &&
      g_get_monotonic_time () - known->time >= VMH_ANSWER_FRESH_SECONDS * G_USEC_PER_SEC)
    {
      Question *again = question_new (question->sender, question->uid, question->action);
      GTask *task = g_task_new (NULL, NULL, NULL, NULL);

      again->again = TRUE;
      known->again = TRUE;
      g_task_set_task_data (task, again, question_free);
      vmh_turns_push (&waiting, question->uid, task);
    }
  return known->answer;
}

static void ask_polkit (GTask *task);
static void use_answer (GTask *task, Answer answer);

static void
next_check (void)
{
  GTask *task;

  while (n_checks < VMH_MAX_CHECKS && (task = vmh_turns_pop (&waiting)) != NULL)
    {
      Answer answer = find_answer (g_task_get_task_data (task));

      if (g_task_return_error_if_cancelled (task)) /* nobody waits for it any more */
        ;
      else if (answer != ANSWER_NONE)
        use_answer (task, answer);
      else
        {
          n_checks++;
          ask_polkit (task);
        }
      g_object_unref (task);
    }
}

/* polkit is done with the question, whatever it said. */
static void
release (Question *question)
{
  if (question->asking)
    {
      n_prompts--;
      vmh_tally_take (&prompts, question->uid, 1);
      question->asking = FALSE;
      return;
    }
  g_clear_handle_id (&question->timeout, g_source_remove);
  n_checks--;
  next_check ();
}

/* The answer is that a password would do, and one may be asked for. */
static void
begin_prompt (GTask *task)
{
  Question *question = g_task_get_task_data (task);

  if (vmh_tally_get (&prompts, question->uid) >= VMH_MAX_PROMPTS_PER_UID ||
      n_prompts >= VMH_MAX_PROMPTS)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_LIMIT,
                               _ ("Too many password questions are open. Answer them first."));
      return;
    }
  question->asking = TRUE;
  n_prompts++;
  vmh_tally_add (&prompts, question->uid, 1);
  ask_polkit (task);
}

static void
fail_unasked (GTask *task)
{
  g_task_return_new_error (task, INN_ERROR, INN_ERROR_AUTH_REQUIRED,
                           _ ("This needs a password, and nobody could be asked for it. Try "
                              "again from a desktop session."));
}

static void
use_answer (GTask *task, Answer answer)
{
  const Question *question = g_task_get_task_data (task);

  if (answer == ANSWER_YES)
    g_task_return_boolean (task, TRUE);
  else if (answer == ANSWER_NO)
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_DENIED,
                             _ ("You are not allowed to do this. Ask the administrator of this "
                                "computer."));
  else if (question->interactive)
    begin_prompt (task);
  else
    fail_unasked (task);
}

static Answer
read_answer (PolkitAuthorizationResult *result)
{
  if (polkit_authorization_result_get_is_authorized (result))
    return ANSWER_YES;
  return polkit_authorization_result_get_is_challenge (result) ? ANSWER_CHALLENGE : ANSWER_NO;
}

static void
on_check_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (PolkitAuthorizationResult) told = NULL;
  Question *question = g_task_get_task_data (task);
  gboolean asked = question->asking;
  GError *error = NULL;
  Answer answer = ANSWER_NONE;

  told = polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);
  if (told != NULL)
    answer = read_answer (told);
  if (answer != ANSWER_NONE && !asked)
    keep_answer (question, answer);
  release (question);
  if (told == NULL)
    fail_unreachable (task, error);
  else if (polkit_authorization_result_get_dismissed (told))
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_DISMISSED,
                             _ ("The password question was dismissed, so nothing was done."));
  else if (asked && answer == ANSWER_NO)
    g_task_return_new_error (
        task, INN_ERROR, INN_ERROR_DENIED,
        _ ("The administrator’s password was not given, so nothing was done. Try "
           "again, or ask the administrator of this computer."));
  else if (asked && answer == ANSWER_CHALLENGE)
    fail_unasked (task);
  else
    use_answer (task, answer);
}

static gboolean
on_silence (gpointer data)
{
  Question *question = data;

  question->timeout = 0;
  g_cancellable_cancel (question->silence);
  return G_SOURCE_REMOVE;
}

static void
check (GTask *task)
{
  g_autoptr (PolkitSubject) subject = NULL;
  Question *question = g_task_get_task_data (task);

  subject = polkit_system_bus_name_new (question->sender);
  if (!question->asking)
    {
      question->silence = g_cancellable_new ();
      question->timeout = g_timeout_add_seconds (VMH_CHECK_SECONDS, on_silence, question);
    }
  /* Of a caller's end only what waits for a person is told: the rest polkit has answered before it
   * hears of that, and would be asked more than VMH_MAX_CHECKS by who comes and goes quickly. */
  polkit_authority_check_authorization (
      authority, subject, question->action, NULL,
      question->asking ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                       : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE,
      question->asking ? g_task_get_cancellable (task) : question->silence, on_check_ready,
      g_object_ref (task));
}

static void
on_authority_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&unasked);
  g_autoptr (GError) error = NULL;

  authority = polkit_authority_get_finish (result, &error);
  if (authority != NULL)
    {
      g_signal_connect (authority, "changed", G_CALLBACK (forget_answers), NULL);
      g_signal_connect (authority, "notify::owner", G_CALLBACK (forget_answers), NULL);
    }
  for (guint i = 0; i < tasks->len; i++)
    if (authority != NULL)
      check (tasks->pdata[i]);
    else
      {
        release (g_task_get_task_data (tasks->pdata[i]));
        fail_unreachable (tasks->pdata[i], g_error_copy (error));
      }
}

static void
ask_polkit (GTask *task)
{
  if (authority != NULL)
    {
      check (task);
      return;
    }
  if (unasked == NULL)
    {
      unasked = g_ptr_array_new_with_free_func (g_object_unref);
      polkit_authority_get_async (NULL, on_authority_ready, NULL);
    }
  g_ptr_array_add (unasked, g_object_ref (task));
}

void
vmh_auth_check_async (const char *sender,
                      uid_t uid,
                      const char *action,
                      gboolean interactive,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Question *question = question_new (sender, uid, action);
  Answer answer;

  g_task_set_source_tag (task, vmh_auth_check_async);
  /* A yes that arrives together with the cancel must not turn into an error by itself: the gate
   * looks at the caller again anyway. */
  g_task_set_check_cancellable (task, FALSE);
  question->interactive = interactive;
  g_task_set_task_data (task, question, question_free);
  answer = find_answer (question);
  if (answer != ANSWER_NONE) /* what needs no polkit does not wait for it either */
    {
      use_answer (task, answer);
      g_object_unref (task);
    }
  else
    vmh_turns_push (&waiting, uid, task);
  next_check ();
}

gboolean
vmh_auth_check_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
