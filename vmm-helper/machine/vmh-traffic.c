/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "machine/vmh-traffic.h"

#include "devices/vmh-plan.h"
#include "host/vmh-tap.h"
#include "machine/vmh-life.h"
#include "qemu/vmh-qmp-measure.h"
#include "qemu/vmh-runtime.h"

typedef struct
{
  VmhTraffic traffic;
  GPtrArray *cards; /* InnElement */
  guint current;
} Counting;

static void
counting_free (gpointer data)
{
  Counting *counting = data;

  g_clear_pointer (&counting->cards, g_ptr_array_unref);
  g_free (counting);
}

static void
add (VmhTraffic *traffic, VmhTrafficKind kind, guint64 bytes)
{
  if (traffic->bytes[kind] == G_MAXUINT64)
    traffic->bytes[kind] = 0;
  traffic->bytes[kind] += MIN (bytes, G_MAXINT64);
}

static void count_cards (GTask *task);

static void
on_card_counted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Counting *counting = g_task_get_task_data (task);
  guint64 sent, received;

  if (vmh_runtime_count_card_finish (result, &sent, &received, NULL))
    {
      add (&counting->traffic, VMH_TRAFFIC_RECEIVED, received);
      add (&counting->traffic, VMH_TRAFFIC_SENT, sent);
    }
  counting->current++;
  count_cards (task);
}

/* As GetPerformance: a tap receives what the guest sends. */
static void
count_cards (GTask *task)
{
  Counting *counting = g_task_get_task_data (task);
  VmhBundle *bundle = vmh_machine_get_bundle (g_task_get_source_object (task));
  guint64 sent, received;

  for (; bundle && counting->current < counting->cards->len; counting->current++)
    {
      const InnElement *card = counting->cards->pdata[counting->current];
      g_autofree char *name = vmh_plan_id (card, counting->current);
      g_autofree char *mac = inn_element_dup (card, "mac");

      if (vmh_plan_is_user_card (card))
        {
          vmh_runtime_count_card_async (bundle, name, on_card_counted, g_object_ref (task));
          return;
        }
      if (mac && vmh_tap_count (mac, &sent, &received))
        {
          add (&counting->traffic, VMH_TRAFFIC_RECEIVED, received);
          add (&counting->traffic, VMH_TRAFFIC_SENT, sent);
        }
    }
  g_task_return_boolean (task, TRUE);
}

static void
on_drives (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Counting *counting = g_task_get_task_data (task);
  g_autoptr (GArray) drives = vmh_qmp_query_drives_finish (VMH_QMP (source), result, NULL);

  for (guint i = 0; drives && i < drives->len; i++)
    {
      const VmhQmpDrive *drive = &g_array_index (drives, VmhQmpDrive, i);

      add (&counting->traffic, VMH_TRAFFIC_READ, drive->bytes[0]);
      add (&counting->traffic, VMH_TRAFFIC_WRITTEN, drive->bytes[1]);
    }
  count_cards (task);
}

void
vmh_traffic_count_async (VmhMachine *machine, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, NULL, callback, data);
  Counting *counting = g_new0 (Counting, 1);
  InnDomain *domain = vmh_machine_get_live (machine);
  VmhQmp *monitor = vmh_life_get_monitor (machine, NULL);

  g_task_set_source_tag (task, vmh_traffic_count_async);
  g_task_set_task_data (task, counting, counting_free);
  for (guint i = 0; i < VMH_N_TRAFFIC; i++)
    counting->traffic.bytes[i] = G_MAXUINT64;
  counting->cards = domain ? inn_domain_list (domain, "interface")
                           : g_ptr_array_new_with_free_func ((GDestroyNotify)inn_element_free);
  if (monitor)
    vmh_qmp_query_drives_async (monitor, on_drives, g_object_ref (task));
  else
    g_task_return_boolean (task, FALSE);
}

void
vmh_traffic_count_finish (GAsyncResult *result, VmhTraffic *out_traffic)
{
  Counting *counting = g_task_get_task_data (G_TASK (result));

  g_task_propagate_boolean (G_TASK (result), NULL);
  *out_traffic = counting->traffic;
}
