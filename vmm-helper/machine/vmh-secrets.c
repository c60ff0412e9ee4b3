/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Takes secrets out of a definition, and puts them back. Knows no machine. */
#include "vmh-secrets.h"

/* (element-type InnElement) that have a field that is secret. */
static GPtrArray *
list_secretive (InnDomain *domain)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_element_free);

  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    {
      g_autoptr (GPtrArray) devices = NULL;
      InnElement section;
      gboolean secret = FALSE;

      for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
        secret = secret || (field->flags & INN_FIELD_SECRET) != 0;
      if (!secret)
        continue;
      if (!(*kind)->device)
        {
          section = inn_domain_get (domain, (*kind)->name);
          g_ptr_array_add (all, inn_element_copy (&section));
          continue;
        }
      devices = inn_domain_list (domain, (*kind)->name);
      for (guint i = 0; i < devices->len; i++)
        g_ptr_array_add (all, inn_element_copy (g_ptr_array_index (devices, i)));
    }
  return all;
}

char *
vmh_secrets_dup_xml (InnDomain *domain)
{
  g_autoptr (InnDomain) told = inn_domain_copy (domain);
  g_autoptr (GPtrArray) elements = list_secretive (told);

  for (guint i = 0; i < elements->len; i++)
    {
      InnElement *element = g_ptr_array_index (elements, i);

      for (const InnField *field = element->kind->fields; field->name != NULL; field++)
        if ((field->flags & INN_FIELD_SECRET) != 0 && inn_element_has (element, field->name))
          inn_element_set (element, field->name, NULL, NULL);
    }
  return inn_domain_to_xml (told);
}

static gboolean
carry_one (const InnElement *from, InnElement *to, GError **error)
{
  for (const InnField *field = to->kind->fields; field->name != NULL; field++)
    if ((field->flags & INN_FIELD_SECRET) != 0 && inn_element_has (from, field->name) &&
        !inn_element_has (to, field->name))
      {
        g_autofree char *secret = inn_element_dup (from, field->name);

        if (!inn_element_set (to, field->name, secret, error))
          return FALSE;
      }
  return TRUE;
}

gboolean
vmh_secrets_carry (InnDomain *from, InnDomain *to, GError **error)
{
  g_autoptr (GPtrArray) elements = list_secretive (to);

  for (guint i = 0; i < elements->len; i++)
    {
      InnElement *element = g_ptr_array_index (elements, i);
      InnElement section;
      g_autofree char *id = NULL;
      g_autoptr (InnElement) before = NULL;

      if (element->kind->device)
        {
          id = inn_element_dup_id (element);
          before = inn_domain_find (from, id);
        }
      else
        {
          section = inn_domain_get (from, element->kind->name);
          before = inn_element_copy (&section);
        }
      if (before != NULL && !carry_one (before, element, error))
        return FALSE;
    }
  return TRUE;
}
