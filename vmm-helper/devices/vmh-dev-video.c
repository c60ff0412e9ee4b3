/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Graphics cards. The first is the machine's VGA; more are added beside it where there is a driver
 * that can be second. */
#include "devices/vmh-plan-private.h"

typedef struct
{
  const char *model;
  const char *first, *second;              /* QEMU's drivers; NULL: none */
  const char *vram, *vgamem, *ram, *heads; /* properties; memory in MiB */
  gboolean resolution;
} Card;

static const Card cards[] = {
  { "virtio", "virtio-vga", "virtio-gpu-pci", NULL, NULL, NULL, "max_outputs", TRUE },
  { "vga", "VGA", "secondary-vga", "vgamem_mb", NULL, NULL, NULL, TRUE },
  { "qxl", "qxl-vga", "qxl", "vram_size_mb", "vgamem_mb", "ram_size_mb", "max_outputs", FALSE },
  { "vmvga", "vmware-svga", NULL, "vgamem_mb", NULL, NULL, NULL, FALSE },
  { "cirrus", "cirrus-vga", NULL, NULL, NULL, NULL, NULL, FALSE },
  { "bochs", "bochs-display", "bochs-display", NULL, NULL, NULL, NULL, TRUE },
  { "ramfb", "ramfb", NULL, NULL, NULL, NULL, NULL, FALSE },
};

static const Card *
find_card (const char *model)
{
  for (guint i = 0; i < G_N_ELEMENTS (cards); i++)
    if (g_str_equal (cards[i].model, model))
      return &cards[i];
  return NULL;
}

/* The one that draws in 3D by this computer's card; NULL: it cannot. Debian 12 has what is inside
 * of both in another package than these. */
static const char *
find_drawing (VmhPlan *plan, GError **error)
{
  const char *driver = plan->displays == 0 ? "virtio-vga-gl" : "virtio-gpu-gl-pci";

  if (!plan->host.render || !vmh_plan_has (plan, driver) ||
      !vmh_plan_has (plan, "virtio-gpu-gl-device"))
    {
      vmh_plan_refuse (error, _ ("The QEMU installed here cannot draw in 3D. Install the package "
                                 "qemu-system-gui or qemu-system-modules-opengl or the like, or "
                                 "switch 3D acceleration off."));
      return NULL;
    }
  plan->draws = TRUE;
  return driver;
}

static void
set_size (const InnElement *element, const char *field, JsonObject *device, const char *property)
{
  guint64 mib = inn_element_get_uint (element, field) / 1024; /* the XML says KiB */

  if (property && mib > 0)
    json_object_set_int_member (device, property, (gint64)mib);
}

static void
set_properties (const Card *card, const InnElement *element, JsonObject *device)
{
  guint64 heads = inn_element_get_uint (element, "heads");
  guint64 width = inn_element_get_uint (element, "width");
  guint64 height = inn_element_get_uint (element, "height");

  set_size (element, "vram", device, card->vram);
  set_size (element, "vgamem", device, card->vgamem);
  set_size (element, "ram", device, card->ram);
  if (card->heads && heads > 1)
    json_object_set_int_member (device, card->heads, (gint64)heads);
  if (card->resolution && width > 0 && height > 0)
    {
      json_object_set_int_member (device, "xres", (gint64)width);
      json_object_set_int_member (device, "yres", (gint64)height);
    }
}

/* The card that is built as number @index: the one on which the machine starts comes first. */
static const InnElement *
find_in_order (GPtrArray *elements, guint index)
{
  guint primary = 0;

  for (guint i = 1; i < elements->len && primary == 0; i++)
    if (inn_element_get_bool (elements->pdata[i], "primary"))
      primary = i;
  if (index == 0)
    return elements->pdata[primary];
  return elements->pdata[index <= primary ? index - 1 : index];
}

static gboolean
build (VmhPlan *plan, const InnElement *listed, guint index, GError **error)
{
  g_autoptr (GPtrArray) elements = inn_domain_list (plan->domain, "video");
  const InnElement *element = find_in_order (elements, index);
  g_autofree char *model = inn_element_dup (element, "model");
  g_autofree char *id = vmh_plan_id (element, index);
  const Card *card = find_card (model);
  const char *driver;
  g_autoptr (JsonObject) device = NULL;

  if (g_str_equal (model, "none"))
    return TRUE;
  driver = card ? (plan->displays == 0 ? card->first : card->second) : NULL;
  if (!driver)
    return vmh_plan_refuse (error,
                            _ ("The graphics card “%s” cannot be the machine's second one. "
                               "Remove it, or choose VirtIO."),
                            model);
  if (!vmh_plan_has (plan, driver))
    return vmh_plan_refuse (error,
                            _ ("The QEMU installed here has no graphics card “%s”. Choose another "
                               "one, or install the package qemu-system-gui or the like."),
                            model);
  if (inn_element_get_bool (element, "accel3d"))
    driver = find_drawing (plan, error);
  if (!driver)
    return FALSE;
  device = vmh_json ("driver=s", driver, "id=s", id, NULL);
  set_properties (card, element, device);
  if (g_str_equal (driver, "ramfb"))
    ; /* is on no bus */
  else if (plan->displays == 0)
    {
      json_object_set_string_member (device, "bus",
                                     plan->board == VMH_BOARD_Q35 ? "pcie.0" : "pci.0");
      json_object_set_string_member (device, "addr", plan->board == VMH_BOARD_Q35 ? "0x1" : "0x2");
    }
  else if (!vmh_plan_bus (plan, device, error))
    return FALSE;
  plan->displays++;
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

const VmhDeviceOps vmh_video_ops = { "video", build };
