/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* This computer's own security chips (TPM). Only for machines of the system, whose definitions an
 * administrator has confirmed. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** vmh_chip_open: the chip called @path ("/dev/tpm0", or "/dev/tpmrm0", which more than one may
 * have open at a time), as the kernel calls it: no file is opened by any other name. -1 with a
 * sentence.
 */
int vmh_chip_open (const char *path, GError **error);

G_END_DECLS
