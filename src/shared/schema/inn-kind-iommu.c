/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* An IOMMU that the guest sees: what its devices may reach of its memory. */
#include "inn-words.h"

static const InnChoice models[] = {
  { "intel", N_ ("Intel VT-d") },
  { "virtio", N_ ("VirtIO") },
  { NULL, NULL },
};

#define SWITCH(word, xml, title, about)                                                            \
  {                                                                                                \
    .name = word, .path = "driver/@" xml, .type = INN_TYPE_BOOL, .flags = INN_FIELD_ADVANCED,      \
    .choices = inn_words_on_off, .label = title, .help = about, .when = "model=intel"              \
  }

static const InnField fields[] = {
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED,
    .choices = models,
    .label = N_ ("Device"),
    .help = N_ ("Intel’s needs the chipset Q35 and is known to nearly every system.") },
  SWITCH ("intremap",
          "intremap",
          N_ ("Interrupt remapping"),
          N_ ("Interrupts of devices go through it, too. More than 255 processors need it.")),
  SWITCH ("caching-mode",
          "caching_mode",
          N_ ("Caching mode"),
          N_ ("Needed where the guest hands devices on to machines of its own.")),
  SWITCH ("eim",
          "eim",
          N_ ("Extended interrupts"),
          N_ ("For more than 255 processors; needs interrupt remapping.")),
  SWITCH ("iotlb",
          "iotlb",
          N_ ("Device cache"),
          N_ ("Devices may remember what they have asked for.")),
  { .name = "aw-bits",
    .path = "driver/@aw_bits",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 39,
    .max = 48,
    .label = N_ ("Address width"),
    .help = N_ ("In bits: 39 or 48."),
    .when = "model=intel" },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  static const char *const intel[] = { "intremap", "caching-mode", "eim", "iotlb", "aw-bits" };
  guint64 width = inn_element_get_uint (element, "aw-bits");

  for (guint i = 0; i < G_N_ELEMENTS (intel); i++)
    if (!inn_rule (inn_element_is (element, "model", "intel") ||
                       !inn_element_has (element, intel[i]),
                   _ ("These settings are for Intel’s only."), error))
      return FALSE;
  return inn_rule (width == 0 || width == 39 || width == 48,
                   _ ("Its addresses have 39 or 48 bits."), error) &&
         inn_rule (!inn_element_get_bool (element, "eim") ||
                       inn_element_get_bool (element, "intremap"),
                   _ ("Extended interrupts need interrupt remapping."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "model");
}

const InnKind inn_kind_iommu = {
  .name = "iommu",
  .path = "devices/iommu",
  .label = N_ ("IOMMU"),
  .icon = "channel-secure-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
