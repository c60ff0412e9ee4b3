/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One running job in the popover. */
#pragma once

#include <adwaita.h>
#include "client/inn-job.h"

G_BEGIN_DECLS

#define INN_TYPE_JOB_ROW (inn_job_row_get_type ())
G_DECLARE_FINAL_TYPE (InnJobRow, inn_job_row, INN, JOB_ROW, GtkListBoxRow)

GtkWidget *inn_job_row_new (InnJob *job);
InnJob *inn_job_row_get_job (InnJobRow *self);

G_END_DECLS
