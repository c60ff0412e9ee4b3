/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One making of a machine: the call and the job that follows, as one thing with progress, cancel
 * and an end. No widget. */
#pragma once

#include "client/inn-create.h"

G_BEGIN_DECLS

#define INN_TYPE_CREATE_JOB (inn_create_job_get_type ())
G_DECLARE_FINAL_TYPE (InnCreateJob, inn_create_job, INN, CREATE_JOB, GObject)

/* Signals: "progress"; "ended" (GError *, NULL when the machine is there) */

InnCreateJob *inn_create_job_new (InnConnection *connection);
void inn_create_job_run (InnCreateJob *self,
                         InnDomain *domain,
                         const InnSource *source,
                         guint64 disk_size,
                         gboolean start);
/** inn_create_job_cancel: "ended" follows; nothing of the machine is left then. */
void inn_create_job_cancel (InnCreateJob *self);
const char *inn_create_job_get_machine (InnCreateJob *self); /* its object path */
const char *inn_create_job_get_step (InnCreateJob *self);
double inn_create_job_get_progress (InnCreateJob *self);

G_END_DECLS
