/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Whether a machine can have the PCI devices and mediated ones of its definition, and how it gets
 * them. */
#include <glib/gi18n-lib.h>
#include "core/vmh-errand.h"
#include "devices/vmh-plan.h"
#include "host/vmh-host-ids.h"
#include "host/vmh-systemd.h"
#include "shared/inn-errors.h"
#include "vmh-hostpci-private.h"

#define VFIO     "vfio-pci"
#define DRIVER   "/sys/bus/pci/drivers/" VFIO
#define MODULE   "vfio_pci"
#define LOAD_MS  20000 /* for the module to be there */
#define LOOK_MS  50
#define PCI_STUB "pci-stub" /* keeps a device from all others */

/* What is in the definition. */
typedef struct
{
  char *element, *address;
  gboolean managed, mediated;
  const VmhPciDevice *device; /* in the job's */
} Wanted;

static void bind_next (GTask *task);

static void
wanted_free (gpointer data)
{
  Wanted *wanted = data;

  g_free (wanted->element);
  g_free (wanted->address);
  g_free (wanted);
}

static gboolean
is_wanted (const VmhPciJob *job, const char *address)
{
  for (guint i = 0; i < job->wanted->len; i++)
    if (g_str_equal (((Wanted *)job->wanted->pdata[i])->address, address))
      return TRUE;
  return FALSE;
}

/* Into a machine that runs: the one, and others in its definition that go only together with it. */
static void
keep_together (VmhPciJob *job)
{
  int group = -1;

  for (guint i = 0; i < job->wanted->len; i++)
    {
      const Wanted *wanted = job->wanted->pdata[i];

      if (g_str_equal (wanted->element, job->element) && wanted->device)
        group = wanted->device->group;
    }
  for (guint i = job->wanted->len; i > 0; i--)
    {
      const Wanted *wanted = job->wanted->pdata[i - 1];

      if (!g_str_equal (wanted->element, job->element) &&
          (group < 0 || !wanted->device || wanted->device->group != group))
        g_ptr_array_remove_index (job->wanted, i - 1);
    }
}

static void
read_wanted (VmhPciJob *job)
{
  g_autoptr (GPtrArray) elements = inn_domain_list (job->domain, "hostpci");
  g_autoptr (GPtrArray) shares = inn_domain_list (job->domain, "hostmdev");

  g_ptr_array_extend_and_steal (elements, g_steal_pointer (&shares));
  job->wanted = g_ptr_array_new_with_free_func (wanted_free);
  job->devices = elements->len > 0 ? vmh_pci_list (TRUE) : g_ptr_array_new ();
  for (guint i = 0; i < elements->len; i++)
    {
      Wanted *wanted = g_new0 (Wanted, 1);

      wanted->element = inn_element_dup_id (elements->pdata[i]);
      wanted->address = vmh_plan_dup_pci (elements->pdata[i]);
      wanted->mediated = vmh_plan_is_mediated (elements->pdata[i]);
      wanted->managed = wanted->mediated || inn_element_get_bool (elements->pdata[i], "managed");
      wanted->device = vmh_pci_find (job->devices, wanted->address);
      g_ptr_array_add (job->wanted, wanted);
    }
  if (job->element)
    keep_together (job);
}

static gboolean
refuse_taken (const VmhPciJob *job,
              const char *uuid,
              const char *address,
              gboolean mediated,
              GError **error)
{
  VmhMachine *holder = vmh_hostpci_find_machine (uuid);

  if (holder && vmh_machine_get_owner (holder) == vmh_machine_get_owner (job->machine))
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 mediated ? _ ("“%s” has the mediated device %s. Remove it there, or turn that "
                               "machine off, then try again.")
                          : _ ("“%s” has the PCI device %s. Remove it there, or turn that machine "
                               "off, then try again."),
                 vmh_machine_get_name (holder), address);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 mediated
                     ? _ ("Another machine has the mediated device %s. Try again when that is off.")
                     : _ ("Another machine has the PCI device %s. Try again when that is off."),
                 address);
  return FALSE;
}

static gboolean
check_free (const VmhPciJob *job, const Wanted *wanted, GError **error)
{
  g_autoptr (GPtrArray) claims = vmh_vfio_list (NULL);

  for (guint i = 0; i < claims->len; i++)
    {
      const VmhVfioClaim *claim = claims->pdata[i];

      if (!g_str_equal (claim->uuid, job->uuid) &&
          (g_str_equal (claim->address, wanted->address) ||
           vmh_pci_get_group (job->devices, claim->address) == wanted->device->group))
        return refuse_taken (job, claim->uuid, claim->address, wanted->mediated, error);
    }
  return TRUE;
}

static gboolean
check_group (const VmhPciJob *job, const Wanted *wanted, GError **error)
{
  for (char **address = wanted->device->sharing; *address; address++)
    {
      const VmhPciDevice *other = vmh_pci_find (job->devices, *address);

      if (!other || !other->driver || vmh_vfio_is_driver (other->driver) ||
          g_str_equal (other->driver, PCI_STUB) || is_wanted (job, *address))
        continue;
      g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                   _ ("The PCI device %s goes only together with “%s” (%s), which this computer "
                      "uses: they are in one IOMMU group. Add that to the machine as well."),
                   wanted->address, other->name, other->address);
      return FALSE;
    }
  return TRUE;
}

static void
refuse_absent (const Wanted *wanted, GError **error)
{
  if (wanted->mediated)
    g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                 _ ("This computer has no mediated device %s now. Start it, as with “mdevctl start "
                    "-u %s”, or remove it from the machine and choose one that there is."),
                 wanted->address, wanted->address);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                 _ ("This computer has no PCI device %s. Remove it from the machine, and choose "
                    "one that there is."),
                 wanted->address);
}

static gboolean
check (const VmhPciJob *job, const Wanted *wanted, GError **error)
{
  const VmhPciDevice *device = wanted->device;

  if (!device)
    refuse_absent (wanted, error);
  else if (device->problem)
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 wanted->mediated ? _ ("The machine cannot have the mediated device %s (%s): %s")
                                  : _ ("The machine cannot have the PCI device %s (%s): %s"),
                 wanted->address, device->name, device->problem);
  else if (!wanted->managed && !vmh_vfio_is_driver (device->driver))
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 _ ("The PCI device %s does not have the driver “vfio-pci”. Give it that, or let "
                    "it be taken and given back by itself."),
                 wanted->address);
  else
    return check_free (job, wanted, error) && check_group (job, wanted, error);
  return FALSE;
}

/* On record before anything is done to it. */
static gboolean
claim (const VmhPciJob *job, GError **error)
{
  for (guint i = 0; i < job->wanted->len; i++)
    {
      const Wanted *wanted = job->wanted->pdata[i];
      const VmhVfioClaim it = { .uuid = job->uuid,
                                .address = wanted->address,
                                .element = wanted->element,
                                .driver =
                                    wanted->device->driver ? wanted->device->driver : (char *)"" };

      if (!vmh_vfio_claim (&it, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_nodes (const VmhPciJob *job, GError **error)
{
  uid_t uid = vmh_bundle_get_guest_uid (vmh_machine_get_bundle (job->machine), error);

  for (guint i = 0; uid != (uid_t)-1 && i < job->wanted->len; i++)
    {
      const Wanted *wanted = job->wanted->pdata[i];

      if (!vmh_vfio_add_node (job->uuid, wanted->address, wanted->device->group, uid, error))
        return FALSE;
    }
  return uid != (uid_t)-1;
}

static void
on_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhPciJob *job = g_task_get_task_data (data);
  const Wanted *wanted = job->wanted->pdata[job->next++];
  g_autoptr (GError) error = NULL;

  if (vmh_errand_finish (result, NULL, &error))
    bind_next (data);
  else
    vmh_hostpci_end (
        data, g_error_new (INN_ERROR, INN_ERROR_IN_USE,
                           _ ("This computer does not let go of the PCI device %s (%s): %s. Close "
                              "what uses it, and try again."),
                           wanted->address, wanted->device->name, error->message));
}

static void
bind_next (GTask *task)
{
  VmhPciJob *job = g_task_get_task_data (task);
  g_autofree char *bus = vmh_pci_dup_bus ();
  GError *error = NULL;

  for (; job->next < job->wanted->len; job->next++)
    {
      const Wanted *wanted = job->wanted->pdata[job->next];

      if (wanted->mediated || vmh_vfio_is_driver (wanted->device->driver))
        continue;
      vmh_errand_driver_async (bus, wanted->address, VFIO, FALSE, on_taken, task);
      return;
    }
  add_nodes (job, &error);
  vmh_hostpci_end (task, error);
}

static gboolean
has_driver (void)
{
  g_autofree char *path = vmh_ids_dup_path (DRIVER);

  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

/* A mediated device's own driver hands it on. */
static gboolean
wants_driver (const VmhPciJob *job)
{
  for (guint i = 0; i < job->wanted->len; i++)
    if (!((Wanted *)job->wanted->pdata[i])->mediated)
      return TRUE;
  return FALSE;
}

static gboolean
look_for_driver (gpointer data)
{
  VmhPciJob *job = g_task_get_task_data (data);

  if (!has_driver () && g_get_monotonic_time () < job->until)
    return G_SOURCE_CONTINUE;
  if (has_driver ())
    bind_next (data);
  else
    vmh_hostpci_end (
        data, g_error_new (INN_ERROR, INN_ERROR_UNSUPPORTED,
                           _ ("This computer’s kernel has no driver that hands on PCI devices. "
                              "Load its module “%s”, and try again."),
                           VFIO));
  return G_SOURCE_REMOVE;
}

/* The helper itself may load none. */
static void
load_driver (GTask *task)
{
  VmhPciJob *job = g_task_get_task_data (task);

  job->until = g_get_monotonic_time ();
  if (vmh_systemd_is_there ())
    {
      vmh_systemd_load_module (MODULE);
      job->until += LOAD_MS * 1000;
    }
  g_timeout_add (LOOK_MS, look_for_driver, task);
}

/* Every machine has its folder from its start on, for devices that may come later. */
static gboolean
prepare (const VmhPciJob *job, GError **error)
{
  VmhBundle *bundle = vmh_machine_get_bundle (job->machine);
  g_autofree char *folder = vmh_vfio_dup_folder (job->uuid);
  uid_t uid;

  if (job->element && folder)
    return TRUE;
  if (job->element)
    {
      g_set_error_literal (
          error, INN_ERROR, INN_ERROR_UNSUPPORTED,
          wants_driver (job) ? _ ("This computer’s IOMMU was off when the machine was started. It "
                                  "gets the device with the next restart.")
                             : _ ("This computer had no mediated devices when the machine was "
                                  "started. It gets the device with the next restart."));
      return FALSE;
    }
  if (!vmh_vfio_is_there ())
    return TRUE; /* the list says why it has none */
  uid = vmh_bundle_get_guest_uid (bundle, error);
  return uid != (uid_t)-1 && vmh_vfio_make_folder (job->uuid, uid, error);
}

static void
begin_take (GTask *task)
{
  VmhPciJob *job = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean good;

  read_wanted (job);
  good = prepare (job, &error);
  if (!good && job->wanted->len == 0)
    {
      g_warning ("%s: %s", vmh_machine_get_name (job->machine), error->message);
      g_clear_error (&error);
      good = TRUE;
    }
  for (guint i = 0; good && i < job->wanted->len; i++)
    good = check (job, job->wanted->pdata[i], &error);
  if (!good || !claim (job, &error) || job->wanted->len == 0)
    vmh_hostpci_end (task, error);
  else if (!wants_driver (job) || has_driver ())
    bind_next (task);
  else
    load_driver (task);
}

void
vmh_hostpci_take_async (VmhMachine *machine,
                        InnDomain *domain,
                        const char *element,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (machine, NULL, callback, data);
  VmhPciJob *job = g_new0 (VmhPciJob, 1);

  g_task_set_source_tag (task, vmh_hostpci_take_async);
  job->begin = begin_take;
  job->machine = g_object_ref (machine);
  job->uuid = g_strdup (vmh_machine_get_uuid (machine));
  job->domain = inn_domain_ref (domain);
  job->element = g_strdup (element);
  vmh_hostpci_ask (task, job);
}

gboolean
vmh_hostpci_take_finish (VmhMachine *machine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
