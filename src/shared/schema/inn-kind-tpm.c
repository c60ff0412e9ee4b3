/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A security chip: keys and measurements that the guest's system keeps outside of its disk. */
#include "inn-words.h"

#include <string.h>

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
    .flags = INN_FIELD_REQUIRED,
    .choices = types,
    .label = N_ ("Chip"),
    .help = N_ ("Whose it is. A guest that has this computer’s can change and clear what this "
                "computer keeps there, as the keys of its disks.") },
  { .name = "device",
    .path = "backend/device/@path",
    .type = INN_TYPE_STRING,
    .fallback = "/dev/tpm0",
    .max = 32,
    .pattern = "/dev/tpm(rm)?[0-9]{1,4}",
    .label = N_ ("Device of this computer"),
    .help =
        N_ ("/dev/tpm0 is the machine’s alone while it runs; /dev/tpmrm0 can be used by several "
            "machines and by this computer at a time."),
    .when = "type=passthrough" },
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
  gboolean computers = inn_element_is (element, "type", "passthrough");

  return inn_rule (!inn_element_is (element, "model", "tpm-crb") ||
                       !inn_element_is (element, "version", "1.2"),
                   _ ("The device CRB is for TPM 2.0. Choose TIS, or the version 2.0."), error) &&
         inn_rule (!computers || !inn_element_has (element, "version"),
                   _ ("This computer’s chip has the version that it has: none can be said."),
                   error) &&
         inn_rule (computers || !inn_element_has (element, "device"),
                   _ ("The machine’s own chip is no device of this computer, so it names none."),
                   error);
}

/* What only the other sort has goes. */
static void
follow (InnElement *chip, const InnField *field)
{
  if (strcmp (field->name, "type") != 0)
    return;
  if (inn_element_is (chip, "type", "passthrough"))
    {
      inn_element_set (chip, "version", NULL, NULL);
      inn_element_set (chip, "model", "tpm-tis", NULL); /* CRB's room is too small for many chips */
    }
  else
    inn_element_set (chip, "device", NULL, NULL);
}

static char *
summary (const InnElement *element)
{
  if (inn_element_is (element, "type", "passthrough"))
    return inn_dup_join (inn_dup_choice (element, "type"), inn_element_dup (element, "device"));
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
  .follow = follow,
  .summary = summary,
};
