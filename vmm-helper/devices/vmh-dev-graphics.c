/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How the screen is shown. Whatever the XML says, QEMU listens nowhere: the helper hands a socket
 * to whoever may look, so there is nothing to build here, and no password that could be empty. */
#include "devices/vmh-plan-private.h"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  return TRUE;
}

const VmhDeviceOps vmh_graphics_ops = { "graphics", build };
