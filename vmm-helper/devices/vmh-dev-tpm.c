/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The security chip. The machine's own is a program beside QEMU (swtpm), which keeps its state in
 * the machine's folder; the two talk over a socket. This computer's is a file that QEMU has, and
 * nobody else meanwhile. */
#include "devices/vmh-plan-private.h"

#define BACKEND "tpm-backend"

static char *
dup_own (VmhPlan *plan, const InnElement *element, const char *id, GError **error)
{
  g_autofree char *version = inn_element_dup (element, "version");

  if (!plan->host.swtpm)
    {
      vmh_plan_refuse (error,
                       _ ("The machine’s security chip (TPM) is made by a program that is not "
                          "installed. Install the package “swtpm” and start the machine "
                          "again, or remove the chip."));
      return NULL;
    }
  vmh_plan_tpm (plan, id, version);
  return g_strdup_printf ("emulator,id=" BACKEND ",chardev=%s", id);
}

/* QEMU would look below /sys, which its room does not have, for the file by which a command can be
 * given up; so it waits for the command's end instead. */
static char *
dup_computers (VmhPlan *plan, const InnElement *element, GError **error)
{
  g_autofree char *path = inn_element_dup (element, "device");
  g_autofree char *set = NULL;

  if (!plan->host.chips)
    {
      vmh_plan_refuse (error,
                       _ ("Machines of a session cannot have this computer’s security chip (TPM). "
                          "Give the machine a chip of its own, or make it for the whole system."));
      return NULL;
    }
  set = vmh_plan_chip (plan, element, path);
  return g_strdup_printf ("passthrough,id=" BACKEND ",path=%s,cancel-path=/dev/null", set);
}

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *model = inn_element_dup (element, "model");
  g_autofree char *option = NULL;

  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one security chip (TPM). Remove the others."));
  if (!vmh_plan_has (plan, model))
    return vmh_plan_refuse (error,
                            _ ("This QEMU has no security chip (TPM) of the device “%s”. Choose "
                               "the other device, or remove the chip."),
                            model);
  option = inn_element_is (element, "type", "passthrough") ? dup_computers (plan, element, error)
                                                           : dup_own (plan, element, id, error);
  if (!option)
    return FALSE;
  vmh_plan_option (plan, "-tpmdev", option);
  vmh_plan_add (plan, VMH_NODE_DEVICE,
                vmh_json ("driver=s", model, "id=s", id, "tpmdev=s", BACKEND, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_tpm_ops = { "tpm", build };
