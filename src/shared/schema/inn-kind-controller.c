/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What buses hang on. The helper adds those that devices need; each here is one more, or a chosen
 * model. */
#include "inn-words.h"

static const InnChoice types[] = {
  { "usb", N_ ("USB") },    { "pci", N_ ("PCI") }, { "scsi", N_ ("SCSI") },
  { "sata", N_ ("SATA") },  { "ide", N_ ("IDE") }, { "virtio-serial", N_ ("VirtIO serial") },
  { "fdc", N_ ("Floppy") }, { NULL, NULL },
};

static const InnChoice models[] = {
  { "qemu-xhci", N_ ("USB 3 (xHCI)") },
  { "nec-xhci", N_ ("USB 3 (NEC)") },
  { "ich9-ehci1", N_ ("USB 2 (ICH9)") },
  { "ich9-uhci1", N_ ("USB 1 (ICH9, first)") },
  { "ich9-uhci2", N_ ("USB 1 (ICH9, second)") },
  { "ich9-uhci3", N_ ("USB 1 (ICH9, third)") },
  { "ehci", N_ ("USB 2") },
  { "piix3-uhci", N_ ("USB 1 (PIIX3)") },
  { "piix4-uhci", N_ ("USB 1 (PIIX4)") },
  { "none", N_ ("None") },
  { "virtio-scsi", N_ ("VirtIO SCSI") },
  { "lsilogic", N_ ("LSI Logic") },
  { "lsisas1068", N_ ("LSI SAS 1068") },
  { "lsisas1078", N_ ("LSI SAS 1078") },
  { "vmpvscsi", N_ ("VMware paravirtual SCSI") },
  { "pcie-root", N_ ("PCI Express root") },
  { "pcie-root-port", N_ ("PCI Express port") },
  { "pcie-to-pci-bridge", N_ ("PCI Express to PCI") },
  { "dmi-to-pci-bridge", N_ ("DMI to PCI") },
  { "pci-root", N_ ("PCI root") },
  { "pci-bridge", N_ ("PCI bridge") },
  { "virtio", N_ ("VirtIO") },
  { "piix3", N_ ("PIIX3") },
  { "piix4", N_ ("PIIX4") },
  { "ich6", N_ ("ICH6") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_ADVANCED,
    .choices = types,
    .label = N_ ("Bus"),
    .help = N_ ("What can be connected to it.") },
  { .name = "index",
    .path = "@index",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .max = 255,
    .label = N_ ("Number"),
    .help = N_ ("The first of its sort is 0.") },
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .choices = models,
    .label = N_ ("Model"),
    .help = N_ ("What the guest sees."),
    .when = "type=usb|pci|scsi|ide|virtio-serial" },
  { .name = "ports",
    .path = "@ports",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 31,
    .label = N_ ("Ports"),
    .help = N_ ("Of USB up to 15, of VirtIO serial up to 31."),
    .when = "type=usb|virtio-serial" },
  { NULL },
};

static const struct
{
  const char *type;
  const char *models;
} families[] = {
  { "usb",
    "qemu-xhci nec-xhci ich9-ehci1 ich9-uhci1 ich9-uhci2 ich9-uhci3 ehci piix3-uhci piix4-uhci "
    "none" },
  { "pci", "pcie-root pcie-root-port pcie-to-pci-bridge dmi-to-pci-bridge pci-root pci-bridge" },
  { "scsi", "virtio-scsi lsilogic lsisas1068 lsisas1078 vmpvscsi" },
  { "ide", "piix3 piix4 ich6" },
  { "virtio-serial", "virtio" },
};

/* A model belongs to one bus. */
static gboolean
check_model (const InnElement *element, GError **error)
{
  g_autofree char *model = inn_element_dup (element, "model");

  if (model == NULL)
    return inn_rule (!inn_element_is (element, "type", "pci"), _ ("Choose its model."), error);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_auto (GStrv) words = g_strsplit (families[i].models, " ", -1);

      if (inn_element_is (element, "type", families[i].type))
        return inn_rule (g_strv_contains ((const char *const *)words, model),
                         _ ("This model does not go with that bus. Choose another one."), error);
    }
  return inn_rule (FALSE, _ ("This bus has no models to choose from. Remove the model."), error);
}

static gboolean
check (const InnElement *element, GError **error)
{
  guint64 ports = inn_element_get_uint (element, "ports");
  gboolean usb = inn_element_is (element, "type", "usb");

  return check_model (element, error) &&
         inn_rule (ports == 0 || (usb && ports <= 15) ||
                       inn_element_is (element, "type", "virtio-serial"),
                   _ ("Ports are of USB, up to 15, and of VirtIO serial, up to 31."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_element_has (element, "model") ? inn_dup_choice (element, "model")
                                            : inn_dup_choice (element, "type");
}

const InnKind inn_kind_controller = {
  .name = "controller",
  .path = "devices/controller",
  .key = "type,index",
  .label = N_ ("Controller"),
  .icon = "preferences-other-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
