/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Whether a whole domain makes sense: each field, each kind's own rule, and what spans kinds. */
#include "inn-domain-private.h"
#include "inn-errors.h"

#include <glib/gi18n-lib.h>

/* A section's field may be called as the section is: once is enough. */
static const char *
words_of (const GError *cause, const char *label)
{
  gsize length = strlen (label);

  return g_str_has_prefix (cause->message, label) &&
                 g_str_has_prefix (cause->message + length, ": ")
             ? cause->message + length + 2
             : cause->message;
}

/* Makes @cause one about XML, with what and, where the text is still the one that was parsed, where
 * in front. */
static gboolean
blame_node (InnDomain *domain,
            const xmlNode *node,
            const char *label,
            GError *cause,
            GError **error)
{
  long line = domain->original != NULL ? xmlGetLineNo (node) : 0;

  if (line > 0)
    g_set_error (error, INN_ERROR, INN_ERROR_INVALID_XML, _ ("Line %ld: %s: %s"), line, label,
                 words_of (cause, label));
  else
    g_set_error (error, INN_ERROR, INN_ERROR_INVALID_XML, "%s: %s", label, words_of (cause, label));
  g_error_free (cause);
  return FALSE;
}

static gboolean
blame (const InnElement *element, GError *cause, GError **error)
{
  g_autofree char *label = inn_element_dup_label (element);

  if (element->kind->device)
    return blame_node (element->domain, element->node, label, cause, error);
  /* A section is the whole domain: its first line would mislead. */
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_XML, "%s: %s", label, words_of (cause, label));
  g_error_free (cause);
  return FALSE;
}

gboolean
inn_element_check (const InnElement *element, GError **error)
{
  for (const InnField *field = element->kind->fields; field->name != NULL; field++)
    {
      g_autofree char *text = inn_element_dup_said (element, field);

      if (text != NULL && *text != '\0' && !inn_field_check (field, text, error))
        return FALSE;
      if ((text == NULL || *text == '\0') && (field->flags & INN_FIELD_REQUIRED) != 0)
        {
          g_set_error (error, INN_ERROR, INN_ERROR_INVALID_XML, _ ("%s is missing."),
                       _ (field->label));
          return FALSE;
        }
    }
  return element->kind->check == NULL || element->kind->check (element, error);
}

static gboolean
check_element (const InnElement *element, GError **error)
{
  GError *cause = NULL;

  return inn_element_check (element, &cause) || blame (element, cause, error);
}

/* Adds @value to @seen under @what; refuses it if it is there. Consumes @value. */
static gboolean
claim (GHashTable *seen, const InnElement *element, const char *what, char *value, GError **error)
{
  g_autofree char *text = value;
  GError *cause = NULL;

  if (text == NULL || g_hash_table_add (seen, g_strdup_printf ("%s %s", what, text)))
    return TRUE;
  g_set_error (&cause, INN_ERROR, INN_ERROR_INVALID_XML,
               _ ("%s %s is used by another device too. Choose another one."), what, text);
  return blame (element, cause, error);
}

/* What two devices may not share: fields of these names, whatever the kind. */
static gboolean
check_shared (GHashTable *seen, const InnElement *element, GError **error)
{
  static const char *const unique[] = { "target", "mac", "boot-order", "name" };

  for (guint i = 0; i < G_N_ELEMENTS (unique); i++)
    {
      const InnField *field = inn_kind_find (element->kind, unique[i]);

      if (field != NULL &&
          !claim (seen, element, _ (field->label), inn_element_dup_meant (element, field), error))
        return FALSE;
    }
  return TRUE;
}

/* Also of devices that we do not know. */
static gboolean
check_places (InnDomain *domain, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  xmlNode *devices = inn_domain_devices (domain);

  for (xmlNode *node = devices != NULL ? devices->children : NULL; node != NULL; node = node->next)
    {
      g_autofree char *place = NULL, *shown = NULL;
      GError *cause = NULL;

      if (node->type != XML_ELEMENT_NODE)
        continue;
      place = inn_device_dup_place (node);
      if (place == NULL)
        continue;
      shown = inn_text_shorten (place, 80);
      if (g_hash_table_add (seen, g_steal_pointer (&place)))
        continue;
      g_set_error (&cause, INN_ERROR, INN_ERROR_INVALID_XML,
                   _ ("Another device has the address %s too. Remove one of the two <address> "
                      "elements."),
                   shown);
      return blame_node (domain, node, (const char *)node->name, cause, error);
    }
  return TRUE;
}

static gboolean
check_boot (InnDomain *domain, GPtrArray *devices, GError **error)
{
  InnElement boot = inn_domain_get (domain, "boot");
  GError *cause = NULL;

  if (!inn_element_has (&boot, "first"))
    return TRUE;
  for (guint i = 0; i < devices->len; i++)
    {
      const InnElement *device = devices->pdata[i];

      if (inn_kind_find (device->kind, "boot-order") == NULL ||
          !inn_element_has (device, "boot-order"))
        continue;
      g_set_error_literal (&cause, INN_ERROR, INN_ERROR_INVALID_XML,
                           _ ("The machine has a boot order of its own too. Use one of the two."));
      return blame (device, cause, error);
    }
  return TRUE;
}

gboolean
inn_domain_check (InnDomain *domain, GError **error)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    if (!(*kind)->device)
      {
        InnElement section = inn_domain_get (domain, (*kind)->name);

        if (!check_element (&section, error))
          return FALSE;
      }
  if (!inn_domain_check_count (inn_domain_devices (domain), error))
    return FALSE;
  for (guint i = 0; i < devices->len; i++)
    if (!check_element (devices->pdata[i], error) || !check_shared (seen, devices->pdata[i], error))
      return FALSE;
  return inn_domain_check_groups (devices, error) && check_boot (domain, devices, error) &&
         check_places (domain, error);
}
