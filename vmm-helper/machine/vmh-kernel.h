/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Kernels and initial RAM disks, which QEMU opens by name: so they are copied into its room. They
 * are their owner's, who may change them meanwhile. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** vmh_kernel_check: @fd is a file that may be copied into memory, as it is now. */
gboolean vmh_kernel_check (int fd, const char *path, GError **error);

/** vmh_kernel_copy_async: what is in @fd (taken over; brought by @owner), in memory that nobody can
 * change any more, of bounded size whatever becomes of the file. @path: what to call it. */
void vmh_kernel_copy_async (int fd,
                            uid_t owner,
                            const char *path,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);
/** vmh_kernel_copy_finish: a sealed memfd, at its beginning, that is the caller's; -1 on error. */
int vmh_kernel_copy_finish (GAsyncResult *result, GError **error);

G_END_DECLS
