/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What can be changed in a machine while it runs. */
#pragma once

#include "core/vmh-call.h"
#include "machine/vmh-machine.h"

G_BEGIN_DECLS

/** VmhOutcome: what became of a change. */
typedef struct
{
  gboolean live;  /* it is done in what runs; else it waits for the next start */
  char *sentence; /* what there is to say of it, or NULL */
} VmhOutcome;

void vmh_outcome_clear (gpointer outcome);

/** vmh_live_change_async: makes @changes (element-type InnChange), which have led to @wanted, in
 * the running machine, as far as there is a way; each goes by itself. What was reached is in the
 * live definition. @outcomes: one for each, empty before; both must live until the callback. Never
 * fails. */
void vmh_live_change_async (VmhMachine *machine,
                            InnDomain *wanted,
                            GPtrArray *changes,
                            GArray *outcomes,
                            GAsyncReadyCallback callback,
                            gpointer data);

/** vmh_live_resume: after the helper was killed amid such changes: goes on with them. */
void vmh_live_resume (VmhMachine *machine);
/** vmh_live_follow: makes @changes (taken over) that this computer has brought, in a machine that
 * was begun, and is ended before @done. */
void vmh_live_follow (VmhMachine *machine,
                      GPtrArray *changes,
                      void (*done) (gpointer data),
                      gpointer data);
/** vmh_live_put_off: TRUE while that goes on in the call's machine: no guest is waited for any
 * longer then, and @verb gets the call when it is done, which it is at once but for a QEMU that
 * does not answer. */
gboolean vmh_live_put_off (VmhCall *call, void (*verb) (VmhCall *call));

/** vmh_live_let_go: the guest has let the device @id of QEMU go, maybe long after it was asked. */
void vmh_live_let_go (VmhMachine *machine, const char *id);

/** vmh_live_has_way: there is a way to change @field while the machine runs. */
gboolean vmh_live_has_way (const InnKind *kind, const InnField *field);

G_END_DECLS
