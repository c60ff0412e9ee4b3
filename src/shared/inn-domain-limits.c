/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Disks that share one limit say the same limits, all of them: the definition says of each what it
 * may do. */
#include "inn-domain-private.h"
#include "inn-errors.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define GROUP "limit-group"

static gboolean
is_limit (const InnField *field)
{
  return g_str_has_prefix (field->path, "iotune/") && strcmp (field->name, GROUP) != 0;
}

static char *
dup_group (const InnElement *element)
{
  return inn_kind_find (element->kind, GROUP) != NULL ? inn_element_dup (element, GROUP) : NULL;
}

static gboolean
has_same_limits (const InnElement *one, const InnElement *other)
{
  for (const InnField *field = one->kind->fields; field->name != NULL; field++)
    {
      g_autofree char *here = is_limit (field) ? inn_element_dup_meant (one, field) : NULL;
      g_autofree char *there = is_limit (field) ? inn_element_dup_meant (other, field) : NULL;

      if (g_strcmp0 (here, there) != 0)
        return FALSE;
    }
  return TRUE;
}

static void
copy_limits (InnElement *to, const InnElement *from)
{
  for (const InnField *field = to->kind->fields; field->name != NULL; field++)
    if (is_limit (field))
      {
        g_autofree char *text = inn_element_dup_said (from, field);

        inn_element_set (to, field->name, text, NULL);
      }
}

void
inn_disk_follow_group (InnElement *disk, const InnField *field)
{
  g_autofree char *group = dup_group (disk);
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) disks = NULL;
  gboolean joined = strcmp (field->name, GROUP) == 0;

  if (group == NULL || (!joined && !is_limit (field)))
    return;
  text = inn_element_dup_said (disk, field);
  disks = inn_domain_list (disk->domain, disk->kind->name);
  for (guint i = 0; i < disks->len; i++)
    {
      InnElement *other = disks->pdata[i];

      if (other->node == disk->node || !inn_element_is (other, GROUP, group))
        continue;
      if (joined)
        {
          copy_limits (disk, other);
          return;
        }
      inn_element_set (other, field->name, text, NULL);
    }
}

/* The first of each group is what the others are held against. */
gboolean
inn_domain_check_groups (GPtrArray *devices, GError **error)
{
  g_autoptr (GHashTable) firsts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < devices->len; i++)
    {
      const InnElement *disk = devices->pdata[i];
      g_autofree char *group = dup_group (disk);
      const InnElement *first = group != NULL ? g_hash_table_lookup (firsts, group) : NULL;

      if (first != NULL && !has_same_limits (first, disk))
        {
          g_autofree char *one = inn_element_dup (first, "target");
          g_autofree char *other = inn_element_dup (disk, "target");

          g_set_error (
              error, INN_ERROR, INN_ERROR_INVALID_XML,
              _ ("The disks %s and %s share one limit, but each says another. Give them the "
                 "same."),
              one, other);
          return FALSE;
        }
      if (group != NULL && first == NULL)
        g_hash_table_insert (firsts, g_steal_pointer (&group), (gpointer)disk);
    }
  return TRUE;
}

gboolean
inn_domain_settle_groups (InnDomain *domain)
{
  g_autoptr (GPtrArray) disks = inn_domain_list (domain, "disk");
  gboolean changed = FALSE;

  /* The last one counts, as libvirt sets them one after the other. */
  for (guint i = disks->len; i > 0; i--)
    {
      const InnElement *last = disks->pdata[i - 1];
      g_autofree char *group = dup_group (last);

      for (guint k = 0; group != NULL && k + 1 < i; k++)
        {
          InnElement *disk = disks->pdata[k];

          if (!inn_element_is (disk, GROUP, group) || has_same_limits (disk, last))
            continue;
          copy_limits (disk, last);
          changed = TRUE;
        }
    }
  return changed;
}
