/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* PCI devices of this computer, mediated ones as well, that machines of the whole system have. All
 * that there is to know stands in host/vmh-vfio's folders, for this helper and the next. */
#pragma once

#include "vmh-machine.h"

G_BEGIN_DECLS

/** vmh_hostpci_has_kind: devices of the @kind are taken here. */
gboolean vmh_hostpci_has_kind (const InnKind *kind);
/** vmh_hostpci_take_async: those in @domain are the machine's from now on, and have the driver that
 * hands them on; @element: only that one, with what goes only together with it, into a machine that
 * runs. Who fails releases what it has got so far. */
void vmh_hostpci_take_async (VmhMachine *machine,
                             InnDomain *domain,
                             const char *element,
                             GAsyncReadyCallback callback,
                             gpointer data);
gboolean vmh_hostpci_take_finish (VmhMachine *machine, GAsyncResult *result, GError **error);
/** vmh_hostpci_dup_folder: what its room is to have as VMH_PLAN_VFIO; NULL: nothing. */
char *vmh_hostpci_dup_folder (VmhMachine *machine);
/** vmh_hostpci_release: @element's goes back to this computer, once all of its IOMMU group do;
 * NULL: all of the machine's, which has ended. Whoever takes one waits for that. */
void vmh_hostpci_release (VmhMachine *machine, const char *element);
/** vmh_hostpci_sweep: when the helper begins: what those have who run no more. */
void vmh_hostpci_sweep (void);
gboolean vmh_hostpci_is_busy (void); /* one is being taken, or given back */
/** vmh_hostpci_dup_holder: the uuid of the machine that has the device at @address, of a mediated
 * one its UUID; NULL. */
char *vmh_hostpci_dup_holder (const char *address);

G_END_DECLS
