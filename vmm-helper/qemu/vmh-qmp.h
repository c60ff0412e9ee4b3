/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* QMP: bytes ↔ messages ↔ waiting callers. Bounded: VMH_QMP_MAX_MESSAGE bytes a message, 64 deep.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define VMH_TYPE_QMP (vmh_qmp_get_type ())
G_DECLARE_FINAL_TYPE (VmhQmp, vmh_qmp, VMH, QMP, GObject)

/* Whoever waits for an answer of QEMU's is told that there is none within 5 s, however many
 * commands that takes. */
#define VMH_QMP_TIMEOUT_MS 4000

/* signals: "event" (const char *name, JsonObject *data, gint64 microseconds), "closed" (GError *)
 */

/** vmh_qmp_open_async: waits for the greeting on @fd (taken over), sends qmp_capabilities. */
void
vmh_qmp_open_async (int fd, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
VmhQmp *vmh_qmp_open_finish (GAsyncResult *result, GError **error);
/** vmh_qmp_call_async: @arguments floating-like: consumed, NULL for none; @fd -1 or one to pass
 * (duplicated). Fails with INN_ERROR_TIMEOUT after @timeout_ms, INN_ERROR_QEMU with QEMU's own
 * words. */
void vmh_qmp_call_async (VmhQmp *qmp,
                         const char *command,
                         JsonObject *arguments,
                         int fd,
                         guint timeout_ms,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data);
JsonNode *vmh_qmp_call_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);
void vmh_qmp_close (VmhQmp *qmp);

/* Members of what QEMU says, whatever type a hostile one gives them. */
/** vmh_qmp_object: NULL where it is not there or no object; borrowed. @object NULL: has nothing. */
JsonObject *vmh_qmp_object (JsonObject *object, const char *name);
/** vmh_qmp_array: NULL where it is not there or no array; borrowed. */
JsonArray *vmh_qmp_array (JsonObject *object, const char *name);
/** vmh_qmp_nth: NULL where that is no object; borrowed. */
JsonObject *vmh_qmp_nth (JsonArray *array, guint index);
/** vmh_qmp_string: "" where it is not there or no string; borrowed. */
const char *vmh_qmp_string (JsonObject *object, const char *name);
/** vmh_qmp_flag: FALSE where it is not there or no boolean. */
gboolean vmh_qmp_flag (JsonObject *object, const char *name);
/** vmh_qmp_int: @fallback where it is not there or no integer. */
gint64 vmh_qmp_int (JsonObject *object, const char *name, gint64 fallback);
/** VmhQmpQuestions: some that are asked at once; QEMU reads one after the other anyway. */
typedef struct
{
  guint asked;   /* that have no answer yet */
  GError *error; /* the first */
} VmhQmpQuestions;

/** vmh_qmp_questions_end: one of them has its answer, or @error (consumed; may be NULL); TRUE: it
 * was the last. What they came to is an error where there is one. */
gboolean vmh_qmp_questions_end (VmhQmpQuestions *questions, GError *error);

/** vmh_qmp_refuse_shape: sets INN_ERROR_QEMU for an answer that is not what it should be; FALSE. */
gboolean vmh_qmp_refuse_shape (GError **error);

G_END_DECLS
