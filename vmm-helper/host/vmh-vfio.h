/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Folders below /dev/innkeeper, one for each guest that may have PCI devices of this computer: what
 * its room has as /dev/vfio, and at the same time what is on record of whose they were. They end
 * with the computer, as the kernel's own state does. Knows no machine. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** VmhVfioClaim: a device that was taken, or is about to be. */
typedef struct
{
  char *uuid, *address; /* of the machine; of the device, whose UUID it is if it is mediated */
  char *element;        /* of the machine, that it is for; NULL: it is to be given back */
  char *driver;         /* that had it; "": none; NULL: nothing has been done to it */
} VmhVfioClaim;

/** vmh_vfio_is_there: this computer has an IOMMU that is on, or knows of mediated devices. */
gboolean vmh_vfio_is_there (void);
gboolean vmh_vfio_is_driver (const char *driver); /* hands devices on, itself */

/** vmh_vfio_begin: the machines are kept in the folder @store; what another helper of this computer
 * has, as one that is tested, is not ours. */
void vmh_vfio_begin (const char *store);
/** vmh_vfio_make_folder: for the guest that runs as @uid. */
gboolean vmh_vfio_make_folder (const char *uuid, uid_t uid, GError **error);
char *vmh_vfio_dup_folder (const char *uuid); /* its path; NULL: there is none */
void vmh_vfio_remove_folder (const char *uuid);
GStrv vmh_vfio_list_folders (void); /* uuids of ours */

/** vmh_vfio_list: of @uuid's, NULL: of all; (element-type VmhVfioClaim). */
GPtrArray *vmh_vfio_list (const char *uuid);
/** vmh_vfio_claim: @claim is on record from now on. One that is there keeps its driver. */
gboolean vmh_vfio_claim (const VmhVfioClaim *claim, GError **error);
void vmh_vfio_let_go (const char *uuid, const char *element); /* it is to be given back */
void vmh_vfio_forget (const VmhVfioClaim *claim, int group);  /* it has been */
/** vmh_vfio_add_node: the guest may open the @group of the device at @address. */
gboolean
vmh_vfio_add_node (const char *uuid, const char *address, int group, uid_t uid, GError **error);

G_END_DECLS
