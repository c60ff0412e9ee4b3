/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The security chip. It is a program beside QEMU (swtpm), which keeps its state in the machine's
 * folder; the two talk over a socket. */
#include "devices/vmh-plan-private.h"

#define BACKEND "tpm-backend"

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *model = inn_element_dup (element, "model");
  g_autofree char *version = inn_element_dup (element, "version");
  g_autofree char *option = g_strdup_printf ("emulator,id=" BACKEND ",chardev=%s", id);

  if (index > 0)
    return vmh_plan_refuse (error, _ ("There can be one security chip (TPM). Remove the others."));
  if (!inn_element_is (element, "type", "emulator"))
    return vmh_plan_refuse (error,
                            _ ("This computer’s own security chip (TPM) cannot be handed to a "
                               "machine. Remove it, and add one of the machine’s own."));
  if (!plan->host.swtpm)
    return vmh_plan_refuse (error,
                            _ ("The machine’s security chip (TPM) is made by a program that is not "
                               "installed. Install the package “swtpm” and start the machine "
                               "again, or remove the chip."));
  if (!vmh_plan_has (plan, model))
    return vmh_plan_refuse (error,
                            _ ("This QEMU has no security chip (TPM) of the device “%s”. Choose "
                               "the other device, or remove the chip."),
                            model);
  vmh_plan_tpm (plan, id, version);
  vmh_plan_option (plan, "-tpmdev", option);
  vmh_plan_add (plan, VMH_NODE_DEVICE,
                vmh_json ("driver=s", model, "id=s", id, "tpmdev=s", BACKEND, NULL));
  return TRUE;
}

const VmhDeviceOps vmh_tpm_ops = { "tpm", build };
