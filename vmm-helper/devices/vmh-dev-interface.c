/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Network cards. User mode needs no rights: passt beside QEMU, which then has no network of its
 * own, or where that cannot be, slirp in QEMU. Bridges, and this computer's own cards, need the
 * system's helper. */
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

/* The shim has passt at the other end of the socket. Not "stream", which says the same on the wire:
 * QEMU 7.2 connects it in a thread, where an fd that came while it runs is not known by its name.
 */
static JsonObject *
user_backend (VmhPlan *plan, const char *id, const char *backend)
{
  g_autofree char *number = NULL;

  if (!plan->host.passt)
    {
      plan->user_network = "slirp";
      return vmh_json ("type=s", "user", "id=s", backend, NULL);
    }
  plan->user_network = "passt";
  number = vmh_plan_fd_name (plan, vmh_plan_fd (plan, VMH_PLAN_FD_NET, id, NULL));
  return vmh_json ("type=s", "socket", "id=s", backend, "fd=s", number, NULL);
}

/* The fd is of a tap that the helper has put where the cable leads: QEMU needs no rights for it,
 * and runs no script. */
static JsonObject *
tap_backend (VmhPlan *plan,
             const InnElement *element,
             const char *backend,
             const char *mac,
             const char *kind,
             const char *to)
{
  int fd = vmh_plan_fd (plan, VMH_PLAN_FD_TAP, mac, to);
  g_autofree char *number = vmh_plan_fd_name (plan, fd);
  VmhPlanFd *last = plan->fds->pdata[plan->fds->len - 1];

  last->kind = g_strdup (kind);
  if (g_str_equal (kind, "direct"))
    last->mode = inn_element_dup (element, "mode");
  return vmh_json ("type=s", "tap", "id=s", backend, "fd=s", number, NULL);
}

/* libvirt's network "default", which imported machines name, is the internet through this computer.
 */
gboolean
vmh_plan_is_user_card (const InnElement *element)
{
  g_autofree char *network = inn_element_dup (element, "network");

  return inn_element_is (element, "type", "user") ||
         (inn_element_is (element, "type", "network") && g_strcmp0 (network, "default") == 0);
}

static JsonObject *
make_backend (VmhPlan *plan,
              const InnElement *element,
              const char *id,
              const char *mac,
              GError **error)
{
  g_autofree char *backend = g_strconcat ("host-", id, NULL);
  g_autofree char *kind = inn_element_dup (element, "type");
  g_autofree char *to = NULL;

  if (vmh_plan_is_user_card (element))
    return user_backend (plan, id, backend);
  to = inn_element_dup (element, kind); /* the field has the type's name */
  if (plan->host.bridges)
    return tap_backend (plan, element, backend, mac, kind, to);
  if (g_str_equal (kind, "bridge"))
    vmh_plan_refuse (error,
                     _ ("Machines of a session cannot use this computer's bridges, as “%s”. "
                        "Connect the network card to the internet through this computer, or make "
                        "the machine for the whole system."),
                     to);
  else if (g_str_equal (kind, "direct"))
    vmh_plan_refuse (error,
                     _ ("Machines of a session cannot share this computer's network cards, as "
                        "“%s”. Connect the network card to the internet through this computer, or "
                        "make the machine for the whole system."),
                     to);
  else
    vmh_plan_refuse (error,
                     _ ("Machines of a session cannot have a network between them, as “%s”. "
                        "Connect the network card to the internet through this computer, or make "
                        "the machine for the whole system."),
                     to);
  return NULL;
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
  JsonObject *netdev;

  if (!mac)
    mac = stable_mac (plan, index);
  netdev = make_backend (plan, element, id, mac, error);
  if (!netdev)
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_NETDEV, netdev);
  device = vmh_json ("driver=s", virtio ? "virtio-net-pci" : model, "id=s", id, "netdev=s", backend,
                     "mac=s", mac, NULL);
  if (virtio && mtu > 0)
    json_object_set_int_member (device, "host_mtu", (gint64)mtu);
  if (!inn_element_get_bool (element, "rom"))
    json_object_set_int_member (device, "rombar", 0);
  vmh_plan_boot (plan, element, device);
  if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  if (!inn_element_get_bool (element, "link"))
    vmh_plan_command (plan, "set_link", vmh_json ("name=s", id, "up=b", FALSE, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_interface_ops = { "interface", build };
