/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* BIOS or UEFI. The helper finds the files and keeps the variables with the machine. */
#include "inn-words.h"

#include "shared/inn-domain-new.h"

static const InnChoice firmwares[] = {
  { "bios", N_ ("BIOS") },
  { "efi", N_ ("UEFI") },
  { NULL, NULL },
};

static const InnChoice loader_types[] = {
  { "rom", N_ ("ROM") },
  { "pflash", N_ ("Flash") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "firmware",
    .path = "os/@firmware",
    .type = INN_TYPE_ENUM,
    .fallback = "bios",
    .choices = firmwares,
    .label = N_ ("Firmware"),
    .help = N_ ("UEFI for systems of the last ten years; BIOS starts nearly everything. A system "
                "does not start after a change.") },
  { .name = "secure-boot",
    .path = "os/firmware/feature[@name='secure-boot']/@enabled",
    .type = INN_TYPE_BOOL,
    .label = N_ ("Secure Boot"),
    .help = N_ ("Only signed systems start, where it was on at the machine's first start. Needs "
                "UEFI and Q35."),
    .when = "firmware=efi" },
  { .name = "enrolled-keys",
    .path = "os/firmware/feature[@name='enrolled-keys']/@enabled",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Vendor keys"),
    .help = N_ ("The usual keys are there from the start.") },
  { .name = "loader",
    .path = "os/loader",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Firmware file") },
  { .name = "loader-type",
    .path = "os/loader/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN,
    .choices = loader_types,
    .label = N_ ("Firmware memory") },
  { .name = "loader-readonly",
    .path = "os/loader/@readonly",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Firmware is read-only") },
  { .name = "loader-secure",
    .path = "os/loader/@secure",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Firmware asks for Secure Boot") },
  { .name = "nvram",
    .path = "os/nvram",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Variables file") },
  { .name = "nvram-template",
    .path = "os/nvram/@template",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Variables to start from") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  InnElement machine = inn_domain_get (element->domain, "machine");
  g_autofree char *chipset = inn_element_dup (&machine, "machine");
  gboolean uefi = inn_domain_is_uefi (element->domain);
  gboolean secure = inn_element_get_bool (element, "secure-boot") ||
                    inn_element_get_bool (element, "loader-secure");
  gboolean q35 = g_strcmp0 (chipset, "q35") == 0 || g_str_has_prefix (chipset, "pc-q35-");
  gboolean pc = g_strcmp0 (chipset, "pc") == 0 || g_str_has_prefix (chipset, "pc-i440fx-");

  return inn_rule (!uefi || q35 || pc,
                   _ ("UEFI needs the chipset Q35 or i440FX. Choose one of them, or BIOS."),
                   error) &&
         inn_rule (!secure || (uefi && q35), _ ("Secure Boot needs UEFI and the chipset Q35."),
                   error) &&
         inn_rule (uefi || !inn_element_has (element, "nvram"),
                   _ ("Only UEFI keeps variables in a file. Choose UEFI."), error);
}

static char *
summary (const InnElement *element)
{
  return g_strdup (inn_domain_is_uefi (element->domain) ? _ ("UEFI") : _ ("BIOS"));
}

const InnKind inn_kind_firmware = {
  .name = "firmware",
  .path = "",
  .label = N_ ("Firmware"),
  .icon = "application-x-firmware-symbolic",
  .fields = fields,
  .check = check,
  .summary = summary,
};
