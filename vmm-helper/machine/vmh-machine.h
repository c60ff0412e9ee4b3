/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One machine in the helper: its definition, its bundle, its state, and its QEMU while it runs. */
#pragma once

#include "core/vmh-registry.h"
#include "machine/vmh-bundle.h"
#include "shared/inn-domain.h"

G_BEGIN_DECLS

typedef struct _VmhQemu VmhQemu; /* qemu/vmh-qemu.h; a GObject */

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

/** vmh_machine_new: @domain NULL and @broken a sentence: one whose folder cannot be read. */
VmhMachine *vmh_machine_new (VmhRegistry *registry,
                             const char *uuid,
                             VmhBundle *bundle,
                             InnDomain *domain,
                             const char *broken);
const char *vmh_machine_get_path (VmhMachine *machine); /* on the bus, exported or not */
const char *vmh_machine_get_uuid (VmhMachine *machine);
const char *vmh_machine_get_name (VmhMachine *machine);
uid_t vmh_machine_get_owner (VmhMachine *machine);
VmhBundle *vmh_machine_get_bundle (VmhMachine *machine);
VmhRegistry *vmh_machine_get_registry (VmhMachine *machine);

InnDomain *
vmh_machine_get_domain (VmhMachine *machine); /* desired; never changed in place, only replaced */
/** vmh_machine_rest: what only the definition's fields need is dropped until it is asked for again.
 * By itself this happens a while after it was. */
void vmh_machine_rest (VmhMachine *machine);

/* What is asked of all machines at once; of the desired definition. */
typedef struct
{
  char *title; /* these two never NULL */
  char *os_id;
  guint vcpus;    /* those it starts with */
  guint64 memory; /* bytes */
  gboolean autostart;
  gboolean history;  /* what it uses is kept */
  GPtrArray *images; /* VmhImageUse, see vmh-storage.h */
} VmhSummary;

const VmhSummary *vmh_machine_get_summary (VmhMachine *machine);

#define VMH_MACHINE_ROW "(ossssuutb)"

/** vmh_machine_get_row: as ListMachines tells it. */
GVariant *vmh_machine_get_row (VmhMachine *machine);
/** vmh_machine_store: @domain becomes the desired state: saved, with a higher generation, told. On
 * failure nothing has changed. */
gboolean vmh_machine_store (VmhMachine *machine, InnDomain *domain, GError **error);
InnDomain *vmh_machine_get_live (
    VmhMachine *machine); /* what the running QEMU was started with; NULL when off */
gboolean vmh_machine_has_sound (VmhMachine *machine); /* while it runs */
void vmh_machine_set_live (VmhMachine *machine, InnDomain *live);

VmhState vmh_machine_get_state (VmhMachine *machine);
/** vmh_machine_set_state: @reason a sentence or NULL. FALSE (and a critical) if the table forbids
 * the change. Emits "state-changed". */
gboolean vmh_machine_set_state (VmhMachine *machine, VmhState state, const char *reason);
/** vmh_machine_require: INN_ERROR_BAD_STATE with a sentence unless the state is in the bit set (1
 * << state | …). */
gboolean vmh_machine_require (VmhMachine *machine, guint states, GError **error);

const char *vmh_machine_get_state_name (VmhMachine *machine);
const char *vmh_machine_get_state_reason (VmhMachine *machine); /* never NULL */
/** vmh_machine_get_pending: "disk:vda/bus" for each difference that waits for the next start. */
const char *const *vmh_machine_get_pending (VmhMachine *machine);

/** vmh_machine_begin: one verb at a time that must not overlap with another (create, apply with new
 * disks, delete, start): FALSE with INN_ERROR_BAD_STATE while one is under way. */
gboolean vmh_machine_begin (VmhMachine *machine, GError **error);
void vmh_machine_end (VmhMachine *machine);

VmhQemu *vmh_machine_get_qemu (VmhMachine *machine); /* NULL unless it runs */
void vmh_machine_set_qemu (VmhMachine *machine, VmhQemu *qemu);
void vmh_machine_set_accelerator (VmhMachine *machine, const char *accelerator, const char *reason);
const char *vmh_machine_get_accelerator (VmhMachine *machine); /* never NULL */
const char *vmh_machine_get_accelerator_reason (VmhMachine *machine);
void vmh_machine_set_user_network (VmhMachine *machine, const char *user_network);
const char *vmh_machine_get_user_network (VmhMachine *machine); /* "passt", "slirp" or "" */

/** vmh_machine_dup_log: the last @lines of what its QEMU said; valid UTF-8, "" where there is none.
 */
char *vmh_machine_dup_log (VmhMachine *machine, guint lines);

/** vmh_change_dup_name: "disk:vda/bus", as the contract names a change. */
char *vmh_change_dup_name (const InnChange *change);

G_END_DECLS
