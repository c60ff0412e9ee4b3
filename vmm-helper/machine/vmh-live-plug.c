/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Devices come into a running machine, and go out of it: with the nodes of a start, in their order
 * and back. What comes is there when QEMU has it; what goes is gone when the guest has let it go.
 */
#include "vmh-live-private.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include "host/vmh-host.h"
#include "host/vmh-macvtap.h"
#include "host/vmh-tap.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-qemu.h"
#include "qemu/vmh-runtime.h"
#include "shared/inn-errors.h"
#include "vmh-bandwidth.h"
#include "vmh-hostpci.h"
#include "vmh-life.h"
#include "vmh-shmem.h"
#include "vmh-store.h"

static InnElement *
find_device (VmhLive *live)
{
  InnDomain *domain = live->change->after ? live->wanted : vmh_machine_get_live (live->machine);

  return domain ? inn_domain_find (domain, live->change->id) : NULL;
}

static gboolean
has_device (const VmhLive *live, const char *id)
{
  return g_strv_contains ((const char *const *)live->running->ids, id);
}

static char *
dup_device_id (const InnElement *device)
{
  return vmh_plan_id (device, vmh_plan_index (device));
}

/* With what carries a user-mode network in the machine that runs: the way QEMU's slirp needs was
 * opened at its start, or never. */
static VmhPlan *
make_plan (VmhMachine *machine,
           const InnElement *device,
           const VmhPlanRunning *running,
           GError **error)
{
  gboolean slirp = g_str_equal (vmh_machine_get_user_network (machine), "slirp");
  g_autofree char *shared = vmh_live_dup_shared_group (machine, device);
  InnDomain *runs = vmh_machine_get_live (machine);
  g_autoptr (GPtrArray) memories = runs ? inn_domain_list (runs, "shmem") : NULL;
  VmhPlanHost host = { .accelerator = vmh_machine_get_accelerator (machine),
                       .locks = vmh_store_is_system (),
                       .bridges = vmh_store_is_system (),
                       .luns = vmh_store_is_system (),
                       .vfio = vmh_store_is_system (),
                       .proc = memories && memories->len > 0, /* it came with them */
                       .passt = !slirp,
                       .virtiofsd = vmh_host_has_virtiofsd (vmh_host_get_default ()),
                       .cards = vmh_host_has_cards (),
                       .running = running,
                       .shared = shared };
  g_autoptr (VmhPlan) plan = vmh_plan_new (device->domain, &host);

  return vmh_plan_build_device (plan, device, error) ? g_steal_pointer (&plan) : NULL;
}

/* A card on one of this computer's stays where QEMU has let it go. */
static void
drop_cable (const InnElement *device)
{
  g_autofree char *lower = NULL;
  g_autofree char *mac = NULL;

  if (!vmh_store_is_system () || !g_str_equal (device->kind->name, "interface") ||
      !inn_element_is (device, "type", "direct"))
    return;
  lower = inn_element_dup (device, "direct");
  mac = inn_element_dup (device, "mac");
  vmh_macvtap_remove (lower, mac);
}

/* What was made for a device that does not come. Where QEMU does not answer, it may have it. */
static void
fail_plug (GTask *task, GError *error)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) device = find_device (live);

  if (device && !g_error_matches (error, INN_ERROR, INN_ERROR_TIMEOUT))
    drop_cable (device);
  vmh_live_fail (task, error);
}

static void
end_by_note (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autoptr (InnElement) device = find_device (live);

  if (device && !live->change->after)
    drop_cable (device);
  vmh_live_note_device (live->machine, live->change->id, live->change->after ? device : NULL);
  vmh_life_follow_cards (live->machine);
  if (!live->change->after)
    vmh_shmem_sweep ();
  if (!live->change->after && vmh_store_is_system ())
    vmh_tap_sweep ();
  vmh_live_done (task);
}

/* ---- in ---- */

static void
on_plugged (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_qmp_plug_finish (VMH_QMP (source), result, &error))
    end_by_note (data);
  else
    fail_plug (data, error);
}

static void connect_cards (GTask *task);

static void
on_card_limited (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_runtime_view_finish (result, &error))
    connect_cards (data);
  else
    vmh_live_fail (data, error);
}

static void
on_card_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autoptr (InnElement) card = find_device (live);
  const VmhCardLimits limits = vmh_bandwidth_read (card);
  g_autofree char *name = dup_device_id (card);
  GError *error = NULL;

  if (!vmh_runtime_view_finish (result, &error))
    vmh_live_fail (data, error);
  else if (vmh_bandwidth_is_limited (&limits))
    vmh_runtime_limit_card_async (vmh_machine_get_bundle (live->machine), name, &limits,
                                  on_card_limited, data);
  else
    connect_cards (data);
}

/* The shim takes its end of each user-mode card before QEMU gets the other. */
static void
connect_cards (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);
  GPtrArray *fds = vmh_plan_get_fds (live->plan);

  for (guint i = 0; i < fds->len; i++)
    {
      const VmhPlanFd *fd = fds->pdata[i];
      int pair[2];

      if (fd->type != VMH_PLAN_FD_NET || g_array_index (live->files->fds, int, i) >= 0)
        continue;
      if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        {
          vmh_live_wait (task, _ ("The network card cannot be connected: %s."), g_strerror (errno));
          return;
        }
      g_array_index (live->files->fds, int, i) = pair[0];
      vmh_runtime_connect_card_async (vmh_machine_get_bundle (live->machine), fd->name, pair[1],
                                      on_card_connected, task);
      close (pair[1]);
      return;
    }
  vmh_qmp_plug_async (live->monitor, live->plan, live->files->fds, on_plugged, task);
}

/* A program for each folder or card, which is there before QEMU asks it. */
static gboolean
start_beside (VmhLive *live, GError **error)
{
  VmhQemu *qemu = vmh_machine_get_qemu (live->machine);
  GPtrArray *fds = vmh_plan_get_fds (live->plan);

  for (guint i = 0; i < fds->len; i++)
    {
      const VmhPlanFd *fd = fds->pdata[i];
      int *file = &g_array_index (live->files->fds, int, i);

      if (!vmh_plan_is_beside (fd))
        continue;
      *file = qemu ? vmh_qemu_run_beside (qemu, fd, error) : -1;
      if (*file < 0)
        return FALSE;
    }
  return TRUE;
}

/* What has a tap, once that is there. */
static gboolean
limit_cable (VmhLive *live, GError **error)
{
  g_autoptr (InnElement) device = find_device (live);
  VmhCardLimits limits;

  if (!g_str_equal (device->kind->name, "interface") || vmh_plan_is_user_card (device))
    return TRUE;
  limits = vmh_bandwidth_read (device);
  return !vmh_bandwidth_is_limited (&limits) ||
         vmh_bandwidth_limit_cable (vmh_machine_get_owner (live->machine), device, &limits, error);
}

/* As at a start: where that is refused QEMU says that it cannot lock. */
static void
let_lock (VmhMachine *machine, guint64 bytes)
{
  pid_t pid = vmh_qemu_get_pid (vmh_machine_get_qemu (machine));
  struct rlimit limit;

  if (pid > 0 && prlimit (pid, RLIMIT_MEMLOCK, NULL, &limit) == 0 && limit.rlim_max < bytes)
    prlimit (pid, RLIMIT_MEMLOCK, &(struct rlimit){ bytes, bytes }, NULL);
}

static void
on_pci_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;

  if (!vmh_hostpci_take_finish (VMH_MACHINE (source), result, &error))
    vmh_live_fail (data, error);
  else if (!vmh_machine_get_qemu (live->machine))
    vmh_live_done (data); /* it has ended meanwhile */
  else
    {
      let_lock (live->machine, vmh_plan_locked_bytes (live->plan));
      connect_cards (data);
    }
}

static void
on_files_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  GError *error = NULL;

  live->files = vmh_files_open_finish (result, &error);
  if (!live->files)
    vmh_live_fail (data, error);
  else if (vmh_hostpci_has_kind (live->change->kind))
    vmh_hostpci_take_async (live->machine, live->wanted, live->change->id, on_pci_taken, data);
  else if (start_beside (live, &error) && limit_cable (live, &error))
    connect_cards (data);
  else
    fail_plug (data, error);
}

static void
open_files (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

  vmh_files_open_async (vmh_machine_get_bundle (live->machine), live->plan, NULL, on_files_opened,
                        task);
}

static void
on_leftovers_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_qmp_clear_finish (VMH_QMP (source), result, &error))
    open_files (data);
  else
    vmh_live_fail (data, error);
}

static void
plug (GTask *task, const InnElement *device)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autofree char *id = dup_device_id (device);
  GError *error = NULL;

  if (has_device (live, id) && live->resumed)
    {
      end_by_note (task); /* it was the last step */
      return;
    }
  if (has_device (live, id))
    {
      vmh_live_wait (task, _ ("The one before it has not gone yet."));
      return;
    }
  live->plan = make_plan (live->machine, device, live->running, &error);
  if (!live->plan)
    vmh_live_fail (task, error);
  else if (live->resumed)
    vmh_qmp_clear_async (live->monitor, live->plan, live->change->id, on_leftovers_cleared, task);
  else
    open_files (task);
}

/* ---- out ---- */

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  if (vmh_qmp_clear_finish (VMH_QMP (source), result, &error))
    end_by_note (data);
  else
    vmh_live_fail (data, error);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autoptr (InnElement) device = find_device (live);
  g_autofree char *id = device ? dup_device_id (device) : NULL;
  GError *error = NULL;

  g_clear_pointer (&live->running, vmh_plan_running_free);
  live->running = vmh_qmp_query_running_finish (VMH_QMP (source), result, &error);
  if (!live->running)
    vmh_live_fail (data, error);
  else if (!device)
    vmh_live_done (data); /* it has ended meanwhile */
  else if (!has_device (live, id))
    vmh_qmp_clear_async (live->monitor, live->plan, live->change->id, on_cleared, data);
  else if (live->refused)
    vmh_live_wait (data, _ ("The system in it refuses to let it go. Stop using it there, and try "
                            "again."));
  else if (!vmh_live_look_again (data))
    vmh_live_wait (data, _ ("The system in it has not let it go so far. It goes when that does, or "
                            "with the next restart."));
}

static gboolean
look_whether_gone (gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);

  live->look_id = 0;
  vmh_qmp_query_running_async (live->monitor, on_looked, data);
  return G_SOURCE_REMOVE;
}

static void
on_event (VmhQemu *qemu, const char *name, JsonObject *data, gpointer user_data)
{
  VmhLive *live = g_task_get_task_data (user_data);
  g_autoptr (InnElement) device = find_device (live);
  g_autofree char *id = device ? dup_device_id (device) : NULL;

  if (g_str_equal (name, "DEVICE_UNPLUG_GUEST_ERROR") &&
      g_strcmp0 (vmh_qmp_string (data, "device"), id) == 0)
    live->refused = TRUE;
}

static void
on_asked_for (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply)
    vmh_live_begin_to_look (data, look_whether_gone);
  else
    vmh_live_fail (data, error);
}

static void
unplug (GTask *task, const InnElement *device)
{
  VmhLive *live = g_task_get_task_data (task);
  g_autofree char *id = dup_device_id (device);
  GError *error = NULL;

  g_clear_pointer (&live->running->ports, g_strfreev); /* it is in one */
  live->running->leaves = TRUE;
  live->plan = make_plan (live->machine, device, live->running, &error);
  if (!live->plan)
    {
      vmh_live_fail (task, error);
      return;
    }
  if (!has_device (live, id)) /* as after a kill */
    {
      vmh_qmp_clear_async (live->monitor, live->plan, live->change->id, on_cleared, task);
      return;
    }
  live->refused_id =
      g_signal_connect (vmh_machine_get_qemu (live->machine), "event", G_CALLBACK (on_event), task);
  vmh_qmp_remove_device_async (live->monitor, id, on_asked_for, task);
}

/* ---- both ---- */

static void
on_running_known (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhLive *live = g_task_get_task_data (data);
  g_autoptr (InnElement) device = find_device (live);
  GError *error = NULL;

  live->running = vmh_qmp_query_running_finish (VMH_QMP (source), result, &error);
  if (!live->running)
    vmh_live_fail (data, error);
  else if (!device)
    vmh_live_done (data);
  else if (live->change->after)
    plug (data, device);
  else
    unplug (data, device);
}

void
vmh_live_plug (GTask *task)
{
  VmhLive *live = g_task_get_task_data (task);

  live->refused = FALSE;
  vmh_qmp_query_running_async (live->monitor, on_running_known, task);
}

/* ---- late ---- */

typedef struct
{
  VmhMachine *machine;
  char *element;
  VmhPlanRunning running; /* nothing matters but that there is one */
  VmhPlan *plan;
} Late;

static void
on_late_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  Late *late = data;
  g_autoptr (GError) error = NULL;

  if (vmh_qmp_clear_finish (VMH_QMP (source), result, &error))
    {
      InnDomain *domain = vmh_machine_get_live (late->machine);
      g_autoptr (InnElement) device = domain ? inn_domain_find (domain, late->element) : NULL;

      if (device)
        drop_cable (device);
      vmh_live_note_device (late->machine, late->element, NULL);
      vmh_shmem_sweep ();
    }
  else
    g_info ("%s: %s", vmh_machine_get_name (late->machine), error->message);
  vmh_plan_free (late->plan);
  g_object_unref (late->machine);
  g_free (late->element);
  g_free (late);
}

static InnElement *
find_by_device_id (InnDomain *domain, const char *id)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);

  for (guint i = 0; i < devices->len; i++)
    {
      g_autofree char *its = dup_device_id (devices->pdata[i]);

      if (g_str_equal (its, id))
        return inn_element_copy (devices->pdata[i]);
    }
  return NULL;
}

void
vmh_live_let_go (VmhMachine *machine, const char *id)
{
  InnDomain *domain = vmh_machine_get_live (machine);
  g_autoptr (InnElement) device = domain ? find_by_device_id (domain, id) : NULL;
  VmhQmp *monitor = vmh_life_get_monitor (machine, NULL);
  Late *late;

  if (vmh_live_let_cpu_go (machine, id) || vmh_live_let_module_go (machine, id))
    return;
  /* While something is under way, that looks for itself. */
  if (!device || !monitor || !vmh_machine_begin (machine, NULL))
    return;
  vmh_machine_end (machine);
  late = g_new0 (Late, 1);
  late->machine = g_object_ref (machine);
  late->element = inn_element_dup_id (device);
  late->running.leaves = TRUE;
  late->plan = make_plan (machine, device, &late->running, NULL);
  if (late->plan)
    {
      vmh_qmp_clear_async (monitor, late->plan, late->element, on_late_cleared, late);
      return;
    }
  g_object_unref (late->machine);
  g_free (late->element);
  g_free (late);
}
