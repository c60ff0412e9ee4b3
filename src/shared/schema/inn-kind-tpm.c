/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A security chip: keys and measurements that the guest's system keeps outside of its disk. */
#include "inn-words.h"

static const InnChoice models[] = {
  { "tpm-crb", N_ ("CRB (TPM 2.0 only)") },
  { "tpm-tis", N_ ("TIS") },
  { NULL, NULL },
};

static const InnChoice types[] = {
  { "emulator", N_ ("The machine’s own") },
  { "passthrough", N_ ("This computer’s") },
  { NULL, NULL },
};

static const InnChoice versions[] = {
  { "2.0", N_ ("2.0") },
  { "1.2", N_ ("1.2") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "type",
    .path = "backend/@type",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED | INN_FIELD_HIDDEN,
    .choices = types,
    .label = N_ ("Chip"),
    .help = N_ ("Whose it is.") },
  { .name = "version",
    .path = "backend/@version",
    .type = INN_TYPE_ENUM,
    .fallback = "2.0",
    .choices = versions,
    .label = N_ ("Version"),
    .help = N_ ("Windows 11 needs 2.0. What the one keeps, the other cannot read."),
    .when = "type=emulator" },
  { .name = "model",
    .path = "@model",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "tpm-tis",
    .choices = models,
    .label = N_ ("Device"),
    .help = N_ ("What the guest sees.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  return inn_rule (!inn_element_is (element, "model", "tpm-crb") ||
                       !inn_element_is (element, "version", "1.2"),
                   _ ("The device CRB is for TPM 2.0. Choose TIS, or the version 2.0."), error);
}

static char *
summary (const InnElement *element)
{
  return inn_element_dup (element, "version");
}

const InnKind inn_kind_tpm = {
  .name = "tpm",
  .path = "devices/tpm",
  .label = N_ ("Security chip (TPM)"),
  .icon = "channel-secure-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
