/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Network cards. User mode needs no rights: passt beside QEMU, which then has no network of its
 * own, or where that cannot be, slirp in QEMU. */
#include "devices/vmh-plan-private.h"

/* Where the XML has no address: one that stays the same for this machine. */
static char *
stable_mac (VmhPlan *plan, guint index)
{
  g_autofree char *uuid = inn_domain_dup_uuid (plan->domain);
  g_autofree char *seed = g_strdup_printf ("%s/%u", uuid ? uuid : "", index);
  guint hash = g_str_hash (seed);

  return g_strdup_printf ("52:54:00:%02x:%02x:%02x", hash & 0xff, (hash >> 8) & 0xff,
                          (hash >> 16) & 0xff);
}

/* The shim has passt at the other end of the socket. */
static JsonObject *
user_backend (VmhPlan *plan, const char *id, const char *backend)
{
  g_autofree char *number = NULL;

  if (!plan->host.passt || !vmh_plan_has (plan, "netdev-stream"))
    {
      plan->user_network = "slirp";
      return vmh_json ("type=s", "user", "id=s", backend, NULL);
    }
  plan->user_network = "passt";
  number = g_strdup_printf ("%d", vmh_plan_fd (plan, VMH_PLAN_FD_NET, id, NULL));
  return vmh_json ("type=s", "stream", "id=s", backend, "server=b", FALSE, "addr=o",
                   vmh_json ("type=s", "fd", "str=s", number, NULL), NULL);
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *backend = g_strconcat ("host-", id, NULL);
  g_autofree char *mac = inn_element_dup (element, "mac");
  g_autofree char *model = inn_element_dup (element, "model");
  guint64 mtu = inn_element_get_uint (element, "mtu");
  gboolean virtio = g_str_equal (model, "virtio");
  g_autoptr (JsonObject) device = NULL;

  if (!inn_element_is (element, "type", "user"))
    return vmh_plan_refuse (error,
                            _ ("Virtual networks and bridges cannot be used yet. Connect the "
                               "network card to the internet through this computer."));
  vmh_plan_add (plan, VMH_NODE_NETDEV, user_backend (plan, id, backend));
  device = vmh_json ("driver=s", virtio ? "virtio-net-pci" : model, "id=s", id, "netdev=s", backend,
                     NULL);
  if (!mac)
    mac = stable_mac (plan, index);
  json_object_set_string_member (device, "mac", mac);
  if (virtio && mtu > 0)
    json_object_set_int_member (device, "host_mtu", (gint64)mtu);
  vmh_plan_boot (plan, element, device);
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  if (!inn_element_get_bool (element, "link"))
    vmh_plan_command (plan, "set_link", vmh_json ("name=s", id, "up=b", FALSE, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_interface_ops = { "interface", build };
