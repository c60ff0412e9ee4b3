/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One machine in the helper: its definition, its bundle, its state, and its QEMU while it runs. */
#pragma once

#include "core/vmh-registry.h"
#include "machine/vmh-bundle.h"
#include "shared/inn-domain.h"

G_BEGIN_DECLS

typedef struct _VmhQemu VmhQemu; /* qemu/vmh-qemu.h */

#define VMH_TYPE_MACHINE (vmh_machine_get_type ())
G_DECLARE_FINAL_TYPE (VmhMachine, vmh_machine, VMH, MACHINE, GObject)

/* Legal changes are one table in vmh-machine.c. */
typedef enum
{
  VMH_STATE_OFF,
  VMH_STATE_STARTING,
  VMH_STATE_RUNNING,
  VMH_STATE_PAUSED,
  VMH_STATE_STOPPING,
  VMH_STATE_CRASHED,
  VMH_STATE_BROKEN,
} VmhState;

const char *vmh_machine_get_uuid (VmhMachine *machine);
const char *vmh_machine_get_name (VmhMachine *machine);
uid_t vmh_machine_get_owner (VmhMachine *machine);
VmhBundle *vmh_machine_get_bundle (VmhMachine *machine);
VmhRegistry *vmh_machine_get_registry (VmhMachine *machine);

InnDomain *
vmh_machine_get_domain (VmhMachine *machine); /* desired; never changed in place, only replaced */
InnDomain *vmh_machine_get_live (
    VmhMachine *machine); /* what the running QEMU was started with; NULL when off */
void vmh_machine_set_live (VmhMachine *machine, InnDomain *live);

VmhState vmh_machine_get_state (VmhMachine *machine);
/** vmh_machine_set_state: @reason a sentence or NULL. FALSE (and a critical) if the table forbids
 * the change. */
gboolean vmh_machine_set_state (VmhMachine *machine, VmhState state, const char *reason);
/** vmh_machine_require: INN_ERROR_BAD_STATE with a sentence unless the state is in the bit set (1
 * << state | …). */
gboolean vmh_machine_require (VmhMachine *machine, guint states, GError **error);

VmhQemu *vmh_machine_get_qemu (VmhMachine *machine); /* NULL unless it runs */
void vmh_machine_set_qemu (VmhMachine *machine, VmhQemu *qemu);
void vmh_machine_set_accelerator (VmhMachine *machine, const char *accelerator, const char *reason);

G_END_DECLS
