/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the system's helper asks of systemd, where that runs the computer; elsewhere all of this
 * does nothing. Knows no machine. */
#pragma once

#include <gio/gio.h>

#include "host/vmh-cgroup.h"

G_BEGIN_DECLS

/** vmh_systemd_begin: @connection is to the system's bus. */
void vmh_systemd_begin (GDBusConnection *connection);
void vmh_systemd_end (void);

gboolean vmh_systemd_is_there (void);

/** vmh_systemd_set_apart_async: moves @pids (pid_t), as long as they are in the helper's own
 * control group, into a scope "innkeeper-@id.scope", which has @share of the processors' time;
 * NULL: it stays as it is. */
void vmh_systemd_set_apart_async (const GArray *pids,
                                  const char *id,
                                  const char *description,
                                  const VmhShare *share,
                                  GAsyncReadyCallback callback,
                                  gpointer data);
gboolean vmh_systemd_set_apart_finish (GAsyncResult *result, GError **error);

/** vmh_systemd_ask_async: whether the computer is being turned off, or restarted. */
void vmh_systemd_ask_async (GAsyncReadyCallback callback, gpointer data);
gboolean vmh_systemd_ask_finish (GAsyncResult *result);
/** vmh_systemd_load_module: asks for the kernel's module @name; whether it comes is for who asks
 * to see. */
void vmh_systemd_load_module (const char *name);
/** vmh_systemd_take_time: our end will take up to @seconds. */
void vmh_systemd_take_time (guint seconds);

G_END_DECLS
