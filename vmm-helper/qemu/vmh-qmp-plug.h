/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A device's nodes, as the plan has them, brought into a QEMU that runs, and taken out of it. */
#pragma once

#include "devices/vmh-plan.h"
#include "qemu/vmh-qmp.h"

G_BEGIN_DECLS

/** vmh_qmp_query_running_async: which devices there are, and what is free for others. */
void vmh_qmp_query_running_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data);
/** vmh_qmp_query_running_finish: free with vmh_plan_running_free(). */
VmhPlanRunning *vmh_qmp_query_running_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);
void vmh_plan_running_free (VmhPlanRunning *running);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhPlanRunning, vmh_plan_running_free)

/** vmh_qmp_plug_async: all of @plan, in order; @files: of its fds, borrowed until the callback. One
 * that fails takes those before it back. */
void vmh_qmp_plug_async (VmhQmp *qmp,
                         VmhPlan *plan,
                         GArray *files,
                         GAsyncReadyCallback callback,
                         gpointer data);
gboolean vmh_qmp_plug_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);

/** vmh_qmp_clear_async: what is left of @plan when its device has gone, or was never there: nodes,
 * backwards, and the files that are called after @element. What is not there is no error. */
void vmh_qmp_clear_async (VmhQmp *qmp,
                          VmhPlan *plan,
                          const char *element,
                          GAsyncReadyCallback callback,
                          gpointer data);
gboolean vmh_qmp_clear_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);

/** vmh_qmp_take_list: an answer that is a list; NULL and an error where it is none. */
JsonArray *
vmh_qmp_take_list (GObject *source, GAsyncResult *result, JsonNode **out_reply, GError **error);

G_END_DECLS
