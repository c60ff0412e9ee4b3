/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine's life after its start: what QEMU's events and its end mean, and the verbs that command
 * it. */
#include "vmh-life.h"

#include <glib/gi18n-lib.h>

#include "core/vmh-flow.h"
#include "devices/vmh-plan.h"
#include "host/vmh-cgroup.h"
#include "host/vmh-macvtap.h"
#include "host/vmh-tap.h"
#include "qemu/vmh-qmp-commands.h"
#include "shared/inn-errors.h"
#include "vmh-balloon.h"
#include "vmh-history.h"
#include "vmh-hostdev.h"
#include "vmh-live.h"
#include "vmh-picture.h"
#include "vmh-replug.h"
#include "vmh-shmem.h"
#include "vmh-store.h"
#include "vmh-words.h"

#define LOG_LINES 100
/* A picture from just before a guest began to shut down says more than one of its last lines. */
#define PICTURE_SECONDS 60
#define FATE            "vmh-fate"    /* a sentence: what it is about to end of */
#define TROUBLE         "vmh-trouble" /* a sentence: why it will stop in a moment */

/* Where a guest's restart is to end it, QEMU takes a reset of ours for one, and the BIOS resets
 * once more by itself. So a guest may restart from a reset until it has run for a while. */
#define RESTARTS      "vmh-restarts"     /* set while it may */
#define RESTARTS_END  "vmh-restarts-end" /* a source */
#define RESTARTS_SECS 10

#define MISSED "vmh-missed" /* set where it has ended itself before its start was done */

#define UP (1u << VMH_STATE_RUNNING | 1u << VMH_STATE_PAUSED)

static const char *const no_options[] = { NULL };

/* ---- states ---- */

char *
vmh_life_dup_crash (VmhMachine *machine, const char *sentence, GBytes *words, gboolean guest)
{
  g_autofree char *log = vmh_machine_dup_log (machine, LOG_LINES);
  g_autofree char *serial = vmh_words_dup_serial (words);
  g_autofree char *errors = vmh_words_dup_errors (log);
  const char *last = *serial && (guest || !*errors) ? serial : errors;
  const char *known = last == errors ? vmh_words_explain (errors) : NULL;

  if (known)
    return g_strdup (known);
  return *last ? g_strchomp (g_strdup_printf (_ ("%s Its last words:\n%s"), sentence, last))
               : g_strdup (sentence);
}

static gboolean
is_others (const char *machine, const char *mac, gpointer data)
{
  return *machine != '\0' && !g_str_equal (machine, vmh_machine_get_uuid (data));
}

void
vmh_life_settle (VmhMachine *machine, VmhState state, const char *reason)
{
  vmh_machine_set_qemu (machine, NULL);
  vmh_hostdev_release_all (machine);
  vmh_machine_set_live (machine, NULL);
  vmh_machine_set_accelerator (machine, NULL, NULL);
  vmh_machine_set_user_network (machine, NULL);
  vmh_machine_set_state (machine, state, reason);
  vmh_history_follow (machine);
  vmh_replug_follow ();
  vmh_shmem_sweep ();
  if (vmh_store_is_system ()) /* its network and control group may have been its own alone */
    {
      vmh_macvtap_sweep (is_others, machine);
      vmh_tap_sweep ();
      vmh_cgroup_remove (vmh_machine_get_uuid (machine));
    }
}

static void
set_trouble (VmhQemu *qemu, const char *sentence)
{
  g_object_set_data_full (G_OBJECT (qemu), TROUBLE, g_strdup (sentence), g_free);
}

static InnElement
get_events (VmhMachine *machine)
{
  InnDomain *live = vmh_machine_get_live (machine);

  return inn_domain_get (live ? live : vmh_machine_get_domain (machine), "events");
}

static void
clear_source (gpointer id)
{
  g_source_remove (GPOINTER_TO_UINT (id));
}

static gboolean
on_restarts_end (gpointer data)
{
  GObject *qemu = data;
  VmhQmp *monitor = vmh_qemu_get_monitor (data);

  g_object_steal_data (qemu, RESTARTS_END);
  g_object_set_data (qemu, RESTARTS, NULL);
  if (monitor)
    vmh_qmp_set_restarts (monitor, FALSE);
  return G_SOURCE_REMOVE;
}

static void
count_restarts (VmhQemu *qemu, gboolean running)
{
  guint id = 0;

  if (!g_object_get_data (G_OBJECT (qemu), RESTARTS))
    return;
  g_object_set_data (G_OBJECT (qemu), RESTARTS_END, NULL);
  if (running)
    id = g_timeout_add_seconds (RESTARTS_SECS, on_restarts_end, qemu);
  if (running)
    g_object_set_data_full (G_OBJECT (qemu), RESTARTS_END, GUINT_TO_POINTER (id), clear_source);
}

/* Before a reset of ours. */
static void
allow_restarts (VmhMachine *machine, VmhQmp *monitor)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);
  InnElement events = get_events (machine);

  if (inn_element_is (&events, "on-reboot", "restart"))
    return;
  vmh_qmp_set_restarts (monitor, TRUE);
  g_object_set_data (G_OBJECT (qemu), RESTARTS, qemu);
  count_restarts (qemu, vmh_machine_get_state (machine) == VMH_STATE_RUNNING);
}

/* What the XML wants where the guest has ended by itself: @field "on-poweroff", "on-reboot",
 * "on-crash". QEMU stands still meanwhile. */
static void
obey_event (VmhMachine *machine, const char *field, const char *what)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);
  VmhQmp *monitor = vmh_qemu_get_monitor (qemu);
  InnElement events = get_events (machine);

  if (inn_element_is (&events, field, "restart") && monitor)
    {
      allow_restarts (machine, monitor);
      vmh_qmp_verb (monitor, VMH_QMP_RESET);
      vmh_qmp_verb (monitor, VMH_QMP_CONT);
    }
  else if (inn_element_is (&events, field, "preserve"))
    {
      set_trouble (qemu, what); /* for the STOP that follows */
      vmh_machine_set_state (machine, VMH_STATE_PAUSED, what);
    }
  else
    {
      if (g_str_equal (field, "on-crash"))
        {
          g_object_set_data_full (G_OBJECT (qemu), FATE, g_strdup (what), g_free);
          vmh_qemu_want_words (qemu);
        }
      vmh_machine_set_state (machine, VMH_STATE_STOPPING, NULL);
      vmh_picture_kill (machine, qemu, g_str_equal (field, "on-crash") ? 0 : PICTURE_SECONDS);
    }
}

/* Nobody has seen whether it shut down or asked for a restart. What is to be preserved is. */
static void
obey_shutdown (VmhMachine *machine)
{
  InnElement events = get_events (machine);

  if (inn_element_is (&events, "on-reboot", "preserve"))
    obey_event (machine, "on-reboot", _ ("It has shut down, or asked for a restart."));
  else
    obey_event (machine, "on-poweroff", _ ("It has shut down."));
}

static gboolean
is_up (VmhMachine *machine)
{
  VmhState state = vmh_machine_get_state (machine);

  return state == VMH_STATE_RUNNING || state == VMH_STATE_PAUSED;
}

static void
on_stop (VmhMachine *machine, VmhQemu *qemu)
{
  count_restarts (qemu, FALSE);
  if (is_up (machine))
    vmh_machine_set_state (machine, VMH_STATE_PAUSED, g_object_get_data (G_OBJECT (qemu), TROUBLE));
}

static void
on_resume (VmhMachine *machine, VmhQemu *qemu)
{
  g_object_set_data (G_OBJECT (qemu), TROUBLE, NULL);
  count_restarts (qemu, TRUE);
  if (is_up (machine))
    vmh_machine_set_state (machine, VMH_STATE_RUNNING, NULL);
}

static void
on_block_error (VmhQemu *qemu, JsonObject *data)
{
  if (!g_str_equal (vmh_qmp_string (data, "action"), "stop"))
    return;
  set_trouble (qemu, vmh_qmp_flag (data, "nospace")
                         ? _ ("This computer's disk is full. Make room, then resume the machine.")
                         : _ ("One of its disks cannot be read or written. Look at the disk, then "
                              "resume the machine."));
}

static void
on_qemu_event (VmhQemu *qemu, const char *name, JsonObject *data, gpointer user_data)
{
  VmhMachine *machine = user_data;

  if (g_str_equal (name, "STOP"))
    on_stop (machine, qemu);
  else if (g_str_equal (name, "RESUME"))
    on_resume (machine, qemu);
  else if (g_str_equal (name, "BLOCK_IO_ERROR"))
    on_block_error (qemu, data);
  else if (g_str_equal (name, "DEVICE_DELETED"))
    vmh_live_let_go (machine, vmh_qmp_string (data, "device"));
  else if (g_str_equal (name, "WATCHDOG"))
    set_trouble (qemu, _ ("Its watchdog has found that the system in it hangs."));
  else if (vmh_machine_get_state (machine) == VMH_STATE_STARTING &&
           (g_str_equal (name, "GUEST_PANICKED") || g_str_equal (name, "SHUTDOWN")))
    g_object_set_data (G_OBJECT (qemu), MISSED, qemu);
  else if (g_str_equal (name, "GUEST_PANICKED") && is_up (machine))
    obey_event (machine, "on-crash", _ ("The system in it has crashed."));
  else if (g_str_equal (name, "SHUTDOWN") && is_up (machine))
    {
      const char *reason = vmh_qmp_string (data, "reason");

      if (g_str_equal (reason, "guest-reset"))
        obey_event (machine, "on-reboot", _ ("It has asked for a restart."));
      else if (g_str_equal (reason, "guest-shutdown"))
        obey_event (machine, "on-poweroff", _ ("It has shut down."));
    }
}

static void
on_qemu_ended (VmhQemu *qemu, gboolean clean, gpointer user_data)
{
  VmhMachine *machine = user_data;
  VmhState state = vmh_machine_get_state (machine);
  const char *fate = g_object_get_data (G_OBJECT (qemu), FATE);

  if (vmh_machine_get_qemu (machine) != qemu)
    return;
  if (state == VMH_STATE_STARTING) /* the start's own end says what comes of it */
    return;
  if (fate)
    {
      g_autofree char *reason = vmh_life_dup_crash (machine, fate, vmh_qemu_get_words (qemu), TRUE);

      vmh_life_settle (machine, VMH_STATE_CRASHED, reason);
    }
  else if (clean || state == VMH_STATE_STOPPING)
    {
      vmh_flow_mark ("off", 3);
      vmh_life_settle (machine, VMH_STATE_OFF, NULL);
      vmh_flow_mark ("off", 4);
    }
  else
    {
      g_autofree char *reason = vmh_life_dup_crash (
          machine, _ ("QEMU, the program that runs it, has ended unexpectedly."),
          vmh_qemu_get_words (qemu), FALSE);

      vmh_life_settle (machine, VMH_STATE_CRASHED, reason);
    }
}

void
vmh_life_adopt (VmhMachine *machine, VmhQemu *qemu)
{
  vmh_machine_set_qemu (machine, qemu);
  g_signal_connect_object (qemu, "event", G_CALLBACK (on_qemu_event), machine, 0);
  g_signal_connect_object (qemu, "ended", G_CALLBACK (on_qemu_ended), machine, 0);
}

void
vmh_life_follow_cards (VmhMachine *machine)
{
  InnDomain *live = vmh_machine_get_live (machine);
  g_autoptr (GPtrArray) cards = live ? inn_domain_list (live, "interface") : NULL;

  for (guint i = 0; cards && i < cards->len; i++)
    if (*vmh_machine_get_user_network (machine) == '\0' && vmh_plan_is_user_card (cards->pdata[i]))
      vmh_machine_set_user_network (machine, "passt");
}

void
vmh_life_obey_status (VmhMachine *machine, const char *status)
{
  static const struct
  {
    const char *status, *reason;
  } pauses[] = {
    { "paused", NULL },
    { "suspended", N_ ("The system in it sleeps. Press a key in it to wake it.") },
    { "io-error", N_ ("One of its disks cannot be written. Make room, then resume the machine.") },
    { "watchdog", N_ ("Its watchdog has found that the system in it hangs.") },
    { "prelaunch", N_ ("It has not begun yet. Resume it.") },
    { "internal-error", N_ ("QEMU, the program that runs it, cannot go on with it. Reset it.") },
  };
  const char *reason = NULL;

  if (g_str_equal (status, "running"))
    {
      vmh_machine_set_state (machine, VMH_STATE_RUNNING, NULL);
      return;
    }
  if (g_str_equal (status, "guest-panicked"))
    {
      obey_event (machine, "on-crash", _ ("The system in it has crashed."));
      return;
    }
  if (g_str_equal (status, "shutdown"))
    {
      obey_shutdown (machine);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (pauses); i++)
    if (g_str_equal (pauses[i].status, status))
      reason = pauses[i].reason;
  vmh_machine_set_state (machine, VMH_STATE_PAUSED, reason ? _ (reason) : NULL);
}

static void
on_status_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhMachine) machine = data;
  VmhQemu *qemu = vmh_machine_get_qemu (machine);
  g_autofree char *status = vmh_qmp_query_status_finish (VMH_QMP (source), result, NULL);

  if (status && qemu && vmh_qemu_get_monitor (qemu) == VMH_QMP (source) && is_up (machine))
    vmh_life_obey_status (machine, status);
}

void
vmh_life_begin (VmhMachine *machine, gboolean paused)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);

  vmh_machine_set_state (machine, paused ? VMH_STATE_PAUSED : VMH_STATE_RUNNING, NULL);
  vmh_balloon_follow (machine);
  vmh_history_follow (machine);
  vmh_replug_look ();
  if (qemu && g_object_steal_data (G_OBJECT (qemu), MISSED))
    vmh_qmp_query_status_async (vmh_qemu_get_monitor (qemu), on_status_told,
                                g_object_ref (machine));
}

pid_t
vmh_life_get_pid (VmhMachine *machine)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);

  return qemu ? vmh_qemu_get_pid (qemu) : 0;
}

static GError *
no_answer (VmhMachine *machine, InnError code)
{
  return g_error_new (
      INN_ERROR, (int)code,
      _ ("QEMU, the program that runs “%s”, does not answer. The machine can only be "
         "forced off."),
      vmh_machine_get_name (machine));
}

VmhQmp *
vmh_life_get_monitor (VmhMachine *machine, GError **error)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);
  VmhQmp *monitor = qemu ? vmh_qemu_get_monitor (qemu) : NULL;

  if (!monitor)
    g_propagate_error (error, no_answer (machine, INN_ERROR_QEMU));
  return monitor;
}

void
vmh_life_fail (VmhCall *call, GError *error)
{
  if (!g_error_matches (error, INN_ERROR, INN_ERROR_TIMEOUT))
    {
      vmh_call_fail (call, error);
      return;
    }
  g_info ("%s", error->message);
  g_error_free (error);
  vmh_call_fail (call, no_answer (vmh_call_get_object (call), INN_ERROR_TIMEOUT));
}

/* ---- verbs ---- */

static void
on_verb_done (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhCall *call = data;
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (reply)
    vmh_call_return (call, NULL);
  else
    vmh_life_fail (call, error);
}

static gboolean
check_verb (VmhCall *call, guint states, GError **error)
{
  g_autoptr (GVariant) options = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  return vmh_call_check_options (options, no_options, error) &&
         vmh_machine_require (vmh_call_get_object (call), states, error);
}

/* The guest's clock has stood still meanwhile. */
static void
on_resumed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhMachine) machine = g_object_ref (vmh_call_get_object (data));

  on_verb_done (source, result, data);
  vmh_guest_follow_time (machine);
}

/* A verb that is one command of QEMU's. */
static void
run_verb (VmhCall *call, VmhQmpVerb verb)
{
  VmhMachine *machine = vmh_call_get_object (call);
  const gboolean was_paused =
      verb == VMH_QMP_CONT && vmh_machine_get_state (machine) == VMH_STATE_PAUSED;
  VmhQmp *monitor;
  GError *error = NULL;

  if (!check_verb (call, UP, &error) || !(monitor = vmh_life_get_monitor (machine, &error)))
    {
      vmh_call_fail (call, error);
      return;
    }
  if (verb == VMH_QMP_RESET)
    {
      vmh_flow_mark ("reset", 0);
      allow_restarts (machine, monitor);
      vmh_flow_mark ("reset", 1);
    }
  vmh_qmp_verb_async (monitor, verb, was_paused ? on_resumed : on_verb_done, call);
  if (verb == VMH_QMP_RESET)
    vmh_flow_mark ("reset", 2);
}

void
vmh_verb_shutdown (VmhCall *call)
{
  if (is_up (vmh_call_get_object (call)))
    vmh_picture_note (vmh_call_get_object (call));
  run_verb (call, VMH_QMP_POWERDOWN);
}

void
vmh_verb_reset (VmhCall *call)
{
  run_verb (call, VMH_QMP_RESET);
}

void
vmh_verb_pause (VmhCall *call)
{
  run_verb (call, VMH_QMP_STOP);
}

void
vmh_verb_resume (VmhCall *call)
{
  run_verb (call, VMH_QMP_CONT);
}

/* ---- force off ---- */

static void
on_forced_state_changed (VmhMachine *machine, gpointer data)
{
  VmhState state = vmh_machine_get_state (machine);
  VmhCall *call = data;

  if (state != VMH_STATE_OFF && state != VMH_STATE_CRASHED && state != VMH_STATE_BROKEN)
    return;
  g_signal_handlers_disconnect_by_func (machine, on_forced_state_changed, call);
  vmh_call_return (call, NULL);
}

void
vmh_life_force_off (VmhMachine *machine)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);

  if (vmh_machine_get_state (machine) == VMH_STATE_STARTING)
    {
      vmh_life_cancel_start (machine);
      if (qemu)
        vmh_qemu_kill (qemu);
      return;
    }
  if (vmh_machine_get_state (machine) == VMH_STATE_BROKEN) /* and stays so */
    {
      if (qemu)
        vmh_qemu_kill (qemu);
      return;
    }
  vmh_flow_mark ("off", 0);
  vmh_machine_set_state (machine, VMH_STATE_STOPPING, NULL);
  vmh_flow_mark ("off", 1);
  if (qemu)
    vmh_picture_kill (machine, qemu, 0);
  vmh_flow_mark ("off", 2);
}

void
vmh_verb_force_off (VmhCall *call)
{
  VmhMachine *machine = vmh_call_get_object (call);
  guint broken = vmh_machine_get_qemu (machine) ? 1u << VMH_STATE_BROKEN : 0;
  GError *error = NULL;

  if (!check_verb (call,
                   UP | 1u << VMH_STATE_STARTING | 1u << VMH_STATE_STOPPING |
                       1u << VMH_STATE_CRASHED | broken,
                   &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  if (vmh_machine_get_state (machine) == VMH_STATE_CRASHED)
    {
      vmh_machine_set_state (machine, VMH_STATE_OFF, NULL);
      vmh_call_return (call, NULL);
      return;
    }
  g_signal_connect (machine, "state-changed", G_CALLBACK (on_forced_state_changed), call);
  vmh_life_force_off (machine);
}

/* ---- the computer is turned off ---- */

void
vmh_life_press_button (VmhMachine *machine)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);
  VmhQmp *monitor = qemu ? vmh_qemu_get_monitor (qemu) : NULL;
  VmhState state = vmh_machine_get_state (machine);

  if (state == VMH_STATE_STOPPING)
    return;
  if (state == VMH_STATE_STARTING || !monitor)
    {
      vmh_life_force_off (machine);
      return;
    }
  vmh_picture_note (machine);
  if (state == VMH_STATE_PAUSED)
    vmh_qmp_verb (monitor, VMH_QMP_CONT);
  vmh_qmp_verb (monitor, VMH_QMP_POWERDOWN);
}
