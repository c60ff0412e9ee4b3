/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The firmware that a machine starts with. */
#pragma once

#include "shared/inn-domain.h"

G_BEGIN_DECLS

typedef struct
{
  char *path, *format;           /* NULL: QEMU's own BIOS */
  char *template, *nvram_format; /* of its variables, where it has none yet */
  gboolean smm;
} VmhStartFirmware;

/** vmh_start_firmware_choose: a file that the XML names is taken where the guest's room has it,
 * below /usr; else the one that fits on this computer. Free with vmh_start_firmware_clear(). */
gboolean vmh_start_firmware_choose (InnDomain *domain,
                                    const char *arch,
                                    VmhStartFirmware *firmware,
                                    GError **error);
void vmh_start_firmware_clear (VmhStartFirmware *firmware);

G_END_DECLS
