/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-props.h"

static GParamSpec *
create_spec (const InnProp *prop)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  if (g_str_equal (prop->type, "s"))
    return g_param_spec_string (prop->property, NULL, NULL, "", flags);
  if (g_str_equal (prop->type, "b"))
    return g_param_spec_boolean (prop->property, NULL, NULL, FALSE, flags);
  if (g_str_equal (prop->type, "u"))
    return g_param_spec_uint (prop->property, NULL, NULL, 0, G_MAXUINT, 0, flags);
  if (g_str_equal (prop->type, "t"))
    return g_param_spec_uint64 (prop->property, NULL, NULL, 0, G_MAXUINT64, 0, flags);
  if (g_str_equal (prop->type, "d"))
    return g_param_spec_double (prop->property, NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  if (g_str_equal (prop->type, "as"))
    return g_param_spec_boxed (prop->property, NULL, NULL, G_TYPE_STRV, flags);
  return g_param_spec_variant (prop->property, NULL, NULL, G_VARIANT_TYPE (prop->type), NULL,
                               flags);
}

void
inn_props_install (GObjectClass *klass, const InnProp *table, guint n)
{
  for (guint i = 0; i < n; i++)
    if (table[i].property != NULL)
      g_object_class_install_property (klass, i + 1, create_spec (&table[i]));
}

void
inn_props_init (InnProps *props, const InnProp *table, guint n)
{
  props->table = table;
  props->n = n;
  props->values = g_new0 (GVariant *, n);
}

void
inn_props_clear (InnProps *props)
{
  for (guint i = 0; i < props->n; i++)
    g_clear_pointer (&props->values[i], g_variant_unref);
  g_clear_pointer (&props->values, g_free);
  props->n = 0;
}

void
inn_props_update (InnProps *props, GObject *object, const char *interface, GVariant *members)
{
  g_object_freeze_notify (object);
  for (guint i = 0; i < props->n; i++)
    {
      const InnProp *prop = &props->table[i];
      g_autoptr (GVariant) value = NULL;

      if (!g_str_equal (prop->interface, interface))
        continue;
      value = g_variant_lookup_value (members, prop->member, G_VARIANT_TYPE (prop->type));
      if (value == NULL || (props->values[i] != NULL && g_variant_equal (value, props->values[i])))
        continue;
      g_clear_pointer (&props->values[i], g_variant_unref);
      props->values[i] = g_steal_pointer (&value);
      if (prop->property != NULL)
        g_object_notify (object, prop->property);
    }
  g_object_thaw_notify (object);
}

void
inn_props_get (InnProps *props, guint row, GValue *value)
{
  const char *type = props->table[row].type;
  GVariant *variant = props->values[row];

  if (g_str_equal (type, "s"))
    g_value_set_string (value, inn_props_string (props, row));
  else if (variant == NULL)
    return;
  else if (g_str_equal (type, "b"))
    g_value_set_boolean (value, g_variant_get_boolean (variant));
  else if (g_str_equal (type, "u"))
    g_value_set_uint (value, g_variant_get_uint32 (variant));
  else if (g_str_equal (type, "t"))
    g_value_set_uint64 (value, g_variant_get_uint64 (variant));
  else if (g_str_equal (type, "d"))
    g_value_set_double (value, g_variant_get_double (variant));
  else if (g_str_equal (type, "as"))
    g_value_take_boxed (value, g_variant_dup_strv (variant, NULL));
  else
    g_value_set_variant (value, variant);
}

const char *
inn_props_string (InnProps *props, guint row)
{
  return props->values[row] != NULL ? g_variant_get_string (props->values[row], NULL) : "";
}
