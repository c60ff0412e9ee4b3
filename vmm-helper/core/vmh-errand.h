/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What is done with users' files by a process that becomes the user, and that may hang: open,
 * remove, compare, look for locks. An answer is waited for 5 s. Also what may hold us up of the
 * computer's own. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Each as @user with its groups, where we are another. */

/** VMH_ERRNO: domain of the errors that the files make, with errno as code (ESRCH: @user is not
 * known; ENOTBLK: neither file nor disk; ECANCELED); others are INN_ERROR. */
#define VMH_ERRNO (g_quark_from_static_string ("vmh-errno"))

/** vmh_errand_open_async: regular files and block devices only, by open()'s @flags. */
void vmh_errand_open_async (uid_t user,
                            const char *path,
                            int flags,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);
/** vmh_errand_open_finish: the fd, to be closed by vmh_close_later() as @user's; or -1. */
int vmh_errand_open_finish (GAsyncResult *result, GError **error);

/** vmh_errand_unlink_async: a regular file; not there: fine. */
void vmh_errand_unlink_async (uid_t user,
                              const char *path,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);

/** vmh_errand_find_async: which of @paths (ended by NULL) is the file or device behind @fd. */
void vmh_errand_find_async (uid_t user,
                            int fd,
                            const char *const *paths,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);

/** vmh_errand_locked_async: at which of @offsets (decimal text, ended by NULL) of the file behind
 * @fd somebody else holds a lock. */
void vmh_errand_locked_async (uid_t user,
                              int fd,
                              const char *const *offsets,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);

/** vmh_errand_driver_async: as ourselves: the PCI device @address, below sysfs's folder @bus, gets
 * the @driver and no other, or (@back) is given back to it; "": to none. Waited for longer than the
 * others. */
void vmh_errand_driver_async (const char *bus,
                              const char *address,
                              const char *driver,
                              gboolean back,
                              GAsyncReadyCallback callback,
                              gpointer data);

/** vmh_errand_finish: of the last four. @out_found: index of the first path or offset for which it
 * is so, -1: none. */
gboolean vmh_errand_finish (GAsyncResult *result, int *out_found, GError **error);

G_END_DECLS
