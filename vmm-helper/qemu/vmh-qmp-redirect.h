/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The guest's ports for USB devices of its viewers. */
#pragma once

#include "devices/vmh-plan.h"
#include "qemu/vmh-qmp.h"

G_BEGIN_DECLS

typedef enum
{
  VMH_QMP_PORT_NONE, /* there is none of that number */
  VMH_QMP_PORT_FREE, /* nobody is connected to it */
  VMH_QMP_PORT_TAKEN,
} VmhQmpPort;

void vmh_qmp_query_ports_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data);
gboolean vmh_qmp_query_ports_finish (VmhQmp *qmp,
                                     GAsyncResult *result,
                                     VmhQmpPort ports[VMH_PLAN_REDIRECTS],
                                     GError **error);

G_END_DECLS
