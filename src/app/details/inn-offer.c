/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-offer.h"

/* What a card may be connected to; the field that says to which of them has the type's name. */
static const InnField *
find_type (const InnElement *element)
{
  return g_str_equal (element->kind->name, "interface") ? inn_kind_find (element->kind, "type")
                                                        : NULL;
}

gboolean
inn_offer_has_row (InnConnection *connection, const InnElement *element, const InnField *field)
{
  g_autofree char *problem = NULL;

  if (connection == NULL || find_type (element) == NULL || inn_element_has (element, field->name))
    return TRUE;
  problem = inn_connection_dup_network_problem (connection, field->name);
  return problem == NULL;
}

void
inn_offer_limit (InnConnection *connection, const InnElement *element, InnFieldRow *row)
{
  const InnField *field = find_type (element);

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
