/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The contract's XML, out of the program's own resource, into the registry. */
#include "vmh-contract.h"

#include <gio/gio.h>
#include "core/vmh-job.h"
#include "host/vmh-host.h"
#include "vmh-contract-resource.h"

#define FOLDER "/org/innkeeper/helper/dbus"

void
vmh_contract_declare (VmhRegistry *registry)
{
  GResource *resource = vmh_contract_get_resource ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names =
      g_resource_enumerate_children (resource, FOLDER, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);

  for (guint i = 0; names != NULL && names[i] != NULL && error == NULL; i++)
    {
      g_autofree char *path = g_build_path ("/", FOLDER, names[i], NULL);
      g_autoptr (GBytes) xml =
          g_resource_lookup_data (resource, path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);

      /* The compiler ends what it stores with a NUL. */
      if (xml != NULL)
        vmh_registry_declare (registry, g_bytes_get_data (xml, NULL), &error);
    }
  if (error != NULL)
    g_error ("The contract that was built in is damaged: %s", error->message);
}

const VmhInterface *const *
vmh_contract_interfaces (void)
{
  static const VmhInterface *const all[] = {
    &vmh_manager_interface,
    &vmh_host_interface,
    &vmh_machine_interface,
    &vmh_console_interface,
    &vmh_guest_interface,
    &vmh_job_interface,
    NULL,
  };

  return all;
}
