/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A graphics card. */
#include "inn-words.h"

static const InnChoice models[] = {
  { "virtio", N_ ("VirtIO") },         { "vga", N_ ("Standard VGA") },    { "qxl", N_ ("QXL") },
  { "vmvga", N_ ("VMware SVGA") },     { "cirrus", N_ ("Cirrus Logic") }, { "bochs", N_ ("Bochs") },
  { "ramfb", N_ ("RAM framebuffer") }, { "none", N_ ("None") },           { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "model",
    .path = "model/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED,
    .choices = models,
    .label = N_ ("Card"),
    .help = N_ ("VirtIO for systems of today; VGA and the others for those without its driver.") },
  { .name = "heads",
    .path = "model/@heads",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "1",
    .min = 1,
    .max = 16,
    .label = N_ ("Screens"),
    .help = N_ ("How many screens can be used."),
    .when = "model=qxl|virtio" },
  { .name = "vram",
    .path = "model/@vram",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1024,
    .max = 1024 * 1024,
    .label = N_ ("Video memory (KiB)"),
    .help = N_ ("More for larger screens.") },
  { .name = "vgamem",
    .path = "model/@vgamem",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1024,
    .max = 1024 * 1024,
    .label = N_ ("Framebuffer (KiB)"),
    .help = N_ ("Of QXL: for the screen itself."),
    .when = "model=qxl" },
  { .name = "ram",
    .path = "model/@ram",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1024,
    .max = 1024 * 1024,
    .label = N_ ("Second memory (KiB)"),
    .help = N_ ("Of QXL: for commands."),
    .when = "model=qxl" },
  { .name = "primary",
    .path = "model/@primary",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("First card"),
    .help = N_ ("The one on which the machine starts.") },
  { .name = "accel3d",
    .path = "model/acceleration/@accel3d",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "no",
    .label = N_ ("3D acceleration"),
    .help = N_ ("This computer’s graphics card draws for the guest. What the guest asks of it is "
                "less locked away than the rest."),
    .when = "model=virtio" },
  { .name = "width",
    .path = "model/resolution/@x",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 320,
    .max = 16384,
    .label = N_ ("Width"),
    .help = N_ ("Of the screen when the machine starts, in pixels.") },
  { .name = "height",
    .path = "model/resolution/@y",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 200,
    .max = 16384,
    .label = N_ ("Height"),
    .help = N_ ("Of the screen when the machine starts, in pixels.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  gboolean qxl = inn_element_is (element, "model", "qxl");

  return inn_rule (inn_element_has (element, "width") == inn_element_has (element, "height"),
                   _ ("Width and height must be set together."), error) &&
         inn_rule (qxl ||
                       (!inn_element_has (element, "vgamem") && !inn_element_has (element, "ram")),
                   _ ("Framebuffer and second memory are for the card QXL only."), error) &&
         inn_rule (!inn_element_get_bool (element, "accel3d") ||
                       inn_element_is (element, "model", "virtio"),
                   _ ("3D acceleration needs the card VirtIO."), error) &&
         inn_rule (inn_element_get_uint (element, "heads") == 1 || qxl ||
                       inn_element_is (element, "model", "virtio"),
                   _ ("More than one screen needs the card VirtIO or QXL."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "model");
}

const InnKind inn_kind_video = {
  .name = "video",
  .path = "devices/video",
  .label = N_ ("Graphics card"),
  .icon = "video-display-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
