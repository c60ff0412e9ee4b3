/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "details/inn-waiting.h"

#include <string.h>

char *
inn_waiting_dup_reason (InnMachine *machine, GVariant *answer, const char *name)
{
  g_auto (GStrv) pending = NULL;
  GVariantIter iter;
  const char *changed, *sentence;

  g_object_get (machine, "pending", &pending, NULL);
  if (pending == NULL || !g_strv_contains ((const char *const *)pending, name))
    return NULL;
  if (answer != NULL)
    {
      g_variant_iter_init (&iter, answer);
      while (g_variant_iter_next (&iter, "(&s&s&s)", &changed, NULL, &sentence))
        if (g_str_equal (changed, name))
          return g_strdup (sentence);
    }
  return g_strdup ("");
}

char **
inn_waiting_dup_leaving (InnMachine *machine, InnDomain *domain)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  g_auto (GStrv) pending = NULL;

  g_object_get (machine, "pending", &pending, NULL);
  for (char **name = pending; name != NULL && *name != NULL; name++)
    {
      g_autofree char *kind = g_strndup (*name, strcspn (*name, ":"));
      g_autoptr (InnElement) still = inn_domain_find (domain, *name);

      if (strchr (*name, '/') == NULL && still == NULL && inn_schema_find (kind) != NULL)
        g_strv_builder_add (ids, *name);
    }
  return g_strv_builder_end (ids);
}
