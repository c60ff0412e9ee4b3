/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Devices are taken and given back one after the other, in the order in which that was asked for:
 * so a machine that starts gets what one that has just ended had. A device goes with all others of
 * its IOMMU group, or not at all. */
#include "vmh-hostpci-private.h"

#include "core/vmh-errand.h"
#include "vmh-manager.h"
#include "vmh-store.h"

static GQueue queue = G_QUEUE_INIT; /* GTask */
static GTask *under_way;            /* not owned */

static void give_next (GTask *task);

static void
job_free (gpointer data)
{
  VmhPciJob *job = data;

  g_clear_object (&job->machine);
  g_free (job->uuid);
  g_clear_pointer (&job->domain, inn_domain_unref);
  g_free (job->element);
  g_clear_pointer (&job->wanted, g_ptr_array_unref);
  g_clear_pointer (&job->claims, g_ptr_array_unref);
  g_clear_pointer (&job->devices, g_ptr_array_unref);
  g_free (job);
}

/* ---- one after the other ---- */

static void
go_on (void)
{
  while (!under_way && (under_way = g_queue_pop_head (&queue)) != NULL)
    ((VmhPciJob *)g_task_get_task_data (under_way))->begin (under_way);
}

static gboolean
on_idle (gpointer data)
{
  go_on ();
  return G_SOURCE_REMOVE;
}

/* Takes the task over. The next one begins when whoever waits for this one has been told. */
void
vmh_hostpci_end (GTask *owned_task, GError *error)
{
  g_autoptr (GTask) task = owned_task;

  under_way = NULL;
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_idle_add (on_idle, NULL);
}

void
vmh_hostpci_ask (GTask *owned_task, VmhPciJob *job)
{
  g_task_set_task_data (owned_task, job, job_free);
  g_queue_push_tail (&queue, owned_task);
  go_on ();
}

gboolean
vmh_hostpci_is_busy (void)
{
  return under_way || !g_queue_is_empty (&queue);
}

VmhMachine *
vmh_hostpci_find_machine (const char *uuid)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (vmh_manager_get ());

  for (guint i = 0; i < machines->len; i++)
    if (g_str_equal (vmh_machine_get_uuid (machines->pdata[i]), uuid))
      return machines->pdata[i]; /* the manager's as well */
  return NULL;
}

gboolean
vmh_hostpci_has_kind (const InnKind *kind)
{
  return g_str_equal (kind->name, "hostpci") || g_str_equal (kind->name, "hostmdev");
}

char *
vmh_hostpci_dup_folder (VmhMachine *machine)
{
  return vmh_store_is_system () ? vmh_vfio_dup_folder (vmh_machine_get_uuid (machine)) : NULL;
}

/* ---- to give back ---- */

/* As long as the guest has one of a group, the kernel gives no other of it to a driver. */
static gboolean
is_group_in_use (const VmhPciJob *job, int group)
{
  for (guint i = 0; i < job->claims->len; i++)
    {
      const VmhVfioClaim *claim = job->claims->pdata[i];

      if (claim->element && vmh_pci_get_group (job->devices, claim->address) == group)
        return TRUE;
    }
  return FALSE;
}

static void
on_given (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhPciJob *job = g_task_get_task_data (data);
  const VmhVfioClaim *claim = job->claims->pdata[job->next++];
  g_autoptr (GError) error = NULL;

  if (vmh_errand_finish (result, NULL, &error))
    vmh_vfio_forget (claim, vmh_pci_get_group (job->devices, claim->address));
  else
    g_warning ("The PCI device %s does not go back to “%s”: %s", claim->address, claim->driver,
               error->message);
  give_next (data);
}

static void
give_next (GTask *task)
{
  VmhPciJob *job = g_task_get_task_data (task);
  g_autofree char *bus = vmh_pci_dup_bus ();

  for (; job->next < job->claims->len; job->next++)
    {
      const VmhVfioClaim *claim = job->claims->pdata[job->next];
      const VmhPciDevice *device = vmh_pci_find (job->devices, claim->address);
      int group = vmh_pci_get_group (job->devices, claim->address);

      if (claim->element || is_group_in_use (job, group))
        continue;
      if (claim->driver && !vmh_vfio_is_driver (claim->driver) && device && !device->mediated)
        {
          vmh_errand_driver_async (bus, claim->address, claim->driver, TRUE, on_given, task);
          return;
        }
      vmh_vfio_forget (claim, group);
    }
  if (job->ended)
    vmh_vfio_remove_folder (job->uuid);
  vmh_hostpci_end (task, NULL);
}

static void
begin_give (GTask *task)
{
  VmhPciJob *job = g_task_get_task_data (task);

  job->claims = vmh_vfio_list (job->uuid);
  job->devices = job->claims->len > 0 ? vmh_pci_list (TRUE) : g_ptr_array_new ();
  give_next (task);
}

static void
give (const char *uuid, gboolean ended)
{
  VmhPciJob *job = g_new0 (VmhPciJob, 1);

  job->begin = begin_give;
  job->uuid = g_strdup (uuid);
  job->ended = ended;
  vmh_hostpci_ask (g_task_new (NULL, NULL, NULL, NULL), job);
}

void
vmh_hostpci_release (VmhMachine *machine, const char *element)
{
  const char *uuid = vmh_machine_get_uuid (machine);
  g_autofree char *folder = vmh_hostpci_dup_folder (machine);

  if (!folder)
    return;
  vmh_vfio_let_go (uuid, element);
  give (uuid, element == NULL);
}

void
vmh_hostpci_sweep (void)
{
  g_auto (GStrv) uuids = NULL;

  vmh_vfio_begin (vmh_store_get_machines_path ());
  uuids = vmh_vfio_list_folders ();
  for (char **uuid = uuids; *uuid; uuid++)
    {
      VmhMachine *machine = vmh_hostpci_find_machine (*uuid);

      if (machine && vmh_machine_get_qemu (machine))
        continue;
      vmh_vfio_let_go (*uuid, NULL);
      give (*uuid, TRUE);
    }
}

char *
vmh_hostpci_dup_holder (const char *address)
{
  g_autoptr (GPtrArray) claims = vmh_vfio_list (NULL);

  for (guint i = 0; i < claims->len; i++)
    {
      const VmhVfioClaim *claim = claims->pdata[i];

      if (claim->element && g_str_equal (claim->address, address))
        return g_strdup (claim->uuid);
    }
  return NULL;
}
