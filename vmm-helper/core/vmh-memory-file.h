/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Files in memory, by which much is given to a client without going through the bus. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** vmh_memory_file_new: an empty one, that can be sealed. Answers an fd, or -1 and INN_ERROR_LIMIT.
 */
int vmh_memory_file_new (const char *name, GError **error);

/** vmh_memory_file_seal: nobody changes or cuts it any more: it may be mapped by who does not trust
 * the one it is from. memfd_create(2). */
gboolean vmh_memory_file_seal (int fd);

/** vmh_memory_file: a sealed one that has @data. */
int vmh_memory_file (const char *name, gconstpointer data, gsize length, GError **error);

G_END_DECLS
