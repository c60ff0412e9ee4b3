/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Images that the helper is asked to make for a machine's disks: the `storage` option of Create and
 * Apply; and the steps that the two have in common. */
#pragma once

#include "core/vmh-job.h"
#include "vmh-machine.h"

G_BEGIN_DECLS

typedef struct
{
  char *target; /* of the disk, "vda" */
  char *name;   /* of the image beneath disks/, "vda.qcow2" */
  char *format; /* the disk's */
  guint64 size; /* of a new empty image; 0: a copy of @fd */
  uid_t user;   /* who has asked */
  int fd;       /* -1: none */
  char *source_format;
  gboolean begun; /* its file may be there */
} VmhOrder;

/** vmh_orders_parse: (element-type VmhOrder) from @storage (aa{sv}, NULL: none). */
GPtrArray *vmh_orders_parse (VmhCall *call, GVariant *storage, GError **error);
/** vmh_orders_place: names the images and writes them into @domain as its disks' sources; @folder
 * is the bundle's path, @bundle NULL where it is not there yet. */
gboolean vmh_orders_place (GPtrArray *orders,
                           InnDomain *domain,
                           const char *folder,
                           VmhBundle *bundle,
                           GError **error);

/** VmhOrdering: the context, or its first member, of a flow that brings images along. */
typedef struct
{
  VmhMachine *machine; /* NULL: it is not there yet */
  VmhBundle *bundle;
  InnDomain *domain;
  GPtrArray *orders;
} VmhOrdering;

void vmh_ordering_clear (VmhOrdering *ordering);

/* Of a VmhStep: its start, without a finish, and its undo. */
/** vmh_ordering_check: of the images that the machine does not have yet and that are not to be
 * made: vmh_storage_check_async(). */
void vmh_ordering_check (gpointer ordering,
                         VmhJob *job,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data);
void vmh_ordering_make (gpointer ordering,
                        VmhJob *job,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data);
/** vmh_ordering_unmake: removes what was made. */
void vmh_ordering_unmake (gpointer ordering);
/** vmh_orders_recover: removes what a killed helper was making for @machine, unless it was done. */
void vmh_orders_recover (VmhMachine *machine);

G_END_DECLS
