/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The threads of a QEMU, and which of this computer's processors they run on. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_threads_check: @list ("0-3,^2,6"; NULL: all) names a processor that this computer has on
 * line. INN_ERROR_INVALID_ARGUMENT says which there are. */
gboolean vmh_threads_check (const char *list, GError **error);
/** vmh_threads_pin: all threads of the process @pid, and so those that they start, run on the
 * processors of @list alone. sched_setaffinity(2). */
gboolean vmh_threads_pin (pid_t pid, const char *list, GError **error);

G_END_DECLS
