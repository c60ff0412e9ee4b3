/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The files of a plan, opened before there is a QEMU. */
#pragma once

#include "devices/vmh-plan.h"
#include "vmh-bundle.h"

G_BEGIN_DECLS

typedef struct
{
  VmhBundle *bundle;
  VmhPlan *plan; /* borrowed */
  GArray *fds;   /* int, one for each of the plan's fds, -1 where that is no file, or taken */
} VmhFiles;

/** vmh_files_open_async: @plan stays until what is answered is freed. */
void vmh_files_open_async (VmhBundle *bundle,
                           VmhPlan *plan,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data);
VmhFiles *vmh_files_open_finish (GAsyncResult *result, GError **error);
/** vmh_files_free: closes what nobody has taken: of users' files in a thread, all else at once. */
void vmh_files_free (VmhFiles *files);

G_END_DECLS
