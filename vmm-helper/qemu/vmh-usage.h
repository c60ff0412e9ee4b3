/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a QEMU takes of this computer, as the kernel counts it. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_usage_read: @out_cpu_ns of all its threads, those that have ended too; @out_resident bytes
 * of it that are in memory. FALSE where there is no such process. */
gboolean vmh_usage_read (pid_t pid, guint64 *out_cpu_ns, guint64 *out_resident);

G_END_DECLS
