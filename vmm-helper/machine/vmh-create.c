/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Manager.Create: from XML to a machine that is there, or to nothing at all. */
#include "vmh-verbs.h"

#include <glib/gi18n-lib.h>
#include "core/vmh-flow.h"
#include "shared/inn-domain-new.h"
#include "shared/inn-errors.h"
#include "vmh-manager.h"
#include "vmh-orders.h"
#include "vmh-storage.h"
#include "vmh-store.h"

typedef struct
{
  VmhOrdering what; /* its machine: once it is there */
  uid_t owner;
  char *uuid;
  gboolean start;
  VmhJob *job;
} Create;

static void
create_free (gpointer data)
{
  Create *create = data;

  g_free (create->uuid);
  vmh_ordering_clear (&create->what);
  g_clear_object (&create->job);
  g_free (create);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Create, create_free)

static gboolean
make_folder (gpointer context, GError **error)
{
  Create *create = context;

  create->what.bundle = vmh_bundle_create (create->uuid, create->owner, error);
  return create->what.bundle != NULL;
}

static void
unmake_folder (gpointer context)
{
  Create *create = context;

  if (create->what.bundle != NULL)
    vmh_bundle_discard (create->what.bundle);
}

static gboolean
save (gpointer context, GError **error)
{
  Create *create = context;
  g_autofree char *xml = inn_domain_to_xml (create->what.domain);

  return vmh_bundle_keep_made (create->what.bundle, error) &&
         vmh_bundle_save_definition (create->what.bundle, xml, error);
}

/* There at once, on disk and on the bus: nothing comes between. */
static gboolean
commit (gpointer context, GError **error)
{
  Create *create = context;
  VmhManager *manager = vmh_manager_get ();

  if (!vmh_storage_check_taken (create->what.domain, NULL, NULL, error) ||
      !vmh_bundle_commit (create->what.bundle, error))
    return FALSE;
  create->what.machine = vmh_machine_new (vmh_manager_get_registry (manager), create->uuid,
                                          create->what.bundle, create->what.domain, NULL);
  vmh_manager_add (manager, create->what.machine);
  return TRUE;
}

static const VmhStep steps[] = {
  { N_ ("Making the machine's folder"), 1, make_folder, NULL, NULL, unmake_folder },
  { N_ ("Checking its disks"), 1, NULL, vmh_ordering_check, NULL, NULL },
  { N_ ("Making its disks"), 97, NULL, vmh_ordering_make, NULL, NULL },
  { N_ ("Writing its definition"), 1, save, NULL, NULL, NULL },
  { N_ ("Finishing"), 1, commit, NULL, NULL, NULL },
  { 0 },
};

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Create) create = data;
  VmhMachine *machine = create->what.machine;
  g_autoptr (GError) local = NULL;
  GError *error = NULL;
  gboolean good = vmh_flow_run_finish (result, &error);

  vmh_manager_release (vmh_manager_get (), create->owner, create->what.domain);
  if (good && create->start && vmh_life_start (machine, FALSE, &local) == NULL)
    vmh_machine_set_state (machine, vmh_machine_get_state (machine), local->message);
  vmh_job_end (create->job, error);
}

/* What is not said and must be: a uuid, and an address for each network card that is its own. */
static gboolean
complete (InnDomain *domain, GError **error)
{
  g_autofree char *said = inn_domain_dup_uuid (domain);
  g_autofree char *uuid = said != NULL ? g_ascii_strdown (said, -1) : g_uuid_string_random ();
  InnElement general = inn_domain_get (domain, "general");

  if (!inn_domain_add_macs (domain, error))
    return FALSE;
  return g_strcmp0 (said, uuid) == 0 || inn_element_set (&general, "uuid", uuid, error);
}

static Create *
prepare (VmhCall *call, GError **error)
{
  static const char *const allowed[] = { "storage", "aa{sv}", "start", "b", NULL };
  g_autoptr (Create) create = g_new0 (Create, 1);
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GVariant) storage = NULL;
  g_autofree char *folder = NULL;
  const char *xml;

  g_variant_get (vmh_call_get_parameters (call), "(&s@a{sv})", &xml, &options);
  if (!vmh_call_check_options (options, allowed, error))
    return NULL;
  g_variant_lookup (options, "start", "b", &create->start);
  storage = g_variant_lookup_value (options, "storage", G_VARIANT_TYPE ("aa{sv}"));
  create->owner = vmh_call_get_uid (call);
  create->what.domain = inn_domain_parse (xml, -1, error);
  if (create->what.domain == NULL || !complete (create->what.domain, error))
    return NULL;
  create->uuid = inn_domain_dup_uuid (create->what.domain);
  create->what.orders = vmh_orders_parse (call, storage, error);
  if (create->what.orders == NULL)
    return NULL;
  folder = g_build_filename (vmh_store_get_machines_path (), create->uuid, NULL);
  if (!vmh_orders_place (create->what.orders, create->what.domain, folder, NULL, error) ||
      !inn_domain_check (create->what.domain, error) ||
      !vmh_manager_check_new (vmh_manager_get (), create->owner, create->what.domain, NULL,
                              error) ||
      !vmh_job_check_limit (create->owner, error))
    return NULL;
  return g_steal_pointer (&create);
}

void
vmh_verb_create (VmhCall *call)
{
  VmhManager *manager = vmh_manager_get ();
  g_autoptr (VmhMachine) machine = NULL;
  g_autofree char *name = NULL;
  GError *error = NULL;
  Create *create = prepare (call, &error);
  VmhJob *job;

  if (create == NULL)
    {
      vmh_call_fail (call, error);
      return;
    }
  name = inn_domain_dup_name (create->what.domain);
  machine = vmh_machine_new (vmh_manager_get_registry (manager), create->uuid, NULL,
                             create->what.domain, NULL);
  job = create->job = vmh_job_new (vmh_manager_get_registry (manager), "create",
                                   vmh_machine_get_path (machine), name, create->owner);
  vmh_manager_claim (manager, create->owner, create->what.domain);
  vmh_call_return (call,
                   g_variant_new ("(oo)", vmh_machine_get_path (machine), vmh_job_get_path (job)));
  vmh_flow_run_async ("create", steps, create, job, vmh_job_get_cancellable (job), on_created,
                      create);
}
