/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How large a disk is, and the way to make it larger: at once, and beside what Apply does, since no
 * definition of a machine says it. */
#pragma once

#include <adwaita.h>
#include "client/inn-machine.h"
#include "shared/inn-domain.h"

G_BEGIN_DECLS

#define INN_TYPE_DISK_SIZE (inn_disk_size_get_type ())
G_DECLARE_FINAL_TYPE (InnDiskSize, inn_disk_size, INN, DISK_SIZE, AdwActionRow)

/** inn_disk_size_new: a row, which asks the helper how large the image of @disk is. */
GtkWidget *inn_disk_size_new (InnMachine *machine, const InnElement *disk);

G_END_DECLS
