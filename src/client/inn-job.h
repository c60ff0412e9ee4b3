/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A job as the app sees it. */
#pragma once

#include "inn-connection.h"

G_BEGIN_DECLS

#define INN_TYPE_JOB (inn_job_get_type ())
G_DECLARE_FINAL_TYPE (InnJob, inn_job, INN, JOB, GObject)

/** InnJob: properties, notifying: "operation", "machine-name", "state" ("running", "done",
 * "failed", "cancelled"), "step", "progress" (double), "rate" (uint64), "remaining" (uint),
 * "error-message", "title" (translated sentence). */
const char *inn_job_get_path (InnJob *self);
gboolean inn_job_is_running (InnJob *self);
/** inn_job_cancel_async: asks for it; the job ends as cancelled, or goes on where it cannot be.
 * Done at once for one that has ended. */
void inn_job_cancel_async (InnJob *self, GAsyncReadyCallback callback, gpointer data);
gboolean inn_job_cancel_finish (InnJob *self, GAsyncResult *result, GError **error);
/** inn_job_wait_async: until it ends; fails with the job's own error. Works for a path not yet seen
 * in the list. */
void inn_job_wait_async (InnConnection *connection,
                         const char *path,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data);
gboolean inn_job_wait_finish (GAsyncResult *result, GError **error);

G_END_DECLS
