/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Sizes as people write them. No widget. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** inn_size_format: @bytes in the largest unit that loses nothing: "4 GiB", "1536 MiB", "1 B". */
char *inn_size_format (guint64 bytes);
/** inn_size_parse: "4 GiB", "1.5g", "512M", "1024" (bytes); FALSE where it is no size or over 2^64.
 */
gboolean inn_size_parse (const char *text, guint64 *out_bytes);

G_END_DECLS
