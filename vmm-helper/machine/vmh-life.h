/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the files of a machine's life share: start, verbs, recovery. */
#pragma once

#include "qemu/vmh-qemu.h"
#include "vmh-verbs.h"

G_BEGIN_DECLS

/* In the runtime folder: */
#define VMH_LIVE_XML     "live.xml" /* what runs */
#define VMH_LIVE_CHANGES "changes"  /* what is being changed in it */

/** vmh_life_adopt: from now on @qemu is the machine's: its events and its end change its state. */
void vmh_life_adopt (VmhMachine *machine, VmhQemu *qemu);
/** vmh_life_obey_status: the state that QEMU's own word for its status means. */
void vmh_life_obey_status (VmhMachine *machine, const char *status);
/** vmh_life_begin: its start is done; what its guest has made of itself meanwhile is obeyed. */
void vmh_life_begin (VmhMachine *machine, gboolean paused);
/** vmh_life_settle: off or crashed, and nothing of a guest is left in the machine. */
void vmh_life_settle (VmhMachine *machine, VmhState state, const char *reason);
/** vmh_life_dup_crash: @sentence with the last words of the guest (@words, may be NULL) or of
 * QEMU; those of the guest are the better ones where it was the @guest that has crashed. */
char *vmh_life_dup_crash (VmhMachine *machine, const char *sentence, GBytes *words, gboolean guest);
/** vmh_life_follow_cards: what carries user-mode cards is told where the first of them has come
 * after the start: by passt, for only a start makes the way that slirp needs. */
void vmh_life_follow_cards (VmhMachine *machine);
/** vmh_life_get_monitor: NULL with INN_ERROR_QEMU where QEMU has never answered us. */
VmhQmp *vmh_life_get_monitor (VmhMachine *machine, GError **error);
/** vmh_life_fail: vmh_call_fail() of a call to a machine; that QEMU gave no answer in time is told
 * by a sentence that says what can be done. */
void vmh_life_fail (VmhCall *call, GError *error);
/** vmh_life_press_button: the power button, of a machine that is on; one that cannot feel it is
 * forced off. */
void vmh_life_press_button (VmhMachine *machine);
/** vmh_life_force_off: of one that is on; its state tells when it is off. */
void vmh_life_force_off (VmhMachine *machine);
/** vmh_life_cancel_start: of a machine that is just starting. */
void vmh_life_cancel_start (VmhMachine *machine);

/** vmh_nvram_prepare_async: the machine's own UEFI variables are in its bundle: those of before, a
 * copy of what its XML names, or of the firmware's template. A VmhStep's start without
 * a finish. */
void vmh_nvram_prepare_async (VmhBundle *bundle,
                              InnDomain *domain,
                              const char *template_path, /* of the firmware found here */
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data);
#define VMH_NVRAM "nvram" /* in the bundle */

G_END_DECLS
