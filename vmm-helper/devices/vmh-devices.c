/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* THE list of device kinds, in the order in which they are built: controllers come before what is
 * plugged into them. A new kind is a file with its ops row, and its word here. */
#include "devices/vmh-plan-private.h"

const VmhDeviceOps *const vmh_device_list[] = {
  &vmh_controller_ops, &vmh_dimm_ops,      &vmh_video_ops,
  &vmh_graphics_ops,   &vmh_disk_ops,      &vmh_lun_ops,
  &vmh_cdrom_ops,      &vmh_floppy_ops,    &vmh_interface_ops,
  &vmh_filesystem_ops, &vmh_serial_ops,    &vmh_parallel_ops,
  &vmh_console_ops,    &vmh_channel_ops,   &vmh_input_ops,
  &vmh_sound_ops,      &vmh_rng_ops,       &vmh_memballoon_ops,
  &vmh_tpm_ops,        &vmh_watchdog_ops,  &vmh_panic_ops,
  &vmh_vsock_ops,      &vmh_iommu_ops,     &vmh_pstore_ops,
  &vmh_hostdev_ops,    &vmh_hostpci_ops,   &vmh_hostmdev_ops,
  &vmh_shmem_ops,      &vmh_smartcard_ops, NULL,
};
