/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine's folder and its runtime folder, held by directory fds; every name inside is opened
 * beneath them (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), files are made 0600 and folders
 * 0700. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _VmhBundle VmhBundle; /* reference counted */

#define VMH_DISKS "disks" /* in the bundle: its images */
#define VMH_TPM   "tpm"   /* what its security chip keeps */

/* <machines>/<uuid>/{machine.xml,state,disks/,nvram,tpm/,snapshots/,log/,screenshot.ppm}:
 * /var/lib/innkeeper/machines, or XDG_DATA_HOME/innkeeper/machines in session mode.
 * <runtime>/<uuid>/: /run/innkeeper, XDG_RUNTIME_DIR/innkeeper. */
/** vmh_bundle_create: not a machine before vmh_bundle_commit(): if the helper dies, its next start
 * removes it. The mkdir is the existence check. */
VmhBundle *vmh_bundle_create (const char *uuid, uid_t owner, GError **error);
gboolean vmh_bundle_commit (VmhBundle *bundle, GError **error);
/** vmh_bundle_discard: removes what was created and not committed, or thrown away. Blocks for as
 * long as the disks in it take. */
void vmh_bundle_discard (VmhBundle *bundle);
VmhBundle *vmh_bundle_open (const char *uuid, GError **error);
/** vmh_bundle_open_damaged: one whose `state` cannot be read, so that it can be deleted: it is
 * root's, or the session's user's, and nothing in it was made by us. NULL where even its folder
 * cannot. */
VmhBundle *vmh_bundle_open_damaged (const char *uuid);
/** vmh_bundle_open_trash: one that is no machine any more: see vmh-trash.h. */
VmhBundle *vmh_bundle_open_trash (const char *uuid, GError **error);
/** vmh_bundle_throw_away: from now on it is no machine, whatever happens. */
gboolean vmh_bundle_throw_away (VmhBundle *bundle, GError **error);
VmhBundle *vmh_bundle_ref (VmhBundle *bundle);
void vmh_bundle_unref (VmhBundle *bundle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhBundle, vmh_bundle_unref)

const char *vmh_bundle_get_uuid (VmhBundle *bundle);
int vmh_bundle_get_fd (VmhBundle *bundle);                   /* of the folder; stays the bundle's */
const char *vmh_bundle_get_path (VmhBundle *bundle);         /* where it is once committed */
const char *vmh_bundle_get_runtime_path (VmhBundle *bundle); /* made on first use */
uid_t vmh_bundle_get_owner (VmhBundle *bundle);

/** vmh_bundle_get_guest_uid: the unprivileged uid that this machine's QEMU runs as: in the system
 * helper, and in a session helper run by root, its own from VMH_GUEST_UID_MIN up, recorded in the
 * bundle, never shared; else the caller's. */
#define VMH_GUEST_UID_MIN 2001000000u
#define VMH_GUEST_UID_MAX 2001999998u
#define VMH_PROBE_UID     2001999999u /* of what asks a program something: no machine's */
uid_t vmh_bundle_get_guest_uid (VmhBundle *bundle, GError **error);

/** vmh_bundle_save_definition: @xml is the machine's from now on. */
gboolean vmh_bundle_save_definition (VmhBundle *bundle, const char *xml, GError **error);
GBytes *vmh_bundle_load_definition (VmhBundle *bundle, GError **error);
/** vmh_bundle_get_generation: a number that only this definition has, and that the next one's is
 * above. It is when the file was changed, in µs: so the two get onto the disk as one. 0: no
 * definition was saved or loaded. */
guint64 vmh_bundle_get_generation (VmhBundle *bundle);

/* What the `state` file says beside the XML. Each setter saves. */
/** vmh_bundle_get_crash: how it has ended last, a text for a person, if it crashed and nobody has
 * started it or switched it off since; else NULL. */
const char *vmh_bundle_get_crash (VmhBundle *bundle);
gboolean vmh_bundle_set_crash (VmhBundle *bundle, const char *crash, GError **error);
/** vmh_bundle_is_created: the helper has made the image @name ("disks/vda.qcow2") itself. */
gboolean vmh_bundle_is_created (VmhBundle *bundle, const char *name);
/** vmh_bundle_add_making: the image @name is about to be made. Until the definition names it, it is
 * nobody's: it is not created but in the list of what is being made. */
gboolean vmh_bundle_add_making (VmhBundle *bundle, const char *name, GError **error);
GStrv vmh_bundle_dup_making (VmhBundle *bundle);
/** vmh_bundle_keep_made: all that is being made is created from now on, in memory in any case. */
gboolean vmh_bundle_keep_made (VmhBundle *bundle, GError **error);
/** vmh_bundle_unmake: removes the image @name that is being made, as far as it is there. */
gboolean vmh_bundle_unmake (VmhBundle *bundle, const char *name, GError **error);
/** vmh_bundle_get_kept: names of files that survive the bundle's deletion. */
const char *const *vmh_bundle_get_kept (VmhBundle *bundle);
/** vmh_bundle_get_erased: paths of files elsewhere that do not. */
const char *const *vmh_bundle_get_erased (VmhBundle *bundle);
/** vmh_bundle_set_fate: what becomes of what, before it is thrown away. Both lists end by NULL. */
gboolean vmh_bundle_set_fate (VmhBundle *bundle,
                              const char *const *kept,
                              const char *const *erased,
                              GError **error);
/** vmh_bundle_get_moved_from: the path it had when it was saved last, if that was another; then
 * paths in its XML below that one are to be rebased. */
const char *vmh_bundle_get_moved_from (VmhBundle *bundle);
/** vmh_bundle_note_place: the folder is where what its definition names is, and has its `state`. */
gboolean vmh_bundle_note_place (VmhBundle *bundle, GError **error);

int vmh_bundle_open_file (VmhBundle *bundle,
                          const char *name,
                          int flags,
                          GError **error); /* O_CREAT: O_EXCL 0600 unless O_TRUNC */
/** vmh_bundle_is_image: @name is right in disks/: the rest of the folder is the helper's. */
gboolean vmh_bundle_is_image (const char *name);
/** vmh_bundle_open_image: a file that the definition names, for a guest to have: a regular one in
 * disks/ and nothing else, for the rest says who owns the machine and what it may open. */
int vmh_bundle_open_image (VmhBundle *bundle, const char *name, int flags, GError **error);
/** vmh_bundle_open_tpm: the folder of the security chip's state, which is the guest's from here on:
 * as a mount of its own that nothing leads out of. -1 without an error where the guest's processes
 * are our own user's, and reach it by its path. */
int vmh_bundle_open_tpm (VmhBundle *bundle, GError **error);
/** vmh_bundle_has_runtime: its runtime folder is there: it runs, or has run since the computer
 * began. */
gboolean vmh_bundle_has_runtime (VmhBundle *bundle);
int vmh_bundle_open_runtime (VmhBundle *bundle, const char *name, int flags, GError **error);
typedef enum
{
  VMH_BUNDLE_SYNC, /* fsync of the file and the folder */
  VMH_BUNDLE_PUT,  /* what may be lost with the computer's power: nobody waits for the disk */
} VmhBundleSave;

/** vmh_bundle_save: temporary file, rename: the old content or the new one, never neither. */
gboolean vmh_bundle_save (VmhBundle *bundle,
                          const char *name,
                          const char *data,
                          gssize length,
                          VmhBundleSave how,
                          GError **error);
/** vmh_bundle_save_runtime: the same for @text in the runtime folder, which ends with the
 * computer. */
gboolean
vmh_bundle_save_runtime (VmhBundle *bundle, const char *name, const char *text, GError **error);
/** vmh_bundle_load_runtime: such a text, at most @max_size bytes of it; NULL where there is none.
 */
char *vmh_bundle_load_runtime (VmhBundle *bundle, const char *name, gsize max_size);
void vmh_bundle_remove_runtime (VmhBundle *bundle, const char *name);
GBytes *vmh_bundle_load (VmhBundle *bundle, const char *name, gsize max_size, GError **error);
/** vmh_bundle_list_disks: names of all that is in disks/ ("disks/vda.qcow2"), whatever it is. */
GStrv vmh_bundle_list_disks (VmhBundle *bundle, GError **error);
/** vmh_bundle_relative: @path's name inside the bundle ("disks/vda.qcow2") if it is beneath it,
 * else NULL. */
const char *vmh_bundle_relative (VmhBundle *bundle, const char *path);

/** vmh_open_as_async: opens @path with the rights of @uid and its groups, never with root's, in a
 * process of its own, which may hang. Only regular files and block devices (O_NONBLOCK while
 * looking). */
void vmh_open_as_async (uid_t uid,
                        const char *path,
                        int flags,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data);
/** vmh_open_as_finish: the fd, to be closed by vmh_close_later() as @uid's; -1 on error. */
int vmh_open_as_finish (GAsyncResult *result, GError **error);
/** vmh_unlink_as_async: removes the regular file @path likewise; not there: fine. */
void vmh_unlink_as_async (uid_t uid,
                          const char *path,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer data);
gboolean vmh_unlink_as_finish (GAsyncResult *result, GError **error);

G_END_DECLS
