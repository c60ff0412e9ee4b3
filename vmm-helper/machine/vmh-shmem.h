/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Memory that machines of one owner have in common: a file in the runtime folder for each name, for
 * as long as one of them runs that has it. */
#pragma once

#include "vmh-bundle.h"

G_BEGIN_DECLS

/** vmh_shmem_open: the memory @name of the machine's owner, @size bytes of it, which is made where
 * it is not there. -1 with INN_ERROR_CONFLICT where it is there with another size. */
int vmh_shmem_open (VmhBundle *bundle, const char *name, guint64 size, GError **error);
/** vmh_shmem_sweep: removes what no machine that runs or starts has. */
void vmh_shmem_sweep (void);

G_END_DECLS
