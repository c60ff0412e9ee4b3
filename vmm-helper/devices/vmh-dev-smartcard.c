/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A smart card reader at USB, and the card in it. That is a program beside the guest with the
 * rights of the machine's owner (vmm-card), so that QEMU has no key. */
#include "devices/vmh-plan-private.h"

#define DATABASE "/etc/pki/nssdb" /* libvirt's */

static gboolean
check (VmhPlan *plan, guint index, GError **error)
{
  if (plan->host.running && plan->host.running->leaves)
    return TRUE;
  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one smart card. Remove the others."));
  if (!vmh_plan_has (plan, "usb-ccid") || !vmh_plan_has (plan, "ccid-card-passthru"))
    return vmh_plan_refuse (error, _ ("This QEMU has no smart card reader. Remove it."));
  if (!plan->host.cards)
    return vmh_plan_refuse (error, _ ("Smart cards are handed on by a program, vmm-card, that this "
                                      "Innkeeper was built without. Remove the card."));
  return vmh_plan_need_usb (plan, error);
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *card = g_strconcat (id, "-card", NULL);
  g_autofree char *bus = g_strconcat (id, ".0", NULL);
  g_autofree char *certificates = inn_element_dup (element, "certificates");
  g_autofree char *database = inn_element_dup (element, "database");

  if (!check (plan, index, error))
    return FALSE;
  if (inn_element_is (element, "mode", "host"))
    vmh_plan_card (plan, id, NULL, NULL);
  else
    vmh_plan_card (plan, id, database ? database : DATABASE, certificates);
  /* Where the reader is unplugged its card goes with it. */
  vmh_plan_add (plan, VMH_NODE_DEVICE,
                vmh_json ("driver=s", "usb-ccid", "id=s", id, "bus=s", "usb.0", NULL));
  vmh_plan_add (plan, VMH_NODE_DEVICE,
                vmh_json ("driver=s", "ccid-card-passthru", "id=s", card, "bus=s", bus, "chardev=s",
                          id, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_smartcard_ops = { "smartcard", build };
