/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What every machine has whether its XML says so or not, so that later things need no restart:
 * monitors, a place for sound, the guest agent's channel, the desktop agent, a balloon, generation
 * id, crash notifier, and its screens without any listening socket. */
#include "devices/vmh-plan-private.h"

static void
build_monitors (VmhPlan *plan)
{
  /* One to command, one to listen: a long command does not hold up an event. */
  static const char *const monitors[] = { "monitor", "events" };

  for (guint i = 0; i < G_N_ELEMENTS (monitors); i++)
    {
      g_autofree char *value = g_strdup_printf ("chardev=%s,mode=control", monitors[i]);

      vmh_plan_listen (plan, monitors[i], monitors[i]);
      vmh_plan_option (plan, "-mon", value);
    }
}

static gboolean
build_channel (VmhPlan *plan, const char *name, GError **error)
{
  g_autoptr (GPtrArray) channels = inn_domain_list (plan->domain, "channel");
  g_autofree char *type =
      g_strdup (g_str_equal (name, "com.redhat.spice.0") ? "qemu-vdagent" : "unix");
  g_autoptr (InnDomain) scratch = NULL;
  InnElement channel;

  for (guint i = 0; i < channels->len; i++)
    if (inn_element_is (channels->pdata[i], "name", name))
      return TRUE;
  /* Built as if the XML had said it, after all that it does say. */
  scratch = inn_domain_new ();
  channel = inn_domain_add (scratch, "channel");
  if (!inn_element_set (&channel, "type", type, error) ||
      !inn_element_set (&channel, "target-type", "virtio", error) ||
      !inn_element_set (&channel, "name", name, error))
    return FALSE;
  return vmh_channel_ops.build (plan, &channel, channels->len, error);
}

static gboolean
build_balloon (VmhPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) balloons = inn_domain_list (plan->domain, "memballoon");
  g_autoptr (InnDomain) scratch = NULL;
  InnElement balloon;

  if (balloons->len > 0)
    return TRUE;
  scratch = inn_domain_new ();
  balloon = inn_domain_add (scratch, "memballoon");
  return inn_element_set (&balloon, "model", "virtio", error) &&
         vmh_memballoon_ops.build (plan, &balloon, 0, error);
}

static gboolean
build_panic (VmhPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) panics = inn_domain_list (plan->domain, "panic");
  g_autoptr (InnDomain) scratch = NULL;
  InnElement panic;

  if (panics->len > 0)
    return TRUE;
  scratch = inn_domain_new ();
  panic = inn_domain_add (scratch, "panic");
  return vmh_panic_ops.build (plan, &panic, 0, error);
}

static void
build_displays (VmhPlan *plan)
{
  /* Neither listens anywhere: a viewer's socket is handed over by QMP. Without -vnc none QEMU takes
   * such a socket and never answers on it. */
  if (plan->draws)
    {
      g_autofree char *node = vmh_plan_escape (plan->host.render);
      g_autofree char *value = g_strconcat ("egl-headless,rendernode=", node, NULL);

      vmh_plan_option (plan, "-display", value);
    }
  else
    vmh_plan_option (plan, "-display",
                     vmh_plan_has_display (plan, "dbus") ? "dbus,p2p=yes" : "none");
  vmh_plan_option (plan, "-vnc", "none,audiodev=audio"); /* its viewers hear the guest, too */
}

gboolean
vmh_extras_build (VmhPlan *plan, GError **error)
{
  InnElement general = inn_domain_get (plan->domain, "general");
  InnElement features = inn_domain_get (plan->domain, "features");
  g_autofree char *uuid = inn_domain_dup_uuid (plan->domain);
  g_autofree char *genid = inn_element_dup (&general, "genid");
  const char *guid = genid && *genid ? genid : uuid;

  build_monitors (plan);
  vmh_plan_add (plan, VMH_NODE_AUDIODEV, vmh_json ("driver=s", "none", "id=s", "audio", NULL));
  build_displays (plan);
  if (guid && vmh_plan_has (plan, "vmgenid"))
    vmh_plan_add (plan, VMH_NODE_DEVICE,
                  vmh_json ("driver=s", "vmgenid", "id=s", "generation", "guid=s", guid, NULL));
  if (inn_element_get_bool (&features, "vmcoreinfo"))
    vmh_plan_add (plan, VMH_NODE_DEVICE,
                  vmh_json ("driver=s", "vmcoreinfo", "id=s", "vmcoreinfo", NULL));
  return (!plan->host.usb || vmh_plan_need_usb (plan, error)) &&
         build_channel (plan, "org.qemu.guest_agent.0", error) &&
         (!vmh_plan_has (plan, "chardev-qemu-vdagent") ||
          build_channel (plan, "com.redhat.spice.0", error)) &&
         build_balloon (plan, error) && build_panic (plan, error);
}
