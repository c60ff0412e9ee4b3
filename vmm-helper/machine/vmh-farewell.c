/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the order and the patience of the guests' end when the computer is turned off. */
#include "vmh-farewell.h"

#include "vmh-life.h"

typedef struct
{
  GPtrArray *machines;
  guint timeout;
} Farewell;

static void
farewell_free (gpointer data)
{
  Farewell *farewell = data;

  g_clear_handle_id (&farewell->timeout, g_source_remove);
  g_ptr_array_unref (farewell->machines);
  g_free (farewell);
}

static gboolean
is_on (VmhMachine *machine)
{
  switch (vmh_machine_get_state (machine))
    {
    case VMH_STATE_STARTING:
    case VMH_STATE_RUNNING:
    case VMH_STATE_PAUSED:
    case VMH_STATE_STOPPING:
      return TRUE;
    case VMH_STATE_OFF:
    case VMH_STATE_CRASHED:
    case VMH_STATE_BROKEN:
    default:
      return FALSE;
    }
}

static void
end (GTask *task)
{
  Farewell *farewell = g_task_get_task_data (task);

  for (guint i = 0; i < farewell->machines->len; i++)
    g_signal_handlers_disconnect_by_data (farewell->machines->pdata[i], task);
  g_clear_handle_id (&farewell->timeout, g_source_remove);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
on_end_timeout (gpointer data)
{
  Farewell *farewell = g_task_get_task_data (data);

  farewell->timeout = 0;
  end (data);
  return G_SOURCE_REMOVE;
}

static gboolean
check (GTask *task)
{
  Farewell *farewell = g_task_get_task_data (task);

  for (guint i = 0; i < farewell->machines->len; i++)
    if (is_on (farewell->machines->pdata[i]))
      return FALSE;
  end (task);
  return TRUE;
}

static gboolean
on_timeout (gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (data); /* it may end within */
  Farewell *farewell = g_task_get_task_data (task);

  farewell->timeout = g_timeout_add_seconds (VMH_FAREWELL_END_SECONDS, on_end_timeout, data);
  for (guint i = 0; i < farewell->machines->len; i++)
    {
      VmhMachine *machine = farewell->machines->pdata[i];

      if (!is_on (machine))
        continue;
      g_message ("“%s” has not shut down and is forced off.", vmh_machine_get_name (machine));
      vmh_life_force_off (machine);
    }
  return G_SOURCE_REMOVE;
}

static void
on_state_changed (VmhMachine *machine, GTask *task)
{
  check (task);
}

void
vmh_farewell_async (VmhManager *manager, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (manager, NULL, callback, data);
  g_autoptr (GTask) hold = g_object_ref (task); /* it may end within */
  Farewell *farewell = g_new0 (Farewell, 1);

  farewell->machines = vmh_manager_list (manager);
  g_task_set_task_data (task, farewell, farewell_free);
  if (check (task))
    return;
  farewell->timeout = g_timeout_add_seconds (VMH_FAREWELL_SECONDS, on_timeout, task);
  for (guint i = 0; i < farewell->machines->len; i++)
    {
      VmhMachine *machine = farewell->machines->pdata[i];

      g_signal_connect (machine, "state-changed", G_CALLBACK (on_state_changed), task);
      if (!is_on (machine))
        continue;
      g_message ("“%s” is asked to shut down.", vmh_machine_get_name (machine));
      vmh_life_press_button (machine);
    }
}
