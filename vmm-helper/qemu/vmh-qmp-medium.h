/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Another medium in a drive of a running machine. */
#pragma once

#include "qemu/vmh-qmp.h"

G_BEGIN_DECLS

/** vmh_qmp_change_medium_async: @device: the drive's id; @fd (duplicated): what @format says it is,
 * -1: the drive is to be empty; @target names the nodes. A guest that has locked the drive is asked
 * to let it go, and waited for. On error the old medium is in it; INN_ERROR_IN_USE: the guest holds
 * it. Ends with vmh_qmp_change_medium_finish(). */
void vmh_qmp_change_medium_async (VmhQmp *qmp,
                                  const char *device,
                                  const char *target,
                                  int fd,
                                  const char *format,
                                  GAsyncReadyCallback callback,
                                  gpointer data);
gboolean vmh_qmp_change_medium_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);

G_END_DECLS
