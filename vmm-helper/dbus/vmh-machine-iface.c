/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Binds org.innkeeper.Helper1.Machine to code. Decides nothing. */
#include "vmh-contract.h"

#include "machine/vmh-verbs.h"
#include "shared/inn-names.h"

/* Of the definition; "" or 0 where it cannot be read. */
static GVariant *
get_text (VmhMachine *machine, const char *kind, const char *field)
{
  InnDomain *domain = vmh_machine_get_domain (machine);
  g_autofree char *text = NULL;

  if (domain != NULL)
    {
      InnElement section = inn_domain_get (domain, kind);

      text = inn_element_dup (&section, field);
    }
  return g_variant_new_string (text != NULL ? text : "");
}

static guint64
get_number (VmhMachine *machine, const char *kind, const char *field)
{
  InnDomain *domain = vmh_machine_get_domain (machine);
  InnElement section;

  if (domain == NULL)
    return 0;
  section = inn_domain_get (domain, kind);
  return inn_element_get_uint (&section, field);
}

static GVariant *
get_uuid (gpointer object)
{
  return g_variant_new_string (vmh_machine_get_uuid (object));
}

static GVariant *
get_name (gpointer object)
{
  return g_variant_new_string (vmh_machine_get_name (object));
}

static GVariant *
get_title (gpointer object)
{
  return get_text (object, "general", "title");
}

static GVariant *
get_owner (gpointer object)
{
  return g_variant_new_uint32 (vmh_machine_get_owner (object));
}

static GVariant *
get_state (gpointer object)
{
  return g_variant_new_string (vmh_machine_get_state_name (object));
}

static GVariant *
get_state_reason (gpointer object)
{
  return g_variant_new_string (vmh_machine_get_state_reason (object));
}

static GVariant *
get_os_id (gpointer object)
{
  return get_text (object, "general", "os-id");
}

static GVariant *
get_vcpus (gpointer object)
{
  guint64 current = get_number (object, "cpu", "current");

  return g_variant_new_uint32 (
      (guint32)(current != 0 ? current : get_number (object, "cpu", "vcpus")));
}

static GVariant *
get_memory (gpointer object)
{
  return g_variant_new_uint64 (get_number (object, "memory", "size"));
}

static GVariant *
get_autostart (gpointer object)
{
  InnDomain *domain = vmh_machine_get_domain (object);
  InnElement general;

  if (domain == NULL)
    return g_variant_new_boolean (FALSE);
  general = inn_domain_get (domain, "general");
  return g_variant_new_boolean (inn_element_get_bool (&general, "autostart"));
}

static GVariant *
get_generation (gpointer object)
{
  VmhBundle *bundle = vmh_machine_get_bundle (object);

  return g_variant_new_uint64 (bundle != NULL ? vmh_bundle_get_generation (bundle) : 0);
}

static GVariant *
get_pending (gpointer object)
{
  return g_variant_new_strv (vmh_machine_get_pending (object), -1);
}

static GVariant *
get_accelerator (gpointer object)
{
  return g_variant_new_string (vmh_machine_get_accelerator (object));
}

static GVariant *
get_accelerator_reason (gpointer object)
{
  return g_variant_new_string (vmh_machine_get_accelerator_reason (object));
}

static GVariant *
get_user_network (gpointer object)
{
  return g_variant_new_string (vmh_machine_get_user_network (object));
}

static GVariant *
get_folder (gpointer object)
{
  VmhBundle *bundle = vmh_machine_get_bundle (object);

  return g_variant_new_string (bundle != NULL ? vmh_bundle_get_path (bundle) : "");
}

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
  { "Delete", vmh_verb_delete },
  { "GetLog", vmh_verb_get_log },
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
