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
/** VmhThreadPin: @inside: the thread's number in its innermost pid namespace, of which only threads
 * of the process are found, whatever it is. */
typedef struct
{
  pid_t inside;
  char *list;
} VmhThreadPin;

/** vmh_threads_pin: the threads of @pins run on the processors of their lists, all others of the
 * process @pid, and so those that they start, on those of @others alone. NULL: on all.
 * sched_setaffinity(2). */
gboolean vmh_threads_pin (pid_t pid,
                          const char *others,
                          const VmhThreadPin *pins,
                          guint n_pins,
                          GError **error);

G_END_DECLS
