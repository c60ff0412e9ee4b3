/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a running QEMU counts of itself, typed. */
#pragma once

#include "qemu/vmh-qmp-live.h"

G_BEGIN_DECLS

/* Of no answer of QEMU's are more than that looked at; no machine has as many. */
#define VMH_QMP_MAX_DRIVES 1024
#define VMH_QMP_MAX_VCPUS  1024

typedef struct
{
  guint index;  /* of the processor */
  pid_t thread; /* as QEMU's pid namespace numbers it: nothing that can be believed */
} VmhQmpVcpu;

typedef struct
{
  char *device;                             /* its id, or its path in QEMU, which the id is in */
  gboolean full;                            /* it has a medium */
  guint64 bytes[2], operations[2], time[2]; /* of reads, of writes; ns */
} VmhQmpDrive;

/** VmhQmpMeasures: what QEMU has not answered in time, or in another shape, is not in it. */
typedef struct
{
  GArray *vcpus;  /* of VmhQmpVcpu */
  GArray *drives; /* of VmhQmpDrive */
  VmhQmpMemory memory;
  /* What the guest says of its memory, bytes; 0: it says nothing. */
  guint64 guest_total, guest_free, guest_available, guest_caches;
} VmhQmpMeasures;

/** vmh_qmp_measure_async: all is asked at once, and answered within VMH_MEASURE_MS. */
void vmh_qmp_measure_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data);
/** vmh_qmp_measure_finish: never NULL; free with vmh_qmp_measures_free(). */
VmhQmpMeasures *vmh_qmp_measure_finish (VmhQmp *qmp, GAsyncResult *result);
void vmh_qmp_measures_free (VmhQmpMeasures *measures);
/** vmh_qmp_query_vcpus_async: which thread each processor is. */
void vmh_qmp_query_vcpus_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data);
/** vmh_qmp_query_vcpus_finish: of VmhQmpVcpu. */
GArray *vmh_qmp_query_vcpus_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);
/** vmh_qmp_query_drives_async: what its disks and drives have carried, alone. */
void vmh_qmp_query_drives_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data);
/** vmh_qmp_query_drives_finish: of VmhQmpDrive. */
GArray *vmh_qmp_query_drives_finish (VmhQmp *qmp, GAsyncResult *result, GError **error);
/** vmh_qmp_drive_is: whether the drive is of the device @id. */
gboolean vmh_qmp_drive_is (const VmhQmpDrive *drive, const char *id);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhQmpMeasures, vmh_qmp_measures_free)

G_END_DECLS
