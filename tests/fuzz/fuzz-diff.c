/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any two machines, a line "%%" between them: what differs, told field by field, makes the one into
 * the other when it is written into it field by field, but for what the schema does not know. */
#include "fuzz.h"
#include "shared/inn-domain.h"

#include <string.h>

#define BETWEEN "\n%%\n"

static InnDomain *
parse (const char *xml, size_t size)
{
  g_autoptr (InnDomain) domain = inn_domain_parse (xml, (gssize)size, NULL);

  return domain != NULL && inn_domain_check (domain, NULL) ? g_steal_pointer (&domain) : NULL;
}

static InnElement *
find (InnDomain *domain, const InnChange *change)
{
  InnElement section;

  if (change->kind->device)
    return inn_domain_find (domain, change->id);
  section = inn_domain_get (domain, change->kind->name);
  return inn_element_copy (&section);
}

static void
carry_field (InnElement *to, const InnElement *from, const InnField *field)
{
  g_autofree char *text =
      inn_element_has (from, field->name) ? inn_element_dup (from, field->name) : NULL;
  g_autoptr (GError) error = NULL;

  if (!inn_element_set (to, field->name, text, &error))
    g_error ("“%s” is right in %s and cannot be written: %s", text, field->name, error->message);
}

static void
carry (InnDomain *to, InnDomain *from, const InnChange *change)
{
  g_autoptr (InnElement) theirs = change->kind != NULL ? find (from, change) : NULL;
  g_autoptr (InnElement) ours = change->kind != NULL ? find (to, change) : NULL;

  if (change->kind == NULL)
    return;
  if (change->field != NULL)
    carry_field (ours, theirs, change->field);
  else if (theirs == NULL)
    inn_domain_remove (ours);
  else
    {
      InnElement added = inn_domain_add (to, change->kind->name);

      for (const InnField *field = change->kind->fields; field->name != NULL; field++)
        if (inn_element_has (theirs, field->name))
          carry_field (&added, theirs, field);
    }
}

/* What went goes from the last to the first: the second boot device becomes the first when the
 * first goes, and an id may be a position. */
static void
carry_all (InnDomain *to, InnDomain *from, GPtrArray *changes)
{
  for (guint i = 0; i < changes->len; i++)
    {
      const InnChange *change = changes->pdata[i];

      if (change->field != NULL && change->after != NULL)
        carry (to, from, change);
    }
  for (guint i = changes->len; i-- > 0;)
    {
      const InnChange *change = changes->pdata[i];

      if (change->after == NULL)
        carry (to, from, change);
    }
  for (guint i = 0; i < changes->len; i++)
    {
      const InnChange *change = changes->pdata[i];

      if (change->field == NULL && change->after != NULL)
        carry (to, from, change);
    }
}

/* A device whose key is not said, or is said twice, goes by its position: among others it is
 * another device. */
static gboolean
is_named (InnDomain *domain)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);

  for (guint i = 0; i < devices->len; i++)
    {
      const InnElement *device = devices->pdata[i];
      g_autofree char *id = inn_element_dup_id (device);
      g_auto (GStrv) keys =
          g_strsplit (device->kind->key != NULL ? device->kind->key : "", ",", -1);

      if (strchr (id, '#') != NULL)
        return FALSE;
      for (guint j = 0; keys[j] != NULL; j++)
        if (!inn_element_has (device, keys[j]))
          return FALSE;
    }
  return TRUE;
}

static void
compare (InnDomain *before, InnDomain *after)
{
  g_autoptr (GPtrArray) changes = inn_domain_diff (before, after);
  g_autoptr (GPtrArray) back = inn_domain_diff (after, before);
  g_autoptr (GPtrArray) left = NULL;
  g_autoptr (InnDomain) copy = inn_domain_copy (before);

  g_assert_cmpuint (changes->len, ==, back->len);
  if (!is_named (before) || !is_named (after))
    return;
  carry_all (copy, after, changes);
  left = inn_domain_diff (copy, after);
  for (guint i = 0; i < left->len; i++)
    {
      const InnChange *change = left->pdata[i];

      if (change->kind != NULL)
        g_error ("%s/%s still differs: “%s”, not “%s”", change->id,
                 change->field != NULL ? change->field->name : "", change->before, change->after);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *)data;
  const char *between = memmem (text, size, BETWEEN, strlen (BETWEEN));
  size_t length = between != NULL ? (size_t)(between - text) : size;
  g_autoptr (InnDomain) before = parse (text, length);
  g_autoptr (InnDomain) after = NULL;
  g_autoptr (InnDomain) same = NULL;
  g_autoptr (GPtrArray) none = NULL;

  if (before == NULL)
    return 0;
  same = inn_domain_copy (before);
  none = inn_domain_diff (before, same);
  g_assert_cmpuint (none->len, ==, 0);
  if (between != NULL)
    after = parse (between + strlen (BETWEEN), size - length - strlen (BETWEEN));
  if (after != NULL)
    compare (before, after);
  return 0;
}
