/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* QMP's lowest layer: bytes of a socket ↔ JSON objects. Bounds size and depth before anything is
 * parsed; knows neither commands nor ids. */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define VMH_QMP_MAX_MESSAGE (1024 * 1024)     /* bytes; the largest real reply is about 300 KiB */
#define VMH_QMP_MAX_DEPTH   64                /* nested lists and objects */
#define VMH_QMP_MAX_UNSENT  (4 * 1024 * 1024) /* bytes waiting for a QEMU that does not read */

typedef struct _VmhQmpWire VmhQmpWire;

/** VmhQmpWireFunc: @message one object, borrowed; NULL: the wire is closed, for good, with @error.
 */
typedef void (*VmhQmpWireFunc) (JsonObject *message, const GError *error, gpointer data);

/** vmh_qmp_wire_new: takes @fd over; calls @func from the main loop only. */
VmhQmpWire *vmh_qmp_wire_new (int fd, VmhQmpWireFunc func, gpointer data);
/** vmh_qmp_wire_send: @fd -1 or one to pass with the message's first byte (duplicated). */
gboolean vmh_qmp_wire_send (VmhQmpWire *wire, JsonObject *message, int fd, GError **error);
/** vmh_qmp_wire_free: may be called from @func, which is not called any more. */
void vmh_qmp_wire_free (VmhQmpWire *wire);

/** vmh_qmp_wire_parse: one line; INN_ERROR_QEMU for what is too deep, no UTF-8, or no JSON object.
 */
JsonNode *vmh_qmp_wire_parse (const char *line, gsize length, GError **error);

G_END_DECLS
