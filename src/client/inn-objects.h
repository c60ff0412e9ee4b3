/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The helper's objects as lists, kept from GetManagedObjects and three signals. Knows no bus. */
#pragma once

#include "inn-job.h"
#include "inn-machine.h"

G_BEGIN_DECLS

typedef struct _InnObjects InnObjects;

InnObjects *inn_objects_new (InnConnection *connection);
void inn_objects_free (InnObjects *self);

/** inn_objects_expect_all: a helper has appeared; what it does not name until take_all goes then.
 */
void inn_objects_expect_all (InnObjects *self);
/** inn_objects_take_all: @reply of GetManagedObjects. Returns the helper's Protocol, 0 if it names
 * none. */
guint32 inn_objects_take_all (InnObjects *self, GVariant *reply);
void inn_objects_take_signal (InnObjects *self,
                              const char *path,
                              const char *member,
                              GVariant *parameters);
void inn_objects_forget_samples (InnObjects *self);

guint inn_objects_get_n_running (InnObjects *self);
GVariant *inn_objects_get_manager (InnObjects *self); /* a{sv} or NULL */
GVariant *inn_objects_get_host (InnObjects *self);    /* a{sv} or NULL */
GListModel *inn_objects_get_machines (InnObjects *self);
GListModel *inn_objects_get_jobs (InnObjects *self);
InnMachine *inn_objects_lookup_machine (InnObjects *self, const char *path);
InnJob *inn_objects_lookup_job (InnObjects *self, const char *path);

G_END_DECLS
