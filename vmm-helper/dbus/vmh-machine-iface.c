/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Binds org.innkeeper.Helper1.Machine to code. Decides nothing. */
#include "vmh-contract.h"

#include "machine/vmh-verbs.h"
#include "shared/inn-names.h"

static guint64
get_bundle_generation (VmhMachine *machine)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);

  return bundle != NULL ? vmh_bundle_get_generation (bundle) : 0;
}

static const char *
get_bundle_path (VmhMachine *machine)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);

  return bundle != NULL ? vmh_bundle_get_path (bundle) : "";
}

#define GETTER(name, expression) VMH_GETTER (name, VmhMachine *machine, expression)

GETTER (uuid, g_variant_new_string (vmh_machine_get_uuid (machine)))
GETTER (name, g_variant_new_string (vmh_machine_get_name (machine)))
GETTER (title, g_variant_new_string (vmh_machine_get_summary (machine)->title))
GETTER (owner, g_variant_new_uint32 (vmh_machine_get_owner (machine)))
GETTER (state, g_variant_new_string (vmh_machine_get_state_name (machine)))
GETTER (state_reason, g_variant_new_string (vmh_machine_get_state_reason (machine)))
GETTER (os_id, g_variant_new_string (vmh_machine_get_summary (machine)->os_id))
GETTER (vcpus, g_variant_new_uint32 (vmh_machine_get_summary (machine)->vcpus))
GETTER (memory, g_variant_new_uint64 (vmh_machine_get_summary (machine)->memory))
GETTER (autostart, g_variant_new_boolean (vmh_machine_get_summary (machine)->autostart))
GETTER (generation, g_variant_new_uint64 (get_bundle_generation (machine)))
GETTER (pending, g_variant_new_strv (vmh_machine_get_pending (machine), -1))
GETTER (accelerator, g_variant_new_string (vmh_machine_get_accelerator (machine)))
GETTER (accelerator_reason, g_variant_new_string (vmh_machine_get_accelerator_reason (machine)))
GETTER (user_network, g_variant_new_string (vmh_machine_get_user_network (machine)))
GETTER (folder, g_variant_new_string (get_bundle_path (machine)))

static const VmhMethod methods[] = {
  { "GetXml", vmh_verb_get_xml },
  { "Apply", vmh_verb_apply },
  { "Start", vmh_verb_start },
  { "Shutdown", vmh_verb_shutdown },
  { "ForceOff", vmh_verb_force_off },
  { "Reset", vmh_verb_reset },
  { "Pause", vmh_verb_pause },
  { "Resume", vmh_verb_resume },
  { "SetAutostart", vmh_verb_set_autostart },
  { "ListStorage", vmh_verb_list_storage },
  { "InspectDisk", vmh_verb_inspect_disk },
  { "GrowDisk", vmh_verb_grow_disk },
  { "Delete", vmh_verb_delete },
  { "GetLog", vmh_verb_get_log },
  { "GetPerformance", vmh_verb_get_performance },
  { "GetHistory", vmh_verb_get_history },
  { 0 },
};

static const VmhProperty properties[] = {
  { "Uuid", get_uuid },
  { "Name", get_name },
  { "Title", get_title },
  { "Owner", get_owner },
  { "State", get_state },
  { "StateReason", get_state_reason },
  { "OsId", get_os_id },
  { "Vcpus", get_vcpus },
  { "Memory", get_memory },
  { "Autostart", get_autostart },
  { "Generation", get_generation },
  { "Pending", get_pending },
  { "Accelerator", get_accelerator },
  { "AcceleratorReason", get_accelerator_reason },
  { "UserNetwork", get_user_network },
  { "Folder", get_folder },
  { 0 },
};

const VmhInterface vmh_machine_interface = { INN_IFACE_MACHINE, methods, properties };
