/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Asks the helper to make a machine. */
#pragma once

#include "inn-profile.h"

G_BEGIN_DECLS

/** inn_create_dup_free_name: @wanted made fit for a machine's name, with " 2", " 3" … where a
 * machine of @connection (may be NULL) has it. */
char *inn_create_dup_free_name (InnConnection *connection, const char *wanted);
gboolean inn_create_name_is_free (InnConnection *connection, const char *name);

/** inn_create_async: makes the machine @domain with its disk from @source: a copy of the image, or
 * a new one of @disk_size bytes (nothing is made for an image used in place). Ends when the job has
 * begun, which inn_job_wait_async() follows. */
void inn_create_async (InnConnection *connection,
                       InnDomain *domain,
                       const InnSource *source,
                       guint64 disk_size,
                       gboolean start,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
gboolean
inn_create_finish (GAsyncResult *result, char **out_machine, char **out_job, GError **error);

G_END_DECLS
