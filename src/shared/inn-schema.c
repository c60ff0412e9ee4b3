/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The list of kinds. It is written in one place, the list in meson.build. */
#include "inn-schema.h"
#include "inn-kinds.h"

#include <string.h>

#define DECLARE(kind) extern const InnKind inn_kind_##kind;
INN_KINDS (DECLARE)
#undef DECLARE

#define LIST(kind) &inn_kind_##kind,
static const InnKind *const kinds[] = { INN_KINDS (LIST) NULL };
#undef LIST

const InnKind *const *
inn_schema_kinds (void)
{
  return kinds;
}

const InnKind *
inn_schema_find (const char *kind_name)
{
  for (const InnKind *const *kind = kinds; *kind != NULL; kind++)
    if (strcmp ((*kind)->name, kind_name) == 0)
      return *kind;
  return NULL;
}

const InnField *
inn_kind_find (const InnKind *kind, const char *field_name)
{
  for (const InnField *field = kind->fields; field->name != NULL; field++)
    if (strcmp (field->name, field_name) == 0)
      return field;
  return NULL;
}
