/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The commands that change a running machine, and what they have led to, typed. Those without a
 * finish of their own end with vmh_qmp_call_finish(). */
#pragma once

#include "qemu/vmh-qmp.h"

G_BEGIN_DECLS

/** vmh_qmp_set_link_async: the cable of the card @id. */
void vmh_qmp_set_link_async (VmhQmp *qmp,
                             const char *id,
                             gboolean up,
                             GAsyncReadyCallback callback,
                             gpointer data);
/** vmh_qmp_set_balloon_async: what the balloon leaves the guest of its first memory, bytes. */
void
vmh_qmp_set_balloon_async (VmhQmp *qmp, guint64 bytes, GAsyncReadyCallback callback, gpointer data);
/** vmh_qmp_set_balloon_period_async: how often the guest tells of its memory, s; 0: never. */
void vmh_qmp_set_balloon_period_async (VmhQmp *qmp,
                                       guint seconds,
                                       GAsyncReadyCallback callback,
                                       gpointer data);
/** vmh_qmp_set_requested_memory_async: how much the guest shall plug in beside its first memory,
 * bytes. */
void vmh_qmp_set_requested_memory_async (VmhQmp *qmp,
                                         guint64 bytes,
                                         GAsyncReadyCallback callback,
                                         gpointer data);
/** vmh_qmp_set_limits_async: @limits as of a throttle group's node, consumed; @group its id. */
void vmh_qmp_set_limits_async (VmhQmp *qmp,
                               const char *group,
                               JsonObject *limits,
                               GAsyncReadyCallback callback,
                               gpointer data);
/** vmh_qmp_throttle_async: the disk whose throttle node is @throttle, as of a plan, comes into the
 * throttle @group, which is made where there is none and has @limits; the group @left, which may be
 * NULL, goes. All objects are consumed. */
void vmh_qmp_throttle_async (VmhQmp *qmp,
                             JsonObject *group,
                             JsonObject *limits,
                             JsonObject *throttle,
                             const char *left,
                             GAsyncReadyCallback callback,
                             gpointer data);
gboolean vmh_qmp_throttle_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);
/** vmh_qmp_set_watchdog_async: what is done when it barks: a word of the schema's. */
void vmh_qmp_set_watchdog_async (VmhQmp *qmp,
                                 const char *action,
                                 GAsyncReadyCallback callback,
                                 gpointer data);
/** vmh_qmp_resize_async: the disk behind the topmost @node of a drive gets @size bytes. */
void vmh_qmp_resize_async (VmhQmp *qmp,
                           const char *node,
                           guint64 size,
                           GAsyncReadyCallback callback,
                           gpointer data);
/** vmh_qmp_add_device_async: @device as of a plan's node, consumed. */
void vmh_qmp_add_device_async (VmhQmp *qmp,
                               JsonObject *device,
                               GAsyncReadyCallback callback,
                               gpointer data);
/** vmh_qmp_remove_device_async: asks the guest for it; an answer does not say that it is gone. */
void vmh_qmp_remove_device_async (VmhQmp *qmp,
                                  const char *id,
                                  GAsyncReadyCallback callback,
                                  gpointer data);

/** VmhQmpCpus: processors that are plugged in, places for them in all, and their type. */
typedef struct
{
  guint plugged, places;
  char *driver;
} VmhQmpCpus;

void vmh_qmp_query_cpus_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data);
/** vmh_qmp_query_cpus_finish: @cpus->driver is the caller's. */
gboolean
vmh_qmp_query_cpus_finish (VmhQmp *qmp, GAsyncResult *result, VmhQmpCpus *cpus, GError **error);

#define VMH_QMP_MAX_SLOTS 256 /* of QEMU */

/** VmhQmpModule: a memory module that has come while it runs. */
typedef struct
{
  guint number;
  guint64 size;
} VmhQmpModule;

/** VmhQmpMemory: bytes. */
typedef struct
{
  guint64 first;         /* what it has begun with, and modules that have come: the balloon's */
  guint64 balloon;       /* what the balloon leaves of that; 0: there is no balloon */
  guint64 plugged, most; /* beside the first */
  gboolean grows;        /* it has a device for that */
  guint64 in_slots;      /* in modules of any sort; a part of the first */
  guint slots;           /* of theirs that are taken */
  guint64 in_modules;    /* in those that have come; likewise */
  guint n_modules;
  VmhQmpModule modules[VMH_QMP_MAX_SLOTS];
} VmhQmpMemory;

/** vmh_qmp_read_memory_devices: QEMU's answer to query-memory-devices, when the first is known. */
void vmh_qmp_read_memory_devices (JsonNode *reply, VmhQmpMemory *memory);
void vmh_qmp_query_memory_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data);
gboolean vmh_qmp_query_memory_finish (VmhQmp *qmp,
                                      GAsyncResult *result,
                                      VmhQmpMemory *memory,
                                      GError **error);

G_END_DECLS
