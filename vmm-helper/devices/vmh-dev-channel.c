/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Named channels to agents in the guest: qemu-guest-agent, on a socket that a later helper can
 * connect to again; and the desktop agent (clipboard, pointer), whose other end is in QEMU. */
#include "devices/vmh-plan-private.h"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *name = inn_element_dup (element, "name");
  guint number = plan->channels++; /* those that every machine has count too */
  g_autofree char *id = g_strdup_printf ("channel-%u", number);
  g_autofree char *line = g_strdup_printf ("channel%u", number);
  gboolean desktop = inn_element_is (element, "type", "qemu-vdagent") ||
                     inn_element_is (element, "type", "spicevmc");

  if (!vmh_plan_need_virtio_serial (plan, error))
    return FALSE;
  if (desktop && !vmh_plan_has (plan, "chardev-qemu-vdagent"))
    return vmh_plan_refuse (error, _ ("The QEMU installed here has no desktop agent. Remove its "
                                      "channel."));
  if (desktop)
    vmh_plan_add (
        plan, VMH_NODE_CHARDEV,
        vmh_json (
            "id=s", line, "backend=o",
            vmh_json ("type=s", "qemu-vdagent", "data=o",
                      vmh_json ("mouse=b", inn_element_is (element, "mouse", "client"),
                                "clipboard=b", inn_element_get_bool (element, "clipboard"), NULL),
                      NULL),
            NULL));
  else if (inn_element_is (element, "type", "pty"))
    vmh_plan_line (plan, line, line, "channel");
  else
    vmh_plan_listen (plan, line, g_str_equal (name, "org.qemu.guest_agent.0") ? "agent" : line);
  vmh_plan_add (plan, VMH_NODE_DEVICE,
                vmh_json ("driver=s", "virtserialport", "id=s", id, "bus=s", "virtio-serial.0",
                          "name=s", name, "chardev=s", line, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_channel_ops = { "channel", build };
