/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A verb as a table of steps: progress, cancel between steps, and undo in reverse come with the
 * table. */
#pragma once

#include "vmh-job.h"

G_BEGIN_DECLS

typedef struct
{
  const char *name; /* N_(), what the job says meanwhile */
  guint weight;     /* its share of the progress */
  /* Exactly one of these two. run: at once. start/finish: asynchronous, as GIO does it; without a
   * finish, the result is a GTask's that answers a boolean. */
  gboolean (*run) (gpointer context, GError **error);
  void (*start) (gpointer context,
                 VmhJob *job,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer data);
  gboolean (*finish) (gpointer context, GAsyncResult *result, GError **error);
  void (*undo) (gpointer context); /* must not fail; also called for the step that failed. NULL:
                                      nothing to undo */
} VmhStep;

/** vmh_flow_run_async: @steps ended by a NULL name, static; @context must live until the callback.
 * @job may be NULL; it is not ended here. Test hook: the environment VMH_ABORT_AT="verb:n" kills
 * the helper before step n of the flow named @verb. */
void vmh_flow_run_async (const char *verb,
                         const VmhStep *steps,
                         gpointer context,
                         VmhJob *job,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data);
gboolean vmh_flow_run_finish (GAsyncResult *result, GError **error);

/** vmh_flow_mark: the same test hook for a verb without a table: VMH_ABORT_AT="verb:n" kills the
 * helper here. Literals, in order and from 0 on: the tests count them in the sources. */
void vmh_flow_mark (const char *verb, guint n);
/** vmh_flow_fails: a test hook as well: the environment VMH_FAIL_AT="verb:n" makes it TRUE. */
gboolean vmh_flow_fails (const char *verb, guint n);

G_END_DECLS
