/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmh-bandwidth.h"

#include "devices/vmh-plan.h"
#include "host/vmh-tap.h"

#define KB 1000 /* libvirt hands its numbers to tc(8) as “kbps” */

VmhCardLimits
vmh_bandwidth_read (const InnElement *card)
{
  const VmhCardLimits limits = { .to_guest = inn_element_get_uint (card, "in-average") * KB,
                                 .to_guest_burst = inn_element_get_uint (card, "in-burst") * KB,
                                 .from_guest = inn_element_get_uint (card, "out-average") * KB,
                                 .from_guest_burst =
                                     inn_element_get_uint (card, "out-burst") * KB };

  return limits;
}

gboolean
vmh_bandwidth_is_limited (const VmhCardLimits *limits)
{
  return limits->to_guest > 0 || limits->from_guest > 0;
}

gboolean
vmh_bandwidth_limit_cable (uid_t owner,
                           const InnElement *card,
                           const VmhCardLimits *limits,
                           GError **error)
{
  g_autofree char *type = inn_element_dup (card, "type");
  g_autofree char *holder = inn_element_dup (card, type); /* the field has the type's name */
  g_autofree char *mac = inn_element_dup (card, "mac");
  const VmhCable at = { .owner = owner,
                        .isolated = g_str_equal (type, "network"),
                        .direct = g_str_equal (type, "direct"),
                        .name = holder };
  const VmhRate to = { limits->to_guest, limits->to_guest_burst };
  const VmhRate from = { limits->from_guest, limits->from_guest_burst };

  return vmh_tap_limit (mac, &at, &to, &from, error);
}

typedef struct
{
  VmhBundle *bundle;
  gboolean passt;
  GPtrArray *cards; /* InnElement */
  guint current;
} Limiting;

static void
limiting_free (gpointer data)
{
  Limiting *limiting = data;

  vmh_bundle_unref (limiting->bundle);
  g_ptr_array_unref (limiting->cards);
  g_free (limiting);
}

static void limit_next (GTask *task);

static void
on_limited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Limiting *limiting = g_task_get_task_data (task);
  GError *error = NULL;

  if (!vmh_runtime_view_finish (result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  limiting->current++;
  limit_next (task);
}

static void
limit_next (GTask *task)
{
  Limiting *limiting = g_task_get_task_data (task);

  for (; limiting->current < limiting->cards->len; limiting->current++)
    {
      const InnElement *card = limiting->cards->pdata[limiting->current];
      const VmhCardLimits limits = vmh_bandwidth_read (card);
      g_autofree char *name = vmh_plan_id (card, limiting->current);

      if (!vmh_bandwidth_is_limited (&limits))
        continue;
      if (!vmh_plan_is_user_card (card))
        {
          GError *error = NULL;

          if (vmh_bandwidth_limit_cable (vmh_bundle_get_owner (limiting->bundle), card, &limits,
                                         &error))
            continue;
          g_task_return_error (task, error);
          return;
        }
      if (!limiting->passt)
        continue; /* QEMU's own network has no limits */
      vmh_runtime_limit_card_async (limiting->bundle, name, &limits, on_limited,
                                    g_object_ref (task));
      return;
    }
  g_task_return_boolean (task, TRUE);
}

void
vmh_bandwidth_start_async (VmhBundle *bundle,
                           InnDomain *domain,
                           gboolean passt,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  Limiting *limiting = g_new0 (Limiting, 1);

  g_task_set_source_tag (task, vmh_bandwidth_start_async);
  limiting->bundle = vmh_bundle_ref (bundle);
  limiting->passt = passt;
  limiting->cards = inn_domain_list (domain, "interface");
  g_task_set_task_data (task, limiting, limiting_free);
  limit_next (task);
}
