/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A QMP command that starts a job, from its start to its end. */
#pragma once

#include "qemu/vmh-qmp.h"

G_BEGIN_DECLS

/** VmhQmpProgress: in the job's own unit, bytes mostly; in the main loop. */
typedef void (*VmhQmpProgress) (guint64 done, guint64 total, gpointer data);

/** vmh_qmp_run_job_async: @arguments (consumed) get a "job-id"; those of a command that has it must
 * say "auto-dismiss": false. A mirror is completed when it is in step. INN_ERROR_QEMU with QEMU's
 * words if the job fails. One job at a time. A cancel stops the waiting, not the job. */
void vmh_qmp_run_job_async (VmhQmp *qmp,
                            const char *command,
                            JsonObject *arguments,
                            VmhQmpProgress progress,
                            gpointer progress_data,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);
gboolean vmh_qmp_run_job_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);

G_END_DECLS
