/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A smart card reader in the machine, and whose card is in it. */
#include "inn-words.h"

#include <string.h>

static const InnChoice modes[] = {
  { "host", N_ ("In this computer’s reader") },
  { "host-certificates", N_ ("Made of certificates") },
  { NULL, NULL },
};

static const InnField fields[] = {
  { .name = "mode",
    .path = "@mode",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_REQUIRED,
    .choices = modes,
    .label = N_ ("Card"),
    .help = N_ ("The one in this computer’s reader can be used here as well, and put in or taken "
                "out at any time.") },
  { .name = "certificates",
    .path = "certificate",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_MULTILINE | INN_FIELD_LIST,
    .max = 1024,
    .pattern = "[^,()\"\n]{1,64}(\\n[^,()\"\n]{1,64}){2}", /* libvirt's rule, and what libcacard's
                                                              option takes */
    .label = N_ ("Certificates"),
    .help = N_ ("The names of three, one a line: for signing in, for signing and for "
                "decrypting."),
    .when = "mode=host-certificates" },
  { .name = "database",
    .path = "database",
    .type = INN_TYPE_PATH,
    .flags = INN_FIELD_FOLDER,
    .fallback = "/etc/pki/nssdb",
    .label = N_ ("Database"),
    .help =
        N_ ("The folder of an NSS database with them and their keys, as browsers and “certutil” "
            "have. Its password is the card’s PIN."),
    .when = "mode=host-certificates" },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  const gboolean made = inn_element_is (element, "mode", "host-certificates");

  return inn_rule (!made || inn_element_has (element, "certificates"),
                   _ ("A card that is made of certificates needs the names of three."), error) &&
         inn_rule (made || (!inn_element_has (element, "certificates") &&
                            !inn_element_has (element, "database")),
                   _ ("The card in this computer’s reader has its own certificates: none can be "
                      "said."),
                   error);
}

/* What only the other sort has goes. */
static void
follow (InnElement *card, const InnField *field)
{
  if (strcmp (field->name, "mode") != 0 || !inn_element_is (card, "mode", "host"))
    return;
  inn_element_set (card, "certificates", NULL, NULL);
  inn_element_set (card, "database", NULL, NULL);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_choice (element, "mode");
}

const InnKind inn_kind_smartcard = {
  .name = "smartcard",
  .path = "devices/smartcard",
  .label = N_ ("Smart card"),
  .icon = "auth-smartcard-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .follow = follow,
  .summary = summary,
};
