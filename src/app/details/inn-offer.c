/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-offer.h"

#include <glib/gi18n.h>

static const struct
{
  const char *kind, *field, *warning;
} warnings[] = {
  { "machine", "machine",
    N_ ("The guest finds other hardware: network cards are called otherwise, Windows may have to "
        "be "
        "activated again, and some systems do not start. Changed back, all is as it was.") },
  { "firmware", "firmware",
    N_ ("A system that was installed with BIOS does not start with UEFI, nor the other way round. "
        "Changed back, it starts again.") },
  { "firmware", "secure-boot",
    N_ ("A system that is not signed does not start with it. BitLocker may ask for its recovery "
        "key.") },
  { "tpm", "type",
    N_ ("What the one chip keeps, the other cannot read: BitLocker may ask for its recovery key. A "
        "guest that has this computer’s can change and clear what this computer keeps there.") },
};

const char *
inn_offer_get_warning (const InnKind *kind, const InnField *field)
{
  for (guint i = 0; i < G_N_ELEMENTS (warnings); i++)
    if (g_str_equal (warnings[i].kind, kind->name) && g_str_equal (warnings[i].field, field->name))
      return _ (warnings[i].warning);
  return NULL;
}

/* What a card may be connected to; the field that says to which of them has the type's name. */
static const InnField *
find_type (const InnElement *element)
{
  return g_str_equal (element->kind->name, "interface") ? inn_kind_find (element->kind, "type")
                                                        : NULL;
}

/* A share of the computer is what only machines of the whole system can be given. */
static gboolean
is_systems (const InnElement *element, const InnField *field)
{
  if (g_str_equal (element->kind->name, "memory"))
    return g_str_equal (field->name, "locked");
  return g_str_equal (element->kind->name, "cpu") &&
         (g_str_equal (field->name, "limit") || g_str_equal (field->name, "shares"));
}

gboolean
inn_offer_has_row (InnConnection *connection, const InnElement *element, const InnField *field)
{
  g_autofree char *problem = NULL;

  if (connection == NULL || inn_element_has (element, field->name))
    return TRUE;
  if (is_systems (element, field))
    return g_str_equal (inn_connection_get_mode (connection), "system");
  if (find_type (element) == NULL)
    return TRUE;
  problem = inn_connection_dup_network_problem (connection, field->name);
  return problem == NULL;
}

/* Root opens it: the kernel lets few users, and not for good. */
static void
limit_chip (InnConnection *connection, const InnElement *element, InnFieldRow *row)
{
  if (g_str_equal (element->kind->name, "tpm") &&
      g_str_equal (inn_field_row_get_field (row)->name, "type") &&
      !inn_element_is (element, "type", "passthrough") &&
      !g_str_equal (inn_connection_get_mode (connection), "system"))
    inn_field_row_withhold (
        row, "passthrough",
        _ ("Only machines of the whole system can have this computer’s security chip."));
}

void
inn_offer_limit (InnConnection *connection, const InnElement *element, InnFieldRow *row)
{
  const InnField *field = find_type (element);

  if (connection != NULL)
    limit_chip (connection, element, row);
  if (connection == NULL || field == NULL ||
      !g_str_equal (inn_field_row_get_field (row)->name, field->name))
    return;
  for (const InnChoice *choice = field->choices; choice->value != NULL; choice++)
    {
      g_autofree char *problem = inn_connection_dup_network_problem (connection, choice->value);

      if (problem != NULL && !inn_element_is (element, field->name, choice->value))
        inn_field_row_withhold (row, choice->value, problem);
    }
}
