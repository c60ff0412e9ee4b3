/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* All machines of this helper, and what belongs to no single one. */
#pragma once

#include "vmh-machine.h"

G_BEGIN_DECLS

#define VMH_TYPE_MANAGER (vmh_manager_get_type ())
G_DECLARE_FINAL_TYPE (VmhManager, vmh_manager, VMH, MANAGER, GObject)

/** vmh_manager_new: exports itself at INN_MANAGER_PATH. */
VmhManager *vmh_manager_new (VmhRegistry *registry);
/** vmh_manager_get: the one of this process, NULL before vmh_manager_new(). */
VmhManager *vmh_manager_get (void);
VmhRegistry *vmh_manager_get_registry (VmhManager *manager);

/** vmh_manager_load: tidies up what a kill has left, then exports every machine of the store. One
 * that cannot be read is there in state "broken". */
gboolean vmh_manager_load (VmhManager *manager, GError **error);
/** vmh_manager_begin: attaches to the guests that still run, and starts what is to be started with
 * the computer. */
void vmh_manager_begin (VmhManager *manager);
/** vmh_manager_is_idle: no guest runs, no job, no caller. */
gboolean vmh_manager_is_idle (VmhManager *manager);

GPtrArray *vmh_manager_list (VmhManager *manager); /* (element-type VmhMachine), owned refs */
/** vmh_manager_add: from now on it is there, for its owner to see. */
void vmh_manager_add (VmhManager *manager, VmhMachine *machine);
void vmh_manager_remove (VmhManager *manager, VmhMachine *machine);

/** vmh_manager_check_new: INN_ERROR_EXISTS if @owner has another machine of that name, or any is
 * of that uuid (unless it is @except); INN_ERROR_LIMIT if @owner has too many. */
gboolean vmh_manager_check_new (VmhManager *manager,
                                uid_t owner,
                                InnDomain *domain,
                                VmhMachine *except,
                                GError **error);
/** vmh_manager_claim: reserves uuid and name of @domain for one that is being made; the caller
 * releases them when it is there or has failed. */
void vmh_manager_claim (VmhManager *manager, uid_t owner, InnDomain *domain);
void vmh_manager_release (VmhManager *manager, uid_t owner, InnDomain *domain);

G_END_DECLS
