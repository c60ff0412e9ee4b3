/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Images that the helper is asked to make for a machine's disks: the `storage` option of Create and
 * Apply. */
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
GStrv vmh_orders_dup_targets (GPtrArray *orders);

/** vmh_orders_make_async: a VmhStep's start without a finish. */
void vmh_orders_make_async (GPtrArray *orders,
                            VmhBundle *bundle,
                            VmhJob *job,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data);
/** vmh_orders_unmake: removes what was made. */
void vmh_orders_unmake (GPtrArray *orders, VmhBundle *bundle);
/** vmh_orders_recover: removes what a killed helper was making for @machine, unless it was done. */
void vmh_orders_recover (VmhMachine *machine);

G_END_DECLS
