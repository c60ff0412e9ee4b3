/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Where all machines live: the folders, held by fds, and what a kill has left in them. One helper a
 * store: it holds a lock. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Names beside the machines' own, which are uuids. */
#define VMH_STORE_NEW   ".new-"   /* + uuid: not yet made, or with nothing left to keep */
#define VMH_STORE_TRASH ".trash-" /* + uuid: no machine any more, its kept disks still in it */

/** vmh_store_open: makes the folders and takes the lock. System: /var/lib/innkeeper and
 * /run/innkeeper; session: below XDG_DATA_HOME and XDG_RUNTIME_DIR. */
gboolean vmh_store_open (gboolean system_mode, GError **error);
void vmh_store_close (void);
/** vmh_store_entrust: the lock is free when the helper is killed, even while a thread hangs. */
void vmh_store_entrust (void);
gboolean vmh_store_is_system (void);

const char *vmh_store_get_machines_path (void);
const char *vmh_store_get_runtime_path (void);
int vmh_store_get_machines_fd (void);
int vmh_store_get_runtime_fd (void);
/** vmh_store_open_kept: the folder for disks that outlive their machine, one for each user in the
 * system's store; the caller closes the fd. */
int vmh_store_open_kept (uid_t owner, char **out_path, GError **error);

/** vmh_store_list: names in the folder of machines: uuids, or what begins with @prefix, without it.
 */
GStrv vmh_store_list (const char *prefix, GError **error);

/** vmh_open_beneath: openat2 with RESOLVE_BENEATH and no links of any kind. O_CREAT files are 0600.
 */
int vmh_open_beneath (int folder, const char *name, int flags, GError **error);
/** vmh_list_folder: names of all that is in the folder @name beneath @folder; none rather than some
 * of them. */
GStrv vmh_list_folder (int folder, const char *name, GError **error);
/** vmh_set_errno: INN_ERROR that fits errno @code, "@what: reason" (for a person). */
void vmh_set_errno (GError **error, int code, const char *what);
/** vmh_remove_tree: the folder @name beneath @folder and all in it; follows nothing. Blocks. */
gboolean vmh_remove_tree (int folder, const char *name, GError **error);

G_END_DECLS
