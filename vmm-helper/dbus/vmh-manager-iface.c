/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Binds org.innkeeper.Helper1.Manager to code. Decides nothing. */
#include "vmh-contract.h"

#include "machine/vmh-store.h"
#include "machine/vmh-verbs.h"
#include "shared/inn-names.h"

#include <glib/gi18n-lib.h>

static GVariant *
get_version (gpointer object)
{
  return g_variant_new_string (INN_VERSION);
}

static GVariant *
get_protocol (gpointer object)
{
  return g_variant_new_uint32 (INN_PROTOCOL);
}

static GVariant *
get_mode (gpointer object)
{
  return g_variant_new_string (vmh_store_is_system () ? "system" : "session");
}

/* What devices/vmh-dev-interface.c refuses at the start. */
static GVariant *
get_networks (gpointer object)
{
  const char *problem = vmh_store_is_system ()
                            ? ""
                            : _ ("Bridges, this computer's network cards, and networks between "
                                 "machines are for machines of the whole system.");
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));

  g_variant_builder_add (&builder, "(ss)", "user", "");
  g_variant_builder_add (&builder, "(ss)", "network", problem);
  g_variant_builder_add (&builder, "(ss)", "bridge", problem);
  g_variant_builder_add (&builder, "(ss)", "direct", problem);
  return g_variant_builder_end (&builder);
}

static const VmhMethod methods[] = {
  { "Create", vmh_verb_create },
  { "InspectImage", vmh_verb_inspect_image },
  { "ListMachines", vmh_verb_list_machines },
  { "GetStatistics", vmh_verb_get_statistics },
  { "ListHostDevices", vmh_verb_list_host_devices },
  { "ShowOthers", vmh_verb_show_others },
  { 0 },
};

static const VmhProperty properties[] = {
  { "Version", get_version },
  { "Protocol", get_protocol },
  { "Mode", get_mode },
  { "Networks", get_networks },
  { 0 },
};

const VmhInterface vmh_manager_interface = { INN_IFACE_MANAGER, methods, properties };
