/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A line between the guest's helpers and the host. */
#include "inn-rows.h"

static const InnChoice types[] = {
  { "unix", N_ ("Guest agent") },
  { "qemu-vdagent", N_ ("Desktop agent") },
  { "spicevmc", N_ ("Desktop agent (SPICE)") },
  { "pty", N_ ("Console") },
  { NULL, NULL },
};

static const InnChoice names[] = {
  { "org.qemu.guest_agent.0", N_ ("Guest agent") },
  { "com.redhat.spice.0", N_ ("Desktop agent") },
  { NULL, NULL },
};

static const InnChoice targets[] = {
  { "virtio", N_ ("VirtIO") },
  { NULL, NULL },
};

static const InnChoice mice[] = {
  { "client", N_ ("This window") },
  { "server", N_ ("The guest") },
  { NULL, NULL },
};

static const InnField fields[] = {
  INN_ROW_LEADS_TO (INN_FIELD_ADVANCED, types),
  { .name = "name",
    .path = "target/@name",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_REQUIRED,
    .max = 128,
    .choices = names,
    .pattern = "[A-Za-z0-9_.:\\-]+",
    .label = N_ ("Name"),
    .help = N_ ("How a program in the guest finds it.") },
  { .name = "target-type",
    .path = "target/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN | INN_FIELD_REQUIRED,
    .choices = targets,
    .label = N_ ("Port") },
  { .name = "clipboard",
    .path = "source/clipboard/@copypaste",
    .type = INN_TYPE_BOOL,
    .fallback = "yes",
    .label = N_ ("Shared clipboard"),
    .help = N_ ("Copy here, paste there, and back."),
    .when = "type=qemu-vdagent" },
  { .name = "mouse",
    .path = "source/mouse/@mode",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .choices = mice,
    .label = N_ ("Pointer"),
    .help = N_ ("Who draws it."),
    .when = "type=qemu-vdagent" },
  { .name = "path",
    .path = "source/@path",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_HIDDEN,
    .label = N_ ("Socket") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  gboolean agent = inn_element_is (element, "type", "qemu-vdagent");

  return inn_rule (agent || (!inn_element_has (element, "clipboard") &&
                             !inn_element_has (element, "mouse")),
                   _ ("Clipboard and pointer are shared by the desktop agent only."), error) &&
         inn_rule (!agent || inn_element_is (element, "name", "com.redhat.spice.0"),
                   _ ("The desktop agent's channel is called com.redhat.spice.0."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "name");
}

const InnKind inn_kind_channel = {
  .name = "channel",
  .path = "devices/channel",
  .key = "name",
  .label = N_ ("Channel"),
  .icon = "network-transmit-receive-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
