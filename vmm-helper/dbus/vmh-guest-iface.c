/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Binds org.innkeeper.Helper1.Guest to code. Decides nothing. */
#include "vmh-contract.h"

#include "machine/vmh-verbs.h"
#include "shared/inn-names.h"

static const VmhMethod methods[] = {
  { "GetInfo", vmh_verb_guest_get_info },   { "SetPassword", vmh_verb_guest_set_password },
  { "SetTime", vmh_verb_guest_set_time },   { "Trim", vmh_verb_guest_trim },
  { "PowerOff", vmh_verb_guest_power_off }, { 0 },
};

static const VmhProperty properties[] = { { 0 } };

const VmhInterface vmh_guest_interface = { INN_IFACE_GUEST, methods, properties };
