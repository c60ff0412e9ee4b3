/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What of this computer's processors a running machine has: where its threads run, and how much
 * time they may take. */
#pragma once

#include "machine/vmh-machine.h"

G_BEGIN_DECLS

/** vmh_share_set_apart: the guest's processes get a control group of their own where systemd is. */
void vmh_share_set_apart (VmhMachine *machine);
/** vmh_share_limit_async: its processes have the share that @domain says. Nothing is done where
 * that says none and @always is not set. Error: INN_ERROR_UNSUPPORTED where that cannot be had. */
void vmh_share_limit_async (VmhMachine *machine,
                            InnDomain *domain,
                            gboolean always,
                            GAsyncReadyCallback callback,
                            gpointer data);
gboolean vmh_share_limit_finish (VmhMachine *machine, GAsyncResult *result, GError **error);

/** vmh_share_is_any: whether it says where its threads run, or how much time they may take. */
gboolean vmh_share_is_any (InnDomain *domain);
/** vmh_share_check_pins: each list names a processor that this computer has. */
gboolean vmh_share_check_pins (InnDomain *domain, GError **error);
/** vmh_share_pin_async: its threads run where @domain says. */
void vmh_share_pin_async (VmhMachine *machine,
                          InnDomain *domain,
                          GAsyncReadyCallback callback,
                          gpointer data);
gboolean vmh_share_pin_finish (VmhMachine *machine, GAsyncResult *result, GError **error);

G_END_DECLS
