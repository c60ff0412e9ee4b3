/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Step tables: order, undo in reverse with the failed step, cancel between steps and in one, and
 * that nothing is undone once the last has ended. */
#include <gio/gio.h>

#include "core/vmh-flow.h"
#include "shared/inn-errors.h"

typedef struct
{
  GString *trace;
  guint fail_at;   /* 1 to 3; 0: none */
  guint cancel_at; /* cancelled while this step runs */
  GCancellable *cancellable;
  gboolean ended;
  GError *error;
} Context;

static gboolean
do_step (Context *context, guint number, GError **error)
{
  g_string_append_printf (context->trace, "+%u", number);
  if (context->cancel_at == number)
    g_cancellable_cancel (context->cancellable);
  if (context->fail_at != number)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_NO_SPACE, "step %u", number);
  return FALSE;
}

static gboolean
run_1 (gpointer context, GError **error)
{
  return do_step (context, 1, error);
}

/* Step 2 takes until the next turn of the main loop. */
static gboolean
on_turn (gpointer data)
{
  GTask *task = data;
  GError *error = NULL;

  if (do_step (g_task_get_task_data (task), 2, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  return G_SOURCE_REMOVE;
}

static void
start_2 (gpointer context,
         VmhJob *job,
         GCancellable *cancellable,
         GAsyncReadyCallback callback,
         gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_task_data (task, context, NULL);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_turn, task, g_object_unref);
}

static gboolean
run_3 (gpointer context, GError **error)
{
  return do_step (context, 3, error);
}

static void
undo_1 (gpointer context)
{
  g_string_append (((Context *)context)->trace, "-1");
}

static void
undo_2 (gpointer context)
{
  g_string_append (((Context *)context)->trace, "-2");
}

static void
undo_3 (gpointer context)
{
  g_string_append (((Context *)context)->trace, "-3");
}

static const VmhStep steps[] = {
  { "one", 1, run_1, NULL, NULL, undo_1 },
  { "two", 8, NULL, start_2, NULL, undo_2 },
  { "three", 1, run_3, NULL, NULL, undo_3 },
  { 0 },
};

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Context *context = data;

  vmh_flow_run_finish (result, &context->error);
  context->ended = TRUE;
}

static void
check (guint fail_at, guint cancel_at, gboolean cancelled_before, const char *trace, int code)
{
  Context context = { .trace = g_string_new (NULL),
                      .fail_at = fail_at,
                      .cancel_at = cancel_at,
                      .cancellable = g_cancellable_new () };

  if (cancelled_before)
    g_cancellable_cancel (context.cancellable);
  vmh_flow_run_async ("test", steps, &context, NULL, context.cancellable, on_done, &context);
  while (!context.ended)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (context.trace->str, ==, trace);
  if (code < 0)
    g_assert_no_error (context.error);
  else
    {
      g_autoptr (GError) told = inn_error_from_io (context.error, "x");

      g_assert_error (told, INN_ERROR, code);
    }
  g_clear_error (&context.error);
  g_object_unref (context.cancellable);
  g_string_free (context.trace, TRUE);
}

static void
test_done (void)
{
  check (0, 0, FALSE, "+1+2+3", -1);
}

static void
test_failed (void)
{
  check (1, 0, FALSE, "+1-1", INN_ERROR_NO_SPACE);
  check (2, 0, FALSE, "+1+2-2-1", INN_ERROR_NO_SPACE);
  check (3, 0, FALSE, "+1+2+3-3-2-1", INN_ERROR_NO_SPACE);
}

static void
test_cancelled (void)
{
  check (0, 0, TRUE, "", INN_ERROR_CANCELLED);
  check (0, 1, FALSE, "+1-1", INN_ERROR_CANCELLED);
  check (0, 2, FALSE, "+1+2-2-1", INN_ERROR_CANCELLED);
  /* What was asked for is there: too late. */
  check (0, 3, FALSE, "+1+2+3", -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper/flow/done", test_done);
  g_test_add_func ("/helper/flow/failed", test_failed);
  g_test_add_func ("/helper/flow/cancelled", test_cancelled);
  return g_test_run ();
}
