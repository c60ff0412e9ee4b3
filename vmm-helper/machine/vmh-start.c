/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The verb Start: a step table from the definition to the first instruction. */
#include "vmh-life.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/vmh-flow.h"
#include "host/vmh-host.h"
#include "qemu/vmh-caps.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-qmp-commands.h"
#include "qemu/vmh-sandbox.h"
#include "shared/inn-domain-new.h"
#include "shared/inn-errors.h"
#include "vmh-bandwidth.h"
#include "vmh-files.h"
#include "vmh-hostdev.h"
#include "vmh-hostpci.h"
#include "vmh-share.h"
#include "vmh-start-firmware.h"
#include "vmh-storage.h"
#include "vmh-store.h"
#include "vmh-words.h"

#define COMMAND_TIMEOUT_MS 10000
#define START_JOB          "vmh-start-job"

typedef struct
{
  VmhMachine *machine;
  VmhBundle *bundle;
  InnDomain *domain; /* as it was when the start began */
  VmhJob *job;
  gboolean paused;
  const VmhEmulator *emulator;
  const char *accelerator; /* static */
  char *reason, *remedy;
  VmhStartFirmware firmware;
  GString *notes; /* what it starts without */
  VmhCaps *caps;
  VmhPlan *plan;
  VmhRender *render; /* the graphics card that draws for it; NULL: none */
  char **passt;      /* its command, NULL: there is none */
  VmhFiles *files;
  VmhQemu *qemu;
  guint next_command;
  GError *error;  /* why it failed */
  gboolean ended; /* QEMU has, already */
} Start;

static void
start_free (Start *start)
{
  g_clear_pointer (&start->files, vmh_files_free);
  g_clear_pointer (&start->caps, g_hash_table_unref);
  g_clear_pointer (&start->plan, vmh_plan_free);
  g_clear_pointer (&start->render, vmh_render_free);
  g_strfreev (start->passt);
  g_string_free (start->notes, TRUE);
  g_clear_object (&start->qemu);
  g_clear_object (&start->job);
  inn_domain_unref (start->domain);
  vmh_bundle_unref (start->bundle);
  g_object_unref (start->machine);
  g_free (start->reason);
  g_free (start->remedy);
  vmh_start_firmware_clear (&start->firmware);
  g_free (start);
}

static GError *
ended_at_once (void)
{
  return g_error_new_literal (INN_ERROR, INN_ERROR_QEMU,
                              _ ("QEMU, the program that runs it, has ended at once."));
}

/* ---- choosing ---- */

/* Of what may be missing; what the rest of the definition needs for it stays. */
static void
leave_out (Start *start)
{
  InnDomain *whole = start->domain;

  start->domain = vmh_hostdev_leave_out (whole, start->notes);
  inn_domain_unref (whole);
}

static gboolean
step_choose (gpointer context, GError **error)
{
  Start *start = context;
  VmhHost *host = vmh_host_get_default ();
  InnElement machine = inn_domain_get (start->domain, "machine");
  InnElement general = inn_domain_get (start->domain, "general");
  InnElement memory = inn_domain_get (start->domain, "memory");
  g_autofree char *arch = inn_element_dup (&machine, "arch");
  g_autofree char *wanted = inn_element_dup (&general, "accelerator");
  g_autofree char *node = NULL;

  if (!inn_domain_check (start->domain, error) || !vmh_sandbox_check (error))
    return FALSE;
  leave_out (start);
  if (!vmh_share_check_pins (start->domain, error))
    return FALSE;
  if (inn_element_get_bool (&memory, "huge-pages") &&
      !vmh_host_check_huge_pages (inn_element_get_uint (&memory, "huge-page-size"),
                                  inn_element_get_uint (&memory, "size"), error))
    return FALSE;
  start->emulator = vmh_host_get_emulator (host, arch, error);
  if (!start->emulator)
    return FALSE;
  if (vmh_plan_draws (start->domain, &node) &&
      !(start->render = vmh_host_find_render (node, error)))
    return FALSE;
  start->accelerator =
      vmh_host_choose_accelerator (host, wanted, arch, &start->reason, &start->remedy, error);
  start->passt = vmh_host_dup_passt (host);
  return start->accelerator &&
         vmh_start_firmware_choose (start->domain, arch, &start->firmware, error);
}

static void
step_check (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  static const char *const none[] = { NULL };
  Start *start = context;

  vmh_storage_check_async (start->bundle, start->domain, NULL, none, start->machine, FALSE,
                           cancellable, callback, data);
}

static void
step_ask (gpointer context,
          VmhJob *job,
          GCancellable *cancellable,
          GAsyncReadyCallback callback,
          gpointer data)
{
  Start *start = context;
  g_autofree char *folder = g_path_get_dirname (vmh_store_get_machines_path ());

  vmh_caps_load_async (start->emulator->path, folder, VMH_PROBE_UID, cancellable, callback, data);
}

static gboolean
step_ask_finish (gpointer context, GAsyncResult *result, GError **error)
{
  Start *start = context;

  start->caps = vmh_caps_load_finish (result, error);
  return start->caps != NULL;
}

/* ---- files ---- */

static gboolean
step_plan (gpointer context, GError **error)
{
  Start *start = context;
  VmhPlanHost host = { .emulator = start->emulator->path,
                       .accelerator = start->accelerator,
                       .cpus = vmh_host_get_cpus (vmh_host_get_default ()),
                       .firmware = start->firmware.path,
                       .firmware_format = start->firmware.format,
                       .nvram_format = start->firmware.nvram_format,
                       .firmware_smm = start->firmware.smm,
                       .locks = vmh_store_is_system (),
                       .bridges = vmh_store_is_system (),
                       .luns = vmh_store_is_system (),
                       .chips = vmh_store_is_system (),
                       .passt = start->passt != NULL,
                       .usb = start->notes->len > 0,
                       .vfio = vmh_store_is_system (),
                       .swtpm = vmh_host_has_swtpm (vmh_host_get_default ()),
                       .virtiofsd = vmh_host_has_virtiofsd (vmh_host_get_default ()),
                       .cards = vmh_host_has_cards (),
                       .render = start->render ? start->render->node : NULL,
                       .has = vmh_caps_has,
                       .has_data = start->caps };

  start->plan = vmh_plan_new (start->domain, &host);
  return vmh_plan_build (start->plan, error);
}

static void
step_nvram (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  Start *start = context;
  g_autoptr (GTask) none = NULL;

  if (start->firmware.path)
    {
      vmh_nvram_prepare_async (start->bundle, start->domain, start->firmware.template, cancellable,
                               callback, data);
      return;
    }
  none = g_task_new (NULL, NULL, callback, data);
  g_task_return_boolean (none, TRUE);
}

static void
step_open (gpointer context,
           VmhJob *job,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer data)
{
  Start *start = context;

  vmh_files_open_async (start->bundle, start->plan, cancellable, callback, data);
}

static gboolean
step_open_finish (gpointer context, GAsyncResult *result, GError **error)
{
  Start *start = context;

  start->files = vmh_files_open_finish (result, error);
  return start->files != NULL;
}

static void
step_take (gpointer context,
           VmhJob *job,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer data)
{
  Start *start = context;
  g_autoptr (GTask) none = NULL;

  if (vmh_store_is_system ())
    {
      vmh_hostpci_take_async (start->machine, start->domain, NULL, callback, data);
      return;
    }
  none = g_task_new (NULL, NULL, callback, data);
  g_task_return_boolean (none, TRUE);
}

static gboolean
save_live (Start *start, GError **error)
{
  g_autofree char *xml = inn_domain_to_xml (start->domain);

  return vmh_bundle_save_runtime (start->bundle, VMH_LIVE_XML, xml, error);
}

/* ---- QEMU ---- */

static gboolean
step_spawn (gpointer context, GError **error)
{
  Start *start = context;
  InnElement clock = inn_domain_get (start->domain, "clock");
  g_autofree char *kept = vmh_words_dup_kept (start->domain, vmh_store_is_system ());
  g_autofree char *note =
      g_strconcat (start->notes->str, vmh_plan_get_notes (start->plan), kept, NULL);
  g_autofree char *vfio = vmh_hostpci_dup_folder (start->machine);
  VmhQemuStart how = { .plan = start->plan,
                       .accelerator = start->accelerator,
                       .reason = start->reason,
                       .files = start->files->fds,
                       .render = start->render,
                       .note = note,
                       .vfio = vfio,
                       .network_command = start->passt, /* cards may come later */
                       .localtime = inn_element_is (&clock, "offset", "localtime") };

  if (!save_live (start, error))
    return FALSE;
  start->qemu = vmh_qemu_spawn (start->bundle, &how, error);
  if (!start->qemu)
    return FALSE;
  vmh_life_adopt (start->machine, start->qemu);
  return TRUE;
}

static void
undo_spawn (gpointer context)
{
  Start *start = context;

  if (!start->qemu)
    return;
  /* It may be about to end by itself, of what it tells. */
  if (!g_cancellable_is_cancelled (vmh_job_get_cancellable (start->job)))
    vmh_qemu_want_words (start->qemu);
  vmh_qemu_kill (start->qemu);
}

static void
step_connect (gpointer context,
              VmhJob *job,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer data)
{
  Start *start = context;

  vmh_qemu_connect_async (start->qemu, cancellable, callback, data);
}

/* Its monitor breaks before its end is seen; that says no more. */
static gboolean
step_connect_finish (gpointer context, GAsyncResult *result, GError **error)
{
  Start *start = context;
  GError *local = NULL;

  if (vmh_qemu_connect_finish (start->qemu, result, &local))
    return TRUE;
  if (g_error_matches (local, INN_ERROR, INN_ERROR_QEMU))
    {
      g_info ("%s: %s", vmh_machine_get_name (start->machine), local->message);
      g_clear_error (&local);
      local = ended_at_once ();
    }
  g_propagate_error (error, local);
  return FALSE;
}

static void
step_limit (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  Start *start = context;
  gboolean passt = g_strcmp0 (vmh_plan_get_user_network (start->plan), "passt") == 0;

  vmh_bandwidth_start_async (start->bundle, start->domain, passt, callback, data);
}

/* The plan's commands one after the other, then the first instruction. */
static void
on_command_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Start *start = g_task_get_task_data (task);
  GPtrArray *commands = vmh_plan_get_commands (start->plan);
  VmhQmp *monitor = vmh_qemu_get_monitor (start->qemu);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = source ? vmh_qmp_call_finish (monitor, result, &error) : NULL;

  if (source && !reply)
    {
      g_task_return_error (task, error);
      return;
    }
  if (start->next_command < commands->len)
    {
      const VmhPlanCommand *command = commands->pdata[start->next_command++];

      vmh_qmp_call_async (monitor, command->command,
                          command->arguments ? json_object_ref (command->arguments) : NULL, -1,
                          COMMAND_TIMEOUT_MS, NULL, on_command_done, g_steal_pointer (&task));
    }
  else if (start->next_command == commands->len && !vmh_qemu_set_ready (start->qemu, &error))
    g_task_return_error (task, error);
  else if (start->next_command == commands->len && !start->paused)
    {
      start->next_command++;
      vmh_qmp_verb_async (monitor, VMH_QMP_CONT, on_command_done, g_steal_pointer (&task));
    }
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_share (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (vmh_share_limit_finish (VMH_MACHINE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_pinned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;

  if (!vmh_share_pin_finish (VMH_MACHINE (source), result, &error))
    g_task_return_error (task, error);
  else if (vmh_store_is_system ()) /* elsewhere the log says that it has none */
    vmh_share_limit_async (start->machine, start->domain, FALSE, on_share, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

static void
step_share (gpointer context,
            VmhJob *job,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Start *start = context;

  g_task_set_task_data (task, start, NULL);
  if (vmh_share_is_any (start->domain))
    vmh_share_pin_async (start->machine, start->domain, on_pinned, task);
  else
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

static void
step_go (gpointer context,
         VmhJob *job,
         GCancellable *cancellable,
         GAsyncReadyCallback callback,
         gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  g_task_set_task_data (task, context, NULL);
  on_command_done (NULL, NULL, task);
}

static const VmhStep steps[] = {
  { N_ ("Choosing how to run it"), 1, .run = step_choose },
  { N_ ("Looking at its disks"), 5, .start = step_check },
  { N_ ("Asking QEMU what it can do"), 5, .start = step_ask, .finish = step_ask_finish },
  { N_ ("Laying out its devices"), 1, .run = step_plan },
  { N_ ("Preparing its firmware"), 1, .start = step_nvram },
  { N_ ("Opening its files"), 3, .start = step_open, .finish = step_open_finish },
  { N_ ("Taking its PCI devices"), 1, .start = step_take },
  { N_ ("Starting QEMU"), 10, .run = step_spawn, .undo = undo_spawn },
  { N_ ("Waiting for QEMU"), 60, .start = step_connect, .finish = step_connect_finish },
  { N_ ("Limiting its network cards"), 1, .start = step_limit },
  { N_ ("Giving it its processors"), 1, .start = step_share },
  { N_ ("Letting it run"), 5, .start = step_go },
  { 0 },
};

static void
end_start (Start *start)
{
  vmh_machine_end (start->machine);
  g_object_set_data (G_OBJECT (start->machine), START_JOB, NULL);
  /* Before it settles: as long as a tap is open, its network is not empty. */
  g_clear_pointer (&start->files, vmh_files_free);
  if (start->ended || start->error)
    {
      /* What QEMU itself said is the better reason, where it got so far. */
      if (start->qemu && g_error_matches (start->error, INN_ERROR, INN_ERROR_QEMU))
        {
          g_autofree char *why =
              vmh_life_dup_crash (start->machine, start->error->message, NULL, FALSE);

          g_free (start->error->message);
          start->error->message = g_steal_pointer (&why);
        }
      vmh_life_settle (start->machine, VMH_STATE_OFF, start->error ? start->error->message : NULL);
    }
  else
    {
      vmh_machine_set_live (start->machine, start->domain);
      vmh_machine_set_accelerator (start->machine, start->accelerator, start->reason);
      vmh_machine_set_user_network (start->machine, vmh_plan_get_user_network (start->plan));
      vmh_life_begin (start->machine, start->paused);
      vmh_share_set_apart (start->machine);
    }
  vmh_job_end (start->job, g_steal_pointer (&start->error));
  start_free (start);
}

static void
on_killed_ended (VmhQemu *qemu, gboolean clean, gpointer data)
{
  Start *start = data;

  g_signal_handlers_disconnect_by_data (qemu, start);
  end_start (start);
}

/* Off is said when QEMU is gone and not when it is killed: until then it holds the disks, and its
 * record and sockets are where the next start's will be. */
static void
on_start_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Start *start = data;
  gboolean clean = FALSE;

  /* Who switches it off while the last step ends, comes too late for that alone. */
  if (vmh_flow_run_finish (result, &start->error) &&
      g_cancellable_set_error_if_cancelled (vmh_job_get_cancellable (start->job), NULL))
    {
      start->error = g_error_new_literal (INN_ERROR, INN_ERROR_CANCELLED, _ ("Cancelled."));
      undo_spawn (start);
    }
  start->ended = start->qemu && vmh_qemu_has_ended (start->qemu, &clean);
  if (start->ended && !clean && !start->error)
    start->error = ended_at_once ();
  if (start->error && start->qemu && !start->ended)
    g_signal_connect (start->qemu, "ended", G_CALLBACK (on_killed_ended), start);
  else
    end_start (start);
}

VmhJob *
vmh_life_start (VmhMachine *machine, gboolean paused, GError **error)
{
  Start *start;

  if (!vmh_machine_require (machine, 1u << VMH_STATE_OFF | 1u << VMH_STATE_CRASHED, error) ||
      !vmh_machine_begin (machine, error))
    return NULL;
  start = g_new0 (Start, 1);
  start->machine = g_object_ref (machine);
  start->bundle = vmh_bundle_ref (vmh_machine_get_bundle (machine));
  start->domain = inn_domain_ref (vmh_machine_get_domain (machine));
  start->paused = paused;
  start->notes = g_string_new (NULL);
  start->job =
      vmh_job_new (vmh_machine_get_registry (machine), "start", vmh_machine_get_path (machine),
                   vmh_machine_get_name (machine), vmh_machine_get_owner (machine));
  g_object_set_data_full (G_OBJECT (machine), START_JOB, g_object_ref (start->job), g_object_unref);
  vmh_hostdev_release_all (machine); /* of one that ended when nobody looked */
  vmh_machine_set_state (machine, VMH_STATE_STARTING, NULL);
  vmh_flow_run_async ("start", steps, start, start->job, vmh_job_get_cancellable (start->job),
                      on_start_done, start);
  return start->job;
}

void
vmh_life_cancel_start (VmhMachine *machine)
{
  VmhJob *job = g_object_get_data (G_OBJECT (machine), START_JOB);

  if (job)
    g_cancellable_cancel (vmh_job_get_cancellable (job));
}

void
vmh_verb_start (VmhCall *call)
{
  static const char *const allowed[] = { "paused", "b", NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  gboolean paused = FALSE;
  GError *error = NULL;
  VmhJob *job = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (vmh_call_check_options (options, allowed, &error) &&
      vmh_job_check_limit (vmh_machine_get_owner (machine), &error))
    {
      g_variant_lookup (options, "paused", "b", &paused);
      job = vmh_life_start (machine, paused, &error);
    }
  if (job)
    vmh_call_return (call, g_variant_new ("(o)", vmh_job_get_path (job)));
  else
    vmh_call_fail (call, error);
}
