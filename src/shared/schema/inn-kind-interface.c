/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A network card and what its cable leads to. */
#include "inn-rows.h"

static const InnChoice types[] = {
  { "user", N_ ("The internet") },
  { "network", N_ ("Other machines only") },
  { "bridge", N_ ("A bridge") },
  { "direct", N_ ("A card of this computer") },
  { NULL, NULL },
};

/* libvirt's words. */
static const InnChoice modes[] = {
  { "bridge", N_ ("Reach each other") },
  { "vepa", N_ ("By the switch, if that sends frames back") },
  { "private", N_ ("Never reach each other") },
  { "passthrough", N_ ("Are not there: it has the card for itself") },
  { NULL, NULL },
};

static const InnChoice models[] = {
  { "virtio", N_ ("VirtIO") },
  { "e1000e", N_ ("Intel 82574L (e1000e)") },
  { "e1000", N_ ("Intel 82540EM (e1000)") },
  { "rtl8139", N_ ("Realtek 8139") },
  { "vmxnet3", N_ ("VMware vmxnet3") },
  { "pcnet", N_ ("AMD PCnet") },
  { "ne2k_pci", N_ ("NE2000 (PCI)") },
  { NULL, NULL },
};

static const InnChoice links[] = {
  { "up", N_ ("Plugged in") },
  { "down", N_ ("Pulled") },
  { NULL, NULL },
};

static const InnGroup speed_limits = { N_ ("Speed limits"),
                                       N_ ("How much it may send and receive in a second") };

/* libvirt's numbers are for tc(8): 1000 bytes. */
#define LIMIT(word, xml, of, about)                                                                \
  {                                                                                                \
    .name = word, .path = "bandwidth/" xml, .type = INN_TYPE_UINT,                                 \
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED, .min = 1, .max = 1 << 30, .label = of,           \
    .help = about, .group = &speed_limits                                                          \
  }

static const InnField fields[] = {
  { .name = "type",
    .path = "@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_LIVE,
    .choices = types,
    .label = N_ ("Connected to"),
    .help = N_ ("What is at the other end of the cable.") },
  { .name = "network",
    .path = "source/@network",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_LIVE,
    .max = 64,
    .pattern = "[^/\\n]+",
    .label = N_ ("Network"),
    .help = N_ ("Machines that name the same network see each other; “default” is the internet."),
    .when = "type=network" },
  { .name = "bridge",
    .path = "source/@bridge",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_LIVE,
    .max = 15,
    .pattern = INN_PATTERN_DEVICE,
    .label = N_ ("Bridge"),
    .help = N_ ("The bridge of this computer, as br0."),
    .when = "type=bridge" },
  { .name = "direct",
    .path = "source/@dev",
    .type = INN_TYPE_STRING,
    .max = 15,
    .pattern = INN_PATTERN_DEVICE,
    .label = N_ ("This computer's card"),
    .help = N_ ("As eth0. The machine and this computer cannot reach each other by it; Wi-Fi "
                "cannot do it."),
    .when = "type=direct" },
  { .name = "mode",
    .path = "source/@mode",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "vepa",
    .choices = modes,
    .label = N_ ("Machines that share it"),
    .help = N_ ("Whether they see each other."),
    .when = "type=direct" },
  { .name = "model",
    .path = "model/@type",
    .type = INN_TYPE_ENUM,
    .fallback = "virtio",
    .choices = models,
    .label = N_ ("Card"),
    .help = N_ ("VirtIO is the fastest; the others are for systems without its driver.") },
  { .name = "mac",
    .path = "mac/@address",
    .type = INN_TYPE_MAC,
    .label = N_ ("Address"),
    .help = N_ ("The card's own address, as 52:54:00:12:34:56.") },
  { .name = "link",
    .path = "link/@state",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_LIVE,
    .fallback = "up",
    .choices = links,
    .label = N_ ("Cable plugged in"),
    .help = N_ ("Off is like pulling the cable.") },
  { .name = "mtu",
    .path = "mtu/@size",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 68,
    .max = 65535,
    .label = N_ ("Largest packet (MTU)"),
    .help = N_ ("Bytes; 1500 nearly everywhere.") },
  LIMIT ("in-average", "inbound/@average", N_ ("Receives at most"), N_ ("kB in a second.")),
  LIMIT ("in-burst",
         "inbound/@burst",
         N_ ("Receives at once"),
         N_ ("So many kB as fast as they come, after a pause.")),
  LIMIT ("out-average", "outbound/@average", N_ ("Sends at most"), N_ ("kB in a second.")),
  LIMIT ("out-burst",
         "outbound/@burst",
         N_ ("Sends at once"),
         N_ ("So many kB as fast as they come, after a pause.")),
  { .name = "rom",
    .path = "rom/@bar",
    .type = INN_TYPE_BOOL,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "on",
    .choices = inn_words_on_off,
    .label = N_ ("Start from the network"),
    .help = N_ ("Off: the card has no program for that.") },
  INN_ROW_BOOT_ORDER,
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  gboolean bridge = inn_element_is (element, "type", "bridge");
  gboolean network = inn_element_is (element, "type", "network");
  gboolean direct = inn_element_is (element, "type", "direct");
  gboolean named = inn_element_has (element, "bridge") || inn_element_has (element, "network") ||
                   inn_element_has (element, "direct");

  return inn_rule (!bridge || inn_element_has (element, "bridge"), _ ("Name the bridge."), error) &&
         inn_rule (!network || inn_element_has (element, "network"), _ ("Name the network."),
                   error) &&
         inn_rule (!direct || inn_element_has (element, "direct"),
                   _ ("Name the network card of this computer."), error) &&
         inn_rule (direct ||
                       !(inn_element_has (element, "direct") || inn_element_has (element, "mode")),
                   _ ("Only a card that is one of this computer's names that."), error) &&
         inn_rule (bridge || network || direct || !named,
                   _ ("A card that goes through this computer names no bridge, network or card."),
                   error) &&
         inn_rule (!inn_element_has (element, "in-burst") ||
                       inn_element_has (element, "in-average"),
                   _ ("Say what it receives at most in a second, too."), error) &&
         inn_rule (!inn_element_has (element, "out-burst") ||
                       inn_element_has (element, "out-average"),
                   _ ("Say what it sends at most in a second, too."), error);
}

static char *
summary (const InnElement *element)
{
  g_autofree char *type = inn_element_dup (element, "type");
  char *source = type && inn_kind_find (element->kind, type)
                     ? inn_element_dup (element, type) /* the field has the type's name */
                     : inn_dup_choice (element, "type");

  return inn_dup_join (inn_dup_choice (element, "model"), source);
}

const InnKind inn_kind_interface = {
  .name = "interface",
  .path = "devices/interface",
  .key = "mac",
  .label = N_ ("Network"),
  .icon = "network-wired-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
