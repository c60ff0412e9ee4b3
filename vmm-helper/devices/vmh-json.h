/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What QEMU is told, as literal as its documentation has it. */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** vmh_json: an object from "key=type" and value pairs, ended by NULL. Types: s string (NULL:
 * member left out), b gboolean, i gint64, o JsonObject (consumed), n null (no value). */
JsonObject *vmh_json (const char *key, ...) G_GNUC_NULL_TERMINATED;

G_END_DECLS
