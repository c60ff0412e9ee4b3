/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What of a running machine's definition waits for its next start, and why. */
#pragma once

#include "client/inn-machine.h"
#include "shared/inn-domain.h"

G_BEGIN_DECLS

/** inn_waiting_dup_reason: of @name ("cpu/vcpus", "disk:vda" for the whole device). @answer: what
 * Apply said last, a(sss), or NULL. "" where no reason is known, NULL where it does not wait. */
char *inn_waiting_dup_reason (InnMachine *machine, GVariant *answer, const char *name);
/** inn_waiting_dup_leaving: ids of devices that are not in @domain any more and that the machine
 * has until its system lets them go, or until its next start. */
char **inn_waiting_dup_leaving (InnMachine *machine, InnDomain *domain);

G_END_DECLS
