/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The verbs of a machine and of the manager: one file each. Each takes the call over and has passed
 * the gate; what the caller says is still to be checked. */
#pragma once

#include "core/vmh-call.h"
#include "core/vmh-job.h"
#include "vmh-machine.h"

G_BEGIN_DECLS

/* Manager */
void vmh_verb_create (VmhCall *call);
void vmh_verb_inspect_image (VmhCall *call);
void vmh_verb_list_machines (VmhCall *call);
void vmh_verb_get_statistics (VmhCall *call);
void vmh_verb_list_host_devices (VmhCall *call);
void vmh_verb_show_others (VmhCall *call);

/* Machine: its definition */
void vmh_verb_get_xml (VmhCall *call);
void vmh_verb_apply (VmhCall *call);
void vmh_verb_set_autostart (VmhCall *call);
void vmh_verb_list_storage (VmhCall *call);
void vmh_verb_inspect_disk (VmhCall *call);
void vmh_verb_grow_disk (VmhCall *call);
void vmh_verb_delete (VmhCall *call);
void vmh_verb_get_log (VmhCall *call);
void vmh_verb_get_performance (VmhCall *call);
void vmh_verb_get_history (VmhCall *call);

/* Machine: its life */
void vmh_verb_start (VmhCall *call);
void vmh_verb_shutdown (VmhCall *call);
void vmh_verb_force_off (VmhCall *call);
void vmh_verb_reset (VmhCall *call);
void vmh_verb_pause (VmhCall *call);
void vmh_verb_resume (VmhCall *call);

/* Guest */
void vmh_verb_guest_get_info (VmhCall *call);
void vmh_verb_guest_set_password (VmhCall *call);
void vmh_verb_guest_set_time (VmhCall *call);
void vmh_verb_guest_trim (VmhCall *call);
void vmh_verb_guest_power_off (VmhCall *call);
/** vmh_guest_follow_time: the guest's clock has stood still: it is set, if an agent is there. */
void vmh_guest_follow_time (VmhMachine *machine);
/** vmh_guest_follow_cpus: it has been given processors, @n in all: they are switched on in it, if
 * an agent is there and the system has not done so by itself. */
void vmh_guest_follow_cpus (VmhMachine *machine, guint n);

/* Console */
void vmh_verb_open_display (VmhCall *call);
void vmh_verb_open_serial (VmhCall *call);
void vmh_verb_open_usb (VmhCall *call);
void vmh_verb_screenshot (VmhCall *call);
GVariant *vmh_console_get_displays (gpointer machine); /* as, floating */
GVariant *vmh_console_get_serials (gpointer machine);  /* a(ss), floating */
GVariant *vmh_console_get_sound (gpointer machine);    /* b, floating */

/** vmh_life_start: begins to start the machine; the job is on the bus and goes on by itself.
 * (transfer none): NULL where it cannot even begin. */
VmhJob *vmh_life_start (VmhMachine *machine, gboolean paused, GError **error);
/** vmh_life_recover: when the helper begins: attaches to the machine's guest if one still runs. */
void vmh_life_recover (VmhMachine *machine);
/** vmh_life_wait_recovered: whoever finds the helper on the bus is to find the states right, so it
 * waits a little for all guests; a QEMU that does not answer is told later. */
void vmh_life_wait_recovered (void);
/** vmh_life_get_pid: of its QEMU, in our pid namespace; 0 where none runs. */
pid_t vmh_life_get_pid (VmhMachine *machine);

G_END_DECLS
