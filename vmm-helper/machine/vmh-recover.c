/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* When the helper begins: each machine's guest is looked for, and taken up where it runs. */
#include "vmh-life.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>

#include "qemu/vmh-qmp-commands.h"
#include "qemu/vmh-record.h"
#include "vmh-balloon.h"
#include "vmh-history.h"
#include "vmh-hostdev.h"
#include "vmh-live.h"
#include "vmh-replug.h"
#include "vmh-share.h"

#define PATIENCE_MS 1000 /* for all guests together, before the helper goes on the bus */

typedef struct
{
  VmhMachine *machine;
  VmhQemu *qemu;
} Recovery;

static guint under_way; /* of those that were begun */

static void
end_recovery (Recovery *recovery)
{
  under_way--;
  g_object_unref (recovery->machine);
  g_object_unref (recovery->qemu);
  g_free (recovery);
}

static InnDomain *
load_live (VmhBundle *bundle)
{
  g_autofree char *xml = vmh_bundle_load_runtime (bundle, VMH_LIVE_XML, INN_DOMAIN_MAX_XML);

  return xml ? inn_domain_parse (xml, -1, NULL) : NULL;
}

static void
on_status (GObject *source, GAsyncResult *result, gpointer data)
{
  Recovery *recovery = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *status = vmh_qmp_query_status_finish (VMH_QMP (source), result, &error);

  if (vmh_machine_get_qemu (recovery->machine) != recovery->qemu)
    ; /* it has ended meanwhile */
  else if (status)
    {
      vmh_life_obey_status (recovery->machine, status);
      vmh_live_resume (recovery->machine);
      vmh_balloon_set_period (recovery->machine); /* somebody may have looked at it meanwhile */
      vmh_balloon_follow (recovery->machine);
      vmh_history_follow (recovery->machine);
      vmh_replug_look ();
    }
  else
    g_warning ("%s: %s", vmh_machine_get_name (recovery->machine), error->message);
  end_recovery (recovery);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Recovery *recovery = data;
  VmhMachine *machine = recovery->machine;
  g_autoptr (GError) error = NULL;
  gboolean clean;

  if (vmh_qemu_connect_finish (recovery->qemu, result, &error))
    {
      vmh_qmp_query_status_async (vmh_qemu_get_monitor (recovery->qemu), on_status, recovery);
      return;
    }
  /* Not where it has been forced off meanwhile: it will be off, and has not crashed. */
  if (vmh_machine_get_qemu (machine) == recovery->qemu &&
      vmh_machine_get_state (machine) == VMH_STATE_RUNNING &&
      !vmh_qemu_has_ended (recovery->qemu, &clean))
    vmh_machine_set_state (machine, VMH_STATE_RUNNING,
                           _ ("QEMU, the program that runs it, does not answer. The machine can "
                              "only be forced off."));
  end_recovery (recovery);
}

static gboolean
on_patience_over (gpointer data)
{
  gboolean *over = data;

  *over = TRUE;
  return G_SOURCE_REMOVE;
}

void
vmh_life_wait_recovered (void)
{
  gboolean over = FALSE;
  guint timeout = g_timeout_add (PATIENCE_MS, on_patience_over, &over);

  while (under_way > 0 && !over)
    g_main_context_iteration (NULL, TRUE);
  if (!over)
    g_source_remove (timeout);
}

static void
take_up (VmhMachine *machine, VmhQemu *qemu)
{
  Recovery *recovery = g_new0 (Recovery, 1);
  g_autoptr (InnDomain) live = load_live (vmh_machine_get_bundle (machine));

  recovery->machine = g_object_ref (machine);
  recovery->qemu = g_object_ref (qemu);
  under_way++;
  vmh_life_adopt (machine, qemu);
  vmh_machine_set_live (machine, live ? live : vmh_machine_get_domain (machine));
  vmh_machine_set_accelerator (machine, vmh_qemu_get_accelerator (qemu),
                               vmh_qemu_get_reason (qemu));
  vmh_machine_set_user_network (machine, vmh_qemu_get_user_network (qemu));
  vmh_life_follow_cards (machine);
  vmh_machine_set_state (machine, VMH_STATE_RUNNING, NULL);
  vmh_share_set_apart (machine); /* where the one before us did not come that far */
  vmh_qemu_connect_async (qemu, NULL, on_connected, recovery);
}

/* What the one that has ended while nobody looked left behind. */
static void
tell_end (VmhMachine *machine)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  g_autoptr (VmhRecord) record = vmh_record_load (bundle);
  g_autoptr (GBytes) words = NULL;
  gboolean clean = vmh_record_load_end (bundle, &words);

  if (record && record->qemu.pid != 0 && !clean)
    {
      g_autofree char *reason = vmh_life_dup_crash (
          machine, _ ("QEMU, the program that runs it, has ended unexpectedly."), words, FALSE);

      vmh_machine_set_state (machine, VMH_STATE_CRASHED, reason);
    }
  vmh_record_remove (bundle, NULL);
}

static void
on_broken_ended (VmhQemu *qemu, gboolean clean, gpointer data)
{
  VmhMachine *machine = data;
  g_autofree char *reason = g_strdup (vmh_machine_get_state_reason (machine));

  vmh_machine_set_qemu (machine, NULL);
  vmh_hostdev_release_all (machine);
  vmh_machine_set_state (machine, VMH_STATE_BROKEN, reason);
}

/* Its definition was damaged while it ran: it runs on, and can be forced off. */
static void
hold_broken (VmhMachine *machine, VmhQemu *qemu)
{
  vmh_machine_set_qemu (machine, qemu);
  g_signal_connect_object (qemu, "ended", G_CALLBACK (on_broken_ended), machine, 0);
}

void
vmh_life_recover (VmhMachine *machine)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  gboolean broken = vmh_machine_get_state (machine) == VMH_STATE_BROKEN;
  g_autoptr (VmhQemu) qemu = NULL;

  /* Of a thousand machines few run: the others get no folder, and no file of it is held. */
  if (!bundle || !vmh_bundle_has_runtime (bundle))
    return;
  qemu = vmh_qemu_find (bundle);
  if (qemu && broken)
    hold_broken (machine, qemu);
  else if (broken)
    vmh_record_remove (bundle, NULL);
  else if (qemu)
    take_up (machine, qemu);
  else
    tell_end (machine);
}
