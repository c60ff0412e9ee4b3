/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The commands that the helper gives a running QEMU, typed. Nobody outside of this folder knows
 * their names or what their JSON is like. */
#pragma once

#include "qemu/vmh-qmp.h"

G_BEGIN_DECLS

typedef enum
{
  VMH_QMP_CONT,
  VMH_QMP_STOP,
  VMH_QMP_RESET,
  VMH_QMP_POWERDOWN, /* presses the guest's power button */
} VmhQmpVerb;

/** vmh_qmp_verb_async: ends with vmh_qmp_call_finish(). */
void vmh_qmp_verb_async (VmhQmp *qmp, VmhQmpVerb verb, GAsyncReadyCallback callback, gpointer data);
/** vmh_qmp_verb: the same where nobody waits for the answer. */
void vmh_qmp_verb (VmhQmp *qmp, VmhQmpVerb verb);

/** vmh_qmp_set_restarts: whether the guest restarts where it asks for that, or QEMU shuts down. */
void vmh_qmp_set_restarts (VmhQmp *qmp, gboolean restarts);

/** vmh_qmp_query_status_finish: "running", "paused", "io-error" …; NULL on error. */
void vmh_qmp_query_status_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data);
char *vmh_qmp_query_status_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);

/** vmh_qmp_add_viewer_async: @protocol "vnc" or "dbus"; QEMU speaks it on @socket (duplicated),
 * without asking who is there. Ends with vmh_qmp_call_finish(). */
void vmh_qmp_add_viewer_async (VmhQmp *qmp,
                               const char *protocol,
                               int socket,
                               GAsyncReadyCallback callback,
                               gpointer data);

/** vmh_qmp_screendump_async: writes a PPM to @fd (duplicated), which must be open for writing
 * alone. */
void vmh_qmp_screendump_async (VmhQmp *qmp, int fd, GAsyncReadyCallback callback, gpointer data);
gboolean vmh_qmp_screendump_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);

/** vmh_qmp_query_types_async: the names of all types that can be made, for vmh-caps.c. */
void vmh_qmp_query_types_async (VmhQmp *qmp,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer data);
char **vmh_qmp_query_types_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);

G_END_DECLS
