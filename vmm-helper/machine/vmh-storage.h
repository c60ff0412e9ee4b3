/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The images and media that a machine's definition names: which they are, whether its owner may
 * open them, and who else uses them. */
#pragma once

#include "host/vmh-image.h"
#include "vmh-machine.h"

G_BEGIN_DECLS

/** vmh_storage_list: (element-type InnElement) disks, CD-ROM and floppy drives, whether or not they
 * have a source. */
GPtrArray *vmh_storage_list (InnDomain *domain);
/** vmh_storage_dup_disk_path: of the disk @target of the desired definition; NULL with
 * INN_ERROR_NOT_FOUND where there is none, or it has no image. @out_disk: may be NULL. */
char *vmh_storage_dup_disk_path (VmhMachine *machine,
                                 const char *target,
                                 InnElement **out_disk,
                                 GError **error);
/** vmh_storage_dup_path: file or device; NULL for an empty drive. */
char *vmh_storage_dup_path (const InnElement *storage);
gboolean vmh_storage_is_writable (const InnElement *storage);
/** vmh_storage_is_shareable: only a disk can say so. */
gboolean vmh_storage_is_shareable (const InnElement *storage);
typedef struct
{
  char *path;
  gboolean writable;
  gboolean shareable;
} VmhImageUse;

/** vmh_storage_list_uses: (element-type VmhImageUse) of the drives with a source. */
GPtrArray *vmh_storage_list_uses (InnDomain *domain);
/** vmh_storage_names: @machine's definition, desired or live, names the image by this very path. */
gboolean vmh_storage_names (VmhMachine *machine, const char *path);
/** vmh_storage_list_unused: names ("disks/old.qcow2", of any bytes) of what lies among @machine's
 * images and is in neither of its definitions. */
GStrv vmh_storage_list_unused (VmhMachine *machine, GError **error);
/** vmh_storage_rebase: every file name of the domain below @from is one below @to. TRUE if any was.
 */
gboolean vmh_storage_rebase (InnDomain *domain, const char *from, const char *to);

/** vmh_storage_open_async: the image as the machine's owner opens it: inside the bundle beneath its
 * fd, else with the owner's rights. */
void vmh_storage_open_async (VmhBundle *bundle,
                             const char *path,
                             gboolean writable,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data);
/** vmh_storage_open_finish: the fd, to be closed by vmh_close_later() as the owner's; -1 on error.
 */
int vmh_storage_open_finish (GAsyncResult *result, GError **error);

/** vmh_storage_check_taken: FALSE with INN_ERROR_IN_USE if another machine than @except has been
 * given, since the check began, an image that @domain names and @before (NULL: none) does not. */
gboolean
vmh_storage_check_taken (InnDomain *domain, InnDomain *before, VmhMachine *except, GError **error);

/** vmh_storage_find_user_async: which other machine has the image that is open as @fd, and
 * stays so until the callback. Files are looked at as @owner, in a process that may hang. */
void vmh_storage_find_user_async (int fd,
                                  uid_t owner,
                                  gboolean writable,
                                  gboolean shareable,
                                  VmhMachine *except,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer data);
/** vmh_storage_find_user_finish: NULL without error: nobody. Its name, or "" if it is another
 * user's. */
char *vmh_storage_find_user_finish (GAsyncResult *result, GError **error);

/** vmh_storage_check_async: each image that @domain names and @before (NULL: none) does not: there,
 * to be opened by the owner, of the format that is stated, standing alone, used by no other
 * machine, nor twice by this one unless nothing writes to it. Targets in @made are still to be
 * made. @first: a SCSI disk of this computer's is not looked at, and a raw one that looks packed
 * (gzip, zip) is none yet; later its bytes are its guest's. A VmhStep's start without a finish. */
void vmh_storage_check_async (VmhBundle *bundle,
                              InnDomain *domain,
                              InnDomain *before,
                              const char *const *made,
                              VmhMachine *except,
                              gboolean first,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);

G_END_DECLS
