/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the files about images share. Nobody else includes it. */
#pragma once

#include "core/vmh-job.h"
#include "qemu/vmh-copier.h"
#include "vmh-image.h"

G_BEGIN_DECLS

/** vmh_image_program: path of a program of ours ("vmm-inspect"): in the folder of the environment's
 * VMH_LIBEXECDIR (a checkout, tests), else beside this program, else where it is installed. */
char *vmh_image_program (const char *name);

/** vmh_image_describe: the name behind @fd for messages, without its folder; valid UTF-8. */
char *vmh_image_describe (int fd);

/** vmh_image_check_fd: FALSE with an INN_ERROR unless @fd is a regular file or a block device, open
 * for reading (@writing: for writing too). Never waits for a file system. */
gboolean vmh_image_check_fd (int fd, gboolean writing, GError **error);

/** vmh_image_check_name: FALSE with INN_ERROR_INVALID_ARGUMENT unless @name is one component and
 * cannot be taken for an option. */
gboolean vmh_image_check_name (const char *name, GError **error);

/** vmh_image_check_target: FALSE with INN_ERROR_UNSUPPORTED unless we make images of @format. */
gboolean vmh_image_check_target (const char *format, GError **error);

/** vmh_image_make_file: a new empty file, 0600, open for reading and writing; -1 with an error. */
int vmh_image_make_file (int dirfd, const char *name, GError **error);

/** vmh_image_find_emulator: path of a QEMU for an image, or NULL and an error. */
const char *vmh_image_find_emulator (GError **error);

/** vmh_image_finish_unused: of vmh_image_in_use_async(): FALSE with INN_ERROR_IN_USE, or where it
 * cannot be told, INN_ERROR_BAD_IMAGE; both name @name. */
gboolean vmh_image_finish_unused (GAsyncResult *result, const char *name, GError **error);

/* Of steps whose context begins with its VmhCopier. */
void vmh_image_end_copier (gpointer context); /* an undo */
void vmh_image_start_target (gpointer context,
                             VmhJob *job,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);
gboolean vmh_image_finish_target (gpointer context, GAsyncResult *result, GError **error);
gboolean vmh_image_finish_format (gpointer context, GAsyncResult *result, GError **error);
void vmh_image_start_quit (gpointer context,
                           VmhJob *job,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data);

/** vmh_image_end_flow: @task, taken over, ends as its flow did; @cancelled: what is said where the
 * caller wanted no more. */
void vmh_image_end_flow (GTask *task, GAsyncResult *flow, const char *cancelled);

G_END_DECLS
