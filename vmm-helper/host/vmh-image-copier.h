/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A QEMU without a machine, in an empty room with only the fds it is given, that does block jobs
 * for us: the one program that may look into a foreign image's data. Knows its process and its
 * jobs; what is copied is the caller's. */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "vmh-image.h"

G_BEGIN_DECLS

typedef struct _VmhImageCopier VmhImageCopier;

VmhImageCopier *vmh_image_copier_new (void);
/** vmh_image_copier_free: ends the program at once. */
void vmh_image_copier_free (VmhImageCopier *copier);

/** vmh_image_copier_start_async: the fds (duplicated) are /dev/fdset/1 and 2 in there. */
void vmh_image_copier_start_async (VmhImageCopier *copier,
                                   int source_fd,
                                   int target_fd,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer data);
gboolean
vmh_image_copier_start_finish (VmhImageCopier *copier, GAsyncResult *result, GError **error);

/** vmh_image_copier_call_async: one QMP command; @arguments are consumed. */
void vmh_image_copier_call_async (VmhImageCopier *copier,
                                  const char *command,
                                  JsonObject *arguments,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer data);
JsonNode *
vmh_image_copier_call_finish (VmhImageCopier *copier, GAsyncResult *result, GError **error);

/** vmh_image_copier_run_async: a command that starts a job, whose "job-id" is added, until the
 * job's end. One at a time. */
void vmh_image_copier_run_async (VmhImageCopier *copier,
                                 const char *command,
                                 JsonObject *arguments,
                                 VmhImageProgress progress,
                                 gpointer progress_data,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer data);
gboolean vmh_image_copier_run_finish (VmhImageCopier *copier, GAsyncResult *result, GError **error);

/** vmh_image_copier_quit_async: lets it close its images and end; an error if it did not end well.
 */
void vmh_image_copier_quit_async (VmhImageCopier *copier,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer data);
gboolean
vmh_image_copier_quit_finish (VmhImageCopier *copier, GAsyncResult *result, GError **error);

G_END_DECLS
