/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A sound card. */
#include "inn-words.h"

static const InnChoice models[] = {
  { "ich9", N_ ("HD Audio (ICH9)") },
  { "ich6", N_ ("HD Audio (ICH6)") },
  { "ac97", N_ ("AC97") },
  { "virtio", N_ ("VirtIO (QEMU 8.2 and later)") },
  { "usb", N_ ("USB") },
  { "es1370", N_ ("Ensoniq ES1370") },
  { "sb16", N_ ("Sound Blaster 16") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED,
    .choices = models,
    .label = N_ ("Card"),
    .help =
        N_ ("HD Audio for systems of today; AC97 for old ones. VirtIO is for Linux since 5.13.") },
  { NULL },
};

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "model");
}

const InnKind inn_kind_sound = {
  .name = "sound",
  .path = "devices/sound",
  .label = N_ ("Sound"),
  .icon = "audio-card-symbolic",
  .device = TRUE,
  .fields = fields,
  .summary = summary,
};
