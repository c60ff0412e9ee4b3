/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A port for a USB device that a viewer hands on. It is in no definition, and comes only while the
 * machine runs. */
#include "devices/vmh-plan-private.h"

char *
vmh_plan_dup_redirect (guint number)
{
  return g_strdup_printf ("usb-%u", number);
}

gboolean
vmh_plan_build_redirect (VmhPlan *plan, guint number, GError **error)
{
  g_autofree char *id = vmh_plan_dup_redirect (number);

  vmh_plan_listen (plan, id, id);
  if (!vmh_plan_need_usb (plan, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE,
                vmh_json ("driver=s", "usb-redir", "id=s", id, "bus=s", "usb.0", "chardev=s", id,
                          "debug=i", G_GINT64_CONSTANT (0), NULL));
  return TRUE;
}
