/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A socket between the guest and programs of this computer, without a network. */
#include "inn-words.h"

static const InnChoice models[] = {
  { "virtio", N_ ("VirtIO") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_HIDDEN,
    .fallback = "virtio",
    .choices = models,
    .label = N_ ("Device") },
  { .name = "auto",
    .path = "cid/@auto",
    .type = INN_TYPE_BOOL,
    .fallback = "no",
    .label = N_ ("Choose a number"),
    .help = N_ ("The machine gets a number of its own, always the same.") },
  { .name = "cid",
    .path = "cid/@address",
    .type = INN_TYPE_UINT,
    .min = 3,
    .max = G_MAXUINT32 - 1,
    .label = N_ ("Number (CID)"),
    .help = N_ ("By which programs of this computer reach the machine. Each has another one."),
    .when = "auto=no" },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  return inn_rule (inn_element_get_bool (element, "auto") || inn_element_has (element, "cid"),
                   _ ("Say its number, or let one be chosen."), error);
}

static char *
summary (const InnElement *element)
{
  if (inn_element_get_bool (element, "auto"))
    return g_strdup (_ ("Number chosen by itself"));
  return inn_element_dup (element, "cid");
}

const InnKind inn_kind_vsock = {
  .name = "vsock",
  .path = "devices/vsock",
  .label = N_ ("Socket to this computer"),
  .icon = "network-transmit-receive-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
