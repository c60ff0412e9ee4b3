/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Sound cards. QEMU has no way to a sound server: what they play is mixed and given to who views
 * the machine. */
#include "devices/vmh-plan-private.h"

static const struct
{
  const char *model;
  const char *controller; /* NULL: the card is one device */
  const char *card;
} cards[] = {
  { "ich9", "ich9-intel-hda", "hda-duplex" },
  { "ich6", "intel-hda", "hda-duplex" },
  { "ac97", NULL, "AC97" },
  { "usb", NULL, "usb-audio" },
  { "es1370", NULL, "ES1370" },
  { "sb16", NULL, "sb16" },
  { "virtio", NULL, "virtio-sound-pci" },
};

static gboolean
build (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_autofree char *id = vmh_plan_id (element, index);
  g_autofree char *controller = g_strconcat (id, "-hda", NULL);
  g_autofree char *bus = g_strconcat (controller, ".0", NULL);
  g_autoptr (JsonObject) device = NULL;
  g_autoptr (JsonObject) parent = NULL;
  guint i = 0;

  while (i < G_N_ELEMENTS (cards) && !inn_element_is (element, "model", cards[i].model))
    i++;
  if (i == G_N_ELEMENTS (cards))
    return vmh_plan_refuse (error, _ ("This sound card cannot be used. Choose HD Audio."));
  if (g_str_equal (cards[i].model, "virtio") && !vmh_plan_has (plan, cards[i].card))
    return vmh_plan_refuse (error, _ ("The QEMU installed here has no sound card VirtIO: it came "
                                      "with QEMU 8.2. Choose HD Audio."));
  /* QEMU plugs in no codec, and nothing where an ISA card has its place. */
  if (plan->host.running && (cards[i].controller || g_str_equal (cards[i].model, "sb16")))
    return vmh_plan_refuse_running (error);
  device = vmh_json ("driver=s", cards[i].card, "id=s", id, "audiodev=s", "audio", NULL);
  if (cards[i].controller)
    {
      parent = vmh_json ("driver=s", cards[i].controller, "id=s", controller, NULL);
      if (!vmh_plan_bus (plan, parent, error))
        return FALSE;
      vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&parent));
      json_object_set_string_member (device, "bus", bus);
    }
  else if (g_str_equal (cards[i].model, "usb"))
    {
      if (!vmh_plan_need_usb (plan, error))
        return FALSE;
      json_object_set_string_member (device, "bus", "usb.0");
    }
  else if (g_str_equal (cards[i].model, "sb16")) /* on the ISA bus, where one has its place */
    {
      if (!vmh_plan_first (plan, "sb16"))
        return vmh_plan_refuse (error, _ ("There can be one Sound Blaster. Remove the others."));
    }
  else if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_sound_ops = { "sound", build };
