/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Changes in a running machine that a killed helper has left amid, or that this computer has
 * brought: nobody's call waits for them, and whatever calls meanwhile is put off. */
#include "vmh-live-private.h"

#include "vmh-life.h"

#define MAX_NAMES (64 * 1024) /* bytes of VMH_LIVE_CHANGES */

typedef struct
{
  InnDomain *wanted;
  GPtrArray *changes;
  GArray *outcomes;
  void (*done) (gpointer data); /* NULL: nobody waits */
  gpointer data;
} Resumption;

static void
on_resumed (GObject *source, GAsyncResult *result, gpointer data)
{
  Resumption *resumption = data;
  VmhLive *live = g_task_get_task_data (G_TASK (result));
  GError *error = NULL;

  g_object_set_data (source, VMH_LIVE_RESUMED, NULL);
  vmh_machine_end (VMH_MACHINE (source));
  for (guint i = 0; i < live->put_off->len; i++)
    {
      const VmhPutOff *it = &g_array_index (live->put_off, VmhPutOff, i);

      if (g_cancellable_set_error_if_cancelled (vmh_call_get_cancellable (it->call), &error))
        vmh_call_fail (it->call, g_steal_pointer (&error));
      else
        it->verb (it->call);
    }
  for (guint i = 0; i < resumption->outcomes->len; i++)
    {
      const VmhOutcome *outcome = &g_array_index (resumption->outcomes, VmhOutcome, i);

      if (outcome->sentence)
        g_message ("%s: %s", vmh_machine_get_name (VMH_MACHINE (source)), outcome->sentence);
    }
  if (resumption->done)
    resumption->done (resumption->data);
  inn_domain_unref (resumption->wanted);
  g_ptr_array_unref (resumption->changes);
  g_array_unref (resumption->outcomes);
  g_free (resumption);
}

/* What differs and was under way; what waited for the next start before does so still. */
static GPtrArray *
find_broken_off (VmhMachine *machine, const char *names)
{
  g_auto (GStrv) lines = g_strsplit (names, "\n", -1);
  GPtrArray *changes =
      inn_domain_diff (vmh_machine_get_live (machine), vmh_machine_get_domain (machine));

  for (guint i = changes->len; i > 0; i--)
    {
      g_autofree char *name = vmh_change_dup_name (changes->pdata[i - 1]);

      if (!g_strv_contains ((const char *const *)lines, name))
        g_ptr_array_remove_index (changes, i - 1);
    }
  return changes;
}

/* The machine was begun, and is ended; @changes are taken over. */
static void
resume (VmhMachine *machine,
        GPtrArray *changes,
        gboolean written,
        void (*done) (gpointer data),
        gpointer data)
{
  Resumption *resumption = g_new0 (Resumption, 1);

  resumption->wanted = inn_domain_ref (vmh_machine_get_domain (machine));
  resumption->changes = changes;
  resumption->outcomes = g_array_new (FALSE, TRUE, sizeof (VmhOutcome));
  resumption->done = done;
  resumption->data = data;
  g_array_set_clear_func (resumption->outcomes, vmh_outcome_clear);
  g_array_set_size (resumption->outcomes, changes->len);
  vmh_live_begin (machine, resumption->wanted, changes, resumption->outcomes, written, TRUE,
                  on_resumed, resumption);
}

void
vmh_live_resume (VmhMachine *machine)
{
  g_autofree char *names =
      vmh_bundle_load_runtime (vmh_machine_get_bundle (machine), VMH_LIVE_CHANGES, MAX_NAMES);

  if (names && vmh_machine_get_live (machine) && vmh_machine_begin (machine, NULL))
    resume (machine, find_broken_off (machine, names), TRUE, NULL, NULL);
}

void
vmh_live_follow (VmhMachine *machine,
                 GPtrArray *changes,
                 void (*done) (gpointer data),
                 gpointer data)
{
  resume (machine, changes, FALSE, done, data);
}

gboolean
vmh_live_put_off (VmhCall *call, void (*verb) (VmhCall *call))
{
  VmhLive *live = g_object_get_data (vmh_call_get_object (call), VMH_LIVE_RESUMED);
  VmhPutOff it = { call, verb };

  if (!live)
    return FALSE;
  live->hurried = TRUE;
  g_array_append_val (live->put_off, it);
  return TRUE;
}
