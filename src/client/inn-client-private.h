/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the connection, its machines and its jobs tell each other; for src/client only. */
#pragma once

#include "inn-job.h"
#include "inn-machine.h"

G_BEGIN_DECLS

InnMachine *inn_machine_new (InnConnection *connection, const char *path);
void inn_machine_update (InnMachine *self, const char *interface, GVariant *members);
/** inn_machine_add_sample: host CPU time and the clock it was read at, both ns; two make a
 * "cpu-use". */
void inn_machine_add_sample (InnMachine *self, guint64 cpu_time, guint64 monotonic);
void inn_machine_forget_samples (InnMachine *self);
const char *inn_verb_get_method (InnVerb verb);

InnJob *inn_job_new (InnConnection *connection, const char *path);
void inn_job_update (InnJob *self, const char *interface, GVariant *members);
/** inn_job_take_result: FALSE with the job's own error unless it is done; only once it has ended.
 */
gboolean inn_job_take_result (InnJob *self, GError **error);

InnJob *inn_connection_lookup_job (InnConnection *self, const char *path);
/** inn_connection_get_bus: NULL before there is one; transfer none. */
GDBusConnection *inn_connection_get_bus (InnConnection *self);

/** inn_client_map_error: any error of a call as INN_ERROR with a sentence. */
GError *inn_client_map_error (const GError *error);
/** inn_client_bus_ended: what is told while the bus is away. */
GError *inn_client_bus_ended (void);

G_END_DECLS
