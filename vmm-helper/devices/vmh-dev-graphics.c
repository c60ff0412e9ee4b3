/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How the screen is shown. Whatever the XML says, QEMU listens nowhere: the helper hands a socket
 * to whoever may look, so there is nothing to build here, and no password that could be empty. What
 * a screen says is which graphics card of this computer draws. */
#include "devices/vmh-plan-private.h"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  return TRUE;
}

gboolean
vmh_plan_draws (InnDomain *domain, char **out_node)
{
  g_autoptr (GPtrArray) cards = inn_domain_list (domain, "video");
  g_autoptr (GPtrArray) screens = inn_domain_list (domain, "graphics");
  gboolean draws = FALSE;

  for (guint i = 0; i < cards->len; i++)
    draws |= inn_element_get_bool (cards->pdata[i], "accel3d");
  for (guint i = 0; draws && i < screens->len && !*out_node; i++)
    if (inn_element_is (screens->pdata[i], "type", "egl-headless"))
      *out_node = inn_element_dup (screens->pdata[i], "render-node");
  return draws;
}

const VmhDeviceOps vmh_graphics_ops = { "graphics", build };
