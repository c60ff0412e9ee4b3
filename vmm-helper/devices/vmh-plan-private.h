/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the device files use of the plan. */
#pragma once

#include "devices/vmh-json.h"
#include "devices/vmh-plan.h"
#include "shared/inn-errors.h"

#include <glib/gi18n-lib.h>

G_BEGIN_DECLS

typedef enum
{
  VMH_BOARD_Q35,
  VMH_BOARD_PC,
} VmhBoard;

struct _VmhPlan
{
  InnDomain *domain;
  VmhPlanHost host;
  VmhBoard board;
  GPtrArray *nodes, *fds, *commands;
  GHashTable *boot; /* element id → boot index */
  GHashTable *once; /* things that may be there once: "usb", "scsi" … */
  int next_fd, next_set;
  guint ports; /* pcie-root-ports made */
  guint slot;  /* next free on pcie.0 or pci.0 */
  guint displays;
  gboolean draws; /* by this computer's graphics card */
  guint sata, ide, scsi, channels;
  guint pci;                /* devices of this computer that reach its memory */
  const char *user_network; /* static; NULL: none */
  GString *notes;
};

gboolean vmh_plan_has (VmhPlan *plan, const char *type);
/** vmh_plan_first: TRUE the first time @what is asked for. */
gboolean vmh_plan_first (VmhPlan *plan, const char *what);
gboolean G_GNUC_PRINTF (2, 3) vmh_plan_refuse (GError **error, const char *format, ...);
/** vmh_plan_refuse_running: the device cannot be plugged into a machine that runs. Answers FALSE.
 */
gboolean vmh_plan_refuse_running (GError **error);
/** vmh_plan_boot: sets "bootindex" where @element has its place in the boot order. */
void vmh_plan_boot (VmhPlan *plan, const InnElement *element, JsonObject *device);
/** vmh_plan_listen, vmh_plan_line: the chardev node @id for a socket or a text line. */
void vmh_plan_listen (VmhPlan *plan, const char *id, const char *name);
void vmh_plan_line (VmhPlan *plan, const char *id, const char *name, const char *kind);
/** vmh_plan_tpm: the chardev node @id for the program that is the chip. */
void vmh_plan_tpm (VmhPlan *plan, const char *id, const char *version);
/** vmh_plan_card: the chardev node @id for the program that has the smart card. */
void vmh_plan_card (VmhPlan *plan, const char *id, const char *database, const char *certificates);
/** vmh_plan_share: the chardev node @id for the program that has the folder @path. */
void vmh_plan_share (VmhPlan *plan, const char *id, const char *path, gboolean writable);
/** vmh_plan_copy: @path of the host is the file @name in the guest's room: for what QEMU opens
 * without knowing of fd sets. */
void vmh_plan_copy (VmhPlan *plan, const InnElement *element, const char *path, const char *name);
/** vmh_plan_usb: an fd set of the USB device @usb of this computer, for @element. */
char *vmh_plan_usb (VmhPlan *plan, const InnElement *element, const VmhPlanUsb *usb);
/** vmh_plan_lun: an fd set of the SCSI disk @path of this computer, for @element. */
char *vmh_plan_lun (VmhPlan *plan, const InnElement *element, const char *path, gboolean writable);
/** vmh_plan_chip: an fd set of the security chip @path of this computer, for @element. */
char *vmh_plan_chip (VmhPlan *plan, const InnElement *element, const char *path);
/** vmh_plan_shmem: by what name QEMU opens the memory @name of the machine's owner. */
char *vmh_plan_shmem (VmhPlan *plan, const InnElement *element, const char *name, guint64 size);
int vmh_plan_fd (VmhPlan *plan, VmhPlanFdType type, const char *name, const char *path);
/** vmh_plan_nvram: an fd set of the machine's own UEFI variables. */
char *vmh_plan_nvram (VmhPlan *plan);
/** vmh_plan_note: a sentence for the machine's log: what it is started without. */
void G_GNUC_PRINTF (2, 3) vmh_plan_note (VmhPlan *plan, const char *format, ...);
void vmh_plan_command (VmhPlan *plan, const char *command, JsonObject *arguments);

/* Controllers that others need; each made once, unless the domain names its own. */
gboolean vmh_plan_need_usb (VmhPlan *plan, GError **error);
gboolean vmh_plan_need_scsi (VmhPlan *plan, GError **error);
gboolean vmh_plan_need_virtio_serial (VmhPlan *plan, GError **error);
gboolean vmh_plan_need_ahci (VmhPlan *plan, GError **error);

/* What every machine has around its devices, in vmh-board.c and vmh-extras.c. */
gboolean vmh_board_prepare (VmhPlan *plan, GError **error);
gboolean vmh_board_build (VmhPlan *plan, GError **error);
gboolean vmh_extras_build (VmhPlan *plan, GError **error);
void vmh_smbios_build (VmhPlan *plan);
/** vmh_memory_backend: a node for @size bytes of the machine's memory. */
JsonObject *vmh_memory_backend (VmhPlan *plan, const char *id, guint64 size);
guint64 vmh_modules_sum (InnDomain *domain); /* bytes in the modules of the XML */
guint vmh_numa_count (InnDomain *domain);    /* of cells; 0: the machine is not split */
gboolean vmh_numa_build (VmhPlan *plan, guint64 size, guint places, GError **error);
/** vmh_processor_dup_options: what follows the model of -cpu, with its comma; or "". */
char *vmh_processor_dup_options (VmhPlan *plan, const char *model);

/* vmh-devices.c: THE list of kinds. */
extern const VmhDeviceOps *const vmh_device_list[];
extern const VmhDeviceOps vmh_disk_ops, vmh_cdrom_ops, vmh_floppy_ops, vmh_interface_ops,
    vmh_video_ops, vmh_graphics_ops, vmh_serial_ops, vmh_console_ops, vmh_channel_ops,
    vmh_input_ops, vmh_sound_ops, vmh_rng_ops, vmh_memballoon_ops, vmh_controller_ops,
    vmh_panic_ops, vmh_filesystem_ops, vmh_tpm_ops, vmh_watchdog_ops, vmh_vsock_ops, vmh_iommu_ops,
    vmh_pstore_ops, vmh_parallel_ops, vmh_hostdev_ops, vmh_hostpci_ops, vmh_hostmdev_ops,
    vmh_dimm_ops, vmh_lun_ops, vmh_shmem_ops, vmh_smartcard_ops;

G_END_DECLS
