/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* All machines: found in the store, kept apart by uuid and name, shown on the bus. */
#include "vmh-manager.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include "core/vmh-job.h"
#include "core/vmh-limits.h"
#include "core/vmh-save.h"
#include "dbus/vmh-contract.h"
#include "host/vmh-host.h"
#include "host/vmh-cgroup.h"
#include "host/vmh-macvtap.h"
#include "host/vmh-tap.h"
#include "shared/inn-errors.h"
#include "shared/inn-names.h"
#include "vmh-hostpci.h"
#include "vmh-orders.h"
#include "vmh-shmem.h"
#include "vmh-storage.h"
#include "vmh-store.h"
#include "vmh-trash.h"
#include "vmh-verbs.h"

struct _VmhManager
{
  GObject parent_instance;

  VmhRegistry *registry;
  GHashTable *machines; /* uuid → VmhMachine */
  GHashTable *claims;   /* uuids, and "owner/name", of machines that are being made */
};

G_DEFINE_FINAL_TYPE (VmhManager, vmh_manager, G_TYPE_OBJECT)

static VmhManager *the_manager;

static void
vmh_manager_finalize (GObject *object)
{
  VmhManager *manager = VMH_MANAGER (object);

  the_manager = NULL;
  g_hash_table_unref (manager->machines);
  g_hash_table_unref (manager->claims);
  g_object_unref (manager->registry);
  G_OBJECT_CLASS (vmh_manager_parent_class)->finalize (object);
}

static void
vmh_manager_class_init (VmhManagerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vmh_manager_finalize;
}

static void
vmh_manager_init (VmhManager *manager)
{
  manager->machines = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  manager->claims = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

VmhManager *
vmh_manager_new (VmhRegistry *registry)
{
  static const VmhInterface *const interfaces[] = { &vmh_manager_interface, &vmh_host_interface,
                                                    NULL };

  g_return_val_if_fail (the_manager == NULL, NULL);
  the_manager = g_object_new (VMH_TYPE_MANAGER, NULL);
  the_manager->registry = g_object_ref (registry);
  vmh_registry_export (registry, INN_MANAGER_PATH, VMH_OWNER_ALL, G_OBJECT (the_manager),
                       interfaces);
  return the_manager;
}

VmhManager *
vmh_manager_get (void)
{
  return the_manager;
}

VmhRegistry *
vmh_manager_get_registry (VmhManager *manager)
{
  return manager->registry;
}

/* uuids are compared as libvirt does it, whatever their case. */
static char *
dup_uuid (InnDomain *domain)
{
  g_autofree char *uuid = inn_domain_dup_uuid (domain);

  return uuid != NULL ? g_ascii_strdown (uuid, -1) : NULL;
}

static InnDomain *
load_domain (VmhBundle *bundle, const char *uuid, GError **error)
{
  g_autoptr (GBytes) bytes = vmh_bundle_load_definition (bundle, error);
  g_autoptr (InnDomain) domain = NULL;
  g_autofree char *said = NULL;

  if (bytes == NULL)
    return NULL;
  domain =
      inn_domain_parse (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes), error);
  if (domain == NULL)
    return NULL;
  said = dup_uuid (domain);
  if (g_strcmp0 (said, uuid) != 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_CONFLICT,
                   _ ("The folder “%s” holds the definition of another machine (%s)."),
                   vmh_bundle_get_path (bundle), said != NULL ? said : "?");
      return NULL;
    }
  return g_steal_pointer (&domain);
}

static void
load_machine (VmhManager *manager, const char *uuid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = vmh_bundle_open (uuid, &error);
  g_autoptr (InnDomain) domain = bundle != NULL ? load_domain (bundle, uuid, &error) : NULL;
  g_autoptr (VmhMachine) machine = NULL;
  const char *moved_from = bundle != NULL ? vmh_bundle_get_moved_from (bundle) : NULL;
  gboolean rebased = FALSE;

  if (bundle == NULL)
    bundle = vmh_bundle_open_damaged (uuid);
  if (domain != NULL && moved_from != NULL)
    rebased = vmh_storage_rebase (domain, moved_from, vmh_bundle_get_path (bundle));
  if (error != NULL)
    g_warning ("The machine %s cannot be read: %s", uuid, error->message);
  machine = vmh_machine_new (manager->registry, uuid, bundle, domain,
                             error != NULL ? error->message : NULL);
  if (rebased &&
      (!vmh_machine_store (machine, domain, &error) || !vmh_bundle_note_place (bundle, &error)))
    g_warning ("%s", error->message);
  if (domain != NULL)
    vmh_orders_recover (machine);
  g_clear_pointer (&domain, inn_domain_unref);
  vmh_machine_rest (machine);
  vmh_manager_add (manager, machine);
}

gboolean
vmh_manager_load (VmhManager *manager, GError **error)
{
  g_auto (GStrv) uuids = NULL;

  if (!vmh_trash_empty (error))
    return FALSE;
  uuids = vmh_store_list ("", error);
  for (guint i = 0; uuids != NULL && uuids[i] != NULL; i++)
    load_machine (manager, uuids[i]);
  return uuids != NULL;
}

/* A helper that begins again is not a computer that begins again: its id of this boot is kept
 * beside the guests' runtime folders. */
#define BOOT_FILE "autostarted"

/* The id of this boot, NULL where a helper has started the machines since. */
static char *
dup_new_boot (void)
{
  g_autofree char *path = g_build_filename (vmh_store_get_runtime_path (), BOOT_FILE, NULL);
  g_autofree char *boot = NULL;
  g_autofree char *last = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot, NULL, &error))
    {
      g_warning ("%s", error->message);
      return NULL;
    }
  if (g_file_get_contents (path, &last, NULL, NULL) && g_str_equal (last, boot))
    return NULL;
  return g_steal_pointer (&boot);
}

static void
note_boot (const char *boot)
{
  if (!vmh_save (vmh_store_get_runtime_fd (), BOOT_FILE, boot, strlen (boot), FALSE))
    g_warning ("%s: %s", BOOT_FILE, g_strerror (errno));
}

static void
autostart (VmhMachine *machine)
{
  g_autoptr (GError) error = NULL;

  /* A crash of before the computer began is no reason to stay off. */
  if (vmh_machine_get_summary (machine)->autostart &&
      vmh_machine_require (machine, 1u << VMH_STATE_OFF | 1u << VMH_STATE_CRASHED, NULL) &&
      vmh_life_start (machine, FALSE, &error) == NULL)
    g_warning ("“%s” is not started: %s", vmh_machine_get_name (machine), error->message);
}

static gboolean
has_guest (const char *uuid, const char *mac, gpointer data)
{
  VmhManager *manager = data;
  VmhMachine *machine = g_hash_table_lookup (manager->machines, uuid);

  return machine && vmh_life_get_pid (machine) != 0;
}

void
vmh_manager_begin (VmhManager *manager)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (manager);
  g_autofree char *boot = dup_new_boot ();

  for (guint i = 0; i < machines->len; i++)
    vmh_life_recover (g_ptr_array_index (machines, i));
  vmh_life_wait_recovered ();
  /* What was left when nobody looked, and by those whose start was not finished. */
  vmh_shmem_sweep ();
  if (vmh_store_is_system ())
    {
      vmh_macvtap_sweep (has_guest, manager);
      vmh_tap_sweep ();
      vmh_cgroup_sweep ();
      vmh_hostpci_sweep ();
    }
  if (boot == NULL)
    return;
  for (guint i = 0; i < machines->len; i++)
    autostart (g_ptr_array_index (machines, i));
  note_boot (boot); /* last: whoever comes after a helper that has died goes on with the rest */
}

gboolean
vmh_manager_is_idle (VmhManager *manager)
{
  GHashTableIter iter;
  VmhMachine *machine;

  g_hash_table_iter_init (&iter, manager->machines);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&machine))
    if (vmh_life_get_pid (machine) != 0 || vmh_machine_get_state (machine) == VMH_STATE_STARTING)
      return FALSE;
  return !vmh_job_is_any_there () && !vmh_hostpci_is_busy () &&
         vmh_registry_is_idle (manager->registry);
}

GPtrArray *
vmh_manager_list (VmhManager *manager)
{
  guint count = g_hash_table_size (manager->machines);
  GPtrArray *list = g_ptr_array_new_full (count, g_object_unref);
  GHashTableIter iter;
  VmhMachine *machine;

  g_hash_table_iter_init (&iter, manager->machines);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&machine))
    g_ptr_array_add (list, g_object_ref (machine));
  return list;
}

void
vmh_manager_add (VmhManager *manager, VmhMachine *machine)
{
  static const VmhInterface *const interfaces[] = { &vmh_machine_interface, &vmh_console_interface,
                                                    &vmh_guest_interface, NULL };

  g_hash_table_insert (manager->machines, (gpointer)vmh_machine_get_uuid (machine),
                       g_object_ref (machine));
  vmh_registry_export (manager->registry, vmh_machine_get_path (machine),
                       vmh_machine_get_owner (machine), G_OBJECT (machine), interfaces);
}

void
vmh_manager_remove (VmhManager *manager, VmhMachine *machine)
{
  vmh_registry_unexport (manager->registry, G_OBJECT (machine));
  g_hash_table_remove (manager->machines, vmh_machine_get_uuid (machine));
}

static char *
name_key (uid_t owner, const char *name)
{
  return g_strdup_printf ("%u/%s", (guint)owner, name);
}

gboolean
vmh_manager_check_new (VmhManager *manager,
                       uid_t owner,
                       InnDomain *domain,
                       VmhMachine *except,
                       GError **error)
{
  g_autofree char *uuid = dup_uuid (domain);
  g_autofree char *name = inn_domain_dup_name (domain);
  g_autofree char *key = name_key (owner, name);
  VmhMachine *same = g_hash_table_lookup (manager->machines, uuid);
  GHashTableIter iter;
  VmhMachine *machine;
  guint n_owned = 0;

  if (same != NULL ? same != except : g_hash_table_contains (manager->claims, uuid))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_EXISTS,
                   _ ("There is a machine with the uuid %s already."), uuid);
      return FALSE;
    }
  same = NULL;
  g_hash_table_iter_init (&iter, manager->machines);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&machine))
    if (vmh_machine_get_owner (machine) == owner)
      {
        n_owned++;
        if (machine != except && g_strcmp0 (vmh_machine_get_name (machine), name) == 0)
          same = machine;
      }
  if (same != NULL || g_hash_table_contains (manager->claims, key))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_EXISTS,
                   _ ("There is a machine called “%s” already. Choose another name."), name);
      return FALSE;
    }
  if (except == NULL && n_owned >= VMH_MAX_MACHINES_PER_UID)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
                   _ ("You have %u machines, the most there can be. Delete some."), n_owned);
      return FALSE;
    }
  return TRUE;
}

void
vmh_manager_claim (VmhManager *manager, uid_t owner, InnDomain *domain)
{
  g_autofree char *name = inn_domain_dup_name (domain);

  g_hash_table_add (manager->claims, dup_uuid (domain));
  g_hash_table_add (manager->claims, name_key (owner, name));
}

void
vmh_manager_release (VmhManager *manager, uid_t owner, InnDomain *domain)
{
  g_autofree char *uuid = dup_uuid (domain);
  g_autofree char *name = inn_domain_dup_name (domain);
  g_autofree char *key = name_key (owner, name);

  g_hash_table_remove (manager->claims, uuid);
  g_hash_table_remove (manager->claims, key);
}
