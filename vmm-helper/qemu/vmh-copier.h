/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A QEMU without a machine, in an empty room with only the fds it is given, that copies a disk
 * image block by block: the one program that may look into a foreign image's data. In this order:
 * start, open source, get size, open target, format, open format, copy, quit; or start, open
 * target, open format, resize, quit. Which image goes
 * where, and whether it should, is the caller's. */
#pragma once

#include "qemu/vmh-qmp-job.h"

G_BEGIN_DECLS

typedef struct _VmhCopier VmhCopier;

VmhCopier *vmh_copier_new (void);
/** vmh_copier_free: ends the program at once. */
void vmh_copier_free (VmhCopier *copier);

/** vmh_copier_start_async: @target_fd must be open for reading and writing. @emulator: path of any
 * QEMU. @user: whose images those are. A VmhStep's start without a finish. */
void vmh_copier_start_async (VmhCopier *copier,
                             const char *emulator,
                             uid_t user,
                             int source_fd,
                             int target_fd,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);

/** vmh_copier_open_source_async: as @format, without a backing file. @read_only: how its fd is
 * open.
 */
void vmh_copier_open_source_async (VmhCopier *copier,
                                   const char *format,
                                   gboolean block_device,
                                   gboolean read_only,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer data);
gboolean vmh_copier_open_source_finish (VmhCopier *copier, GAsyncResult *result, GError **error);

/** vmh_copier_get_size_async: of the source's disk, bytes; 0 where it has none. */
void vmh_copier_get_size_async (VmhCopier *copier,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer data);
gboolean vmh_copier_get_size_finish (VmhCopier *copier,
                                     GAsyncResult *result,
                                     guint64 *out_size,
                                     GError **error);

/** vmh_copier_open_target_async: the file. A raw one must have its size by now. */
void vmh_copier_open_target_async (VmhCopier *copier,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer data);
gboolean vmh_copier_open_target_finish (VmhCopier *copier, GAsyncResult *result, GError **error);

/** vmh_copier_format_async: makes it an empty image. */
void vmh_copier_format_async (VmhCopier *copier,
                              const char *format,
                              guint64 size,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);
gboolean vmh_copier_format_finish (VmhCopier *copier, GAsyncResult *result, GError **error);

void vmh_copier_open_format_async (VmhCopier *copier,
                                   const char *format,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer data);
gboolean vmh_copier_open_format_finish (VmhCopier *copier, GAsyncResult *result, GError **error);

/** vmh_copier_resize_async: the target's disk gets @size bytes, more than it has. */
void vmh_copier_resize_async (VmhCopier *copier,
                              guint64 size,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);
gboolean vmh_copier_resize_finish (VmhCopier *copier, GAsyncResult *result, GError **error);
void vmh_copier_copy_async (VmhCopier *copier,
                            VmhQmpProgress progress,
                            gpointer progress_data,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);
gboolean vmh_copier_copy_finish (VmhCopier *copier, GAsyncResult *result, GError **error);

/** vmh_copier_quit_async: lets it close its images and end; an error if it did not end well. */
void vmh_copier_quit_async (VmhCopier *copier,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);
gboolean vmh_copier_quit_finish (VmhCopier *copier, GAsyncResult *result, GError **error);

G_END_DECLS
