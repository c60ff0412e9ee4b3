/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Work with progress and cancel, as an object on the bus. */
#pragma once

#include "vmh-registry.h"

G_BEGIN_DECLS

#define VMH_TYPE_JOB (vmh_job_get_type ())
G_DECLARE_FINAL_TYPE (VmhJob, vmh_job, VMH, JOB, GObject)

extern const VmhInterface vmh_job_interface;

/** vmh_job_new: exported at once; ended by vmh_job_end(), unexported 60 s later. */
VmhJob *vmh_job_new (VmhRegistry *registry,
                     const char *operation,
                     const char *machine_path,
                     const char *machine_name,
                     uid_t owner);
/** vmh_job_check_limit: INN_ERROR_LIMIT if @owner has too many that run; to be asked before
 * vmh_job_new() on a caller's behalf. */
gboolean vmh_job_check_limit (uid_t owner, GError **error);
guint vmh_job_count_running (void); /* for who drives the helper in a test */
/** vmh_job_is_any_there: somebody may still ask how one went. */
gboolean vmh_job_is_any_there (void);
const char *vmh_job_get_path (VmhJob *job);
GCancellable *vmh_job_get_cancellable (VmhJob *job);
void vmh_job_set_step (VmhJob *job, const char *step);
/** vmh_job_set_step_range: which part of the whole vmh_job_set_bytes() fills; the flow sets it. */
void vmh_job_set_step_range (VmhJob *job, double from, double to);
/** vmh_job_set_bytes: of this step; gives progress, rate and remaining time. */
void vmh_job_set_bytes (VmhJob *job, guint64 done, guint64 total);
/** vmh_job_end: @error NULL: done; INN_ERROR_CANCELLED: cancelled; consumed. */
void vmh_job_end (VmhJob *job, GError *error);

G_END_DECLS
