/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Disks of this computer: which it uses itself, and which take SCSI commands. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** vmh_disk_find_used: a disk or partition with @part in its place in sysfs ("/block/sda/") that is
 * mounted, swapped to, or that another one is made of; NULL. */
char *vmh_disk_find_used (const char *part);
/** vmh_disk_dup_scsi: the name of the whole SCSI disk or drive of that number, as "sda", if this
 * computer does not use it. @path is for people. INN_ERROR_UNSUPPORTED, INN_ERROR_IN_USE. */
char *vmh_disk_dup_scsi (dev_t number, const char *path, GError **error);
/** vmh_disk_resolve: the number of the device that is called @path ("/dev/disk/by-id/…"). Nothing
 * is opened, and no name leads out of the folder of devices, in which only root makes any. */
gboolean vmh_disk_resolve (const char *path, dev_t *out_number, GError **error);

G_END_DECLS
