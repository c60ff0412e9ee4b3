/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* SCSI disks of this computer that a machine gets whole. Only for machines of the system, whose
 * definitions an administrator has confirmed. */
#pragma once

#include "vmh-bundle.h"

G_BEGIN_DECLS

/** vmh_lun_open_async: the disk called @path, if this computer does not use it, for the machine of
 * @bundle. @alone: no other machine has it, and nobody else may, not this computer either, for as
 * long as the fd is open anywhere. */
void vmh_lun_open_async (VmhBundle *bundle,
                         const char *path,
                         gboolean writable,
                         gboolean alone,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data);
/** vmh_lun_open_finish: -1 with a sentence. */
int vmh_lun_open_finish (GAsyncResult *result, GError **error);

G_END_DECLS
