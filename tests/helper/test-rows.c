/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The contract, the code that binds it and the policy, compared: every method and property of
 * data/dbus has a row, every row is in data/dbus, every method an action, every action a place in
 * the policy; and so what the schema and the helper say of changes in what runs. */
#include <gio/gio.h>
#include <string.h>

#include "dbus/vmh-contract.h"
#include "machine/vmh-live.h"

#define ANNOTATION "org.innkeeper.Action"

static char *
read_source (const char *name)
{
  const char *root = g_getenv ("INN_SOURCE_DIR");
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  char *text;

  g_assert_nonnull (root);
  path = g_build_filename (root, name, NULL);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static const VmhInterface *
find_interface (const char *name)
{
  const VmhInterface *const *all = vmh_contract_interfaces ();

  for (guint i = 0; all[i] != NULL; i++)
    if (g_str_equal (all[i]->name, name))
      return all[i];
  return NULL;
}

/* (element-type GDBusInterfaceInfo) of every file in data/dbus, from the source, not from the
 * program's own copy. */
static GPtrArray *
load_contract (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("INN_SOURCE_DIR"), "data", "dbus", NULL);
  GPtrArray *infos = g_ptr_array_new_with_free_func ((GDestroyNotify)g_dbus_interface_info_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = g_dir_open (path, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *relative = g_build_filename ("data", "dbus", name, NULL);
      g_autofree char *xml = read_source (relative);
      g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, &error);

      g_assert_no_error (error);
      for (guint i = 0; node->interfaces[i] != NULL; i++)
        g_ptr_array_add (infos, g_dbus_interface_info_ref (node->interfaces[i]));
    }
  g_assert_cmpuint (infos->len, >=, 5);
  return infos;
}

static void
test_rows (void)
{
  g_autoptr (GPtrArray) infos = load_contract ();
  guint n_interfaces = 0;

  for (guint i = 0; i < infos->len; i++)
    {
      const GDBusInterfaceInfo *info = g_ptr_array_index (infos, i);
      const VmhInterface *interface = find_interface (info->name);
      guint n_methods = 0, n_properties = 0;

      g_test_message ("%s", info->name);
      g_assert_nonnull (interface);
      for (guint j = 0; info->methods != NULL && info->methods[j] != NULL; j++, n_methods++)
        {
          gboolean found = FALSE;

          for (const VmhMethod *row = interface->methods; row != NULL && row->name != NULL; row++)
            found =
                found || (g_str_equal (row->name, info->methods[j]->name) && row->handle != NULL);
          if (!found)
            g_error ("%s.%s has no handler", info->name, info->methods[j]->name);
        }
      for (guint j = 0; info->properties != NULL && info->properties[j] != NULL;
           j++, n_properties++)
        {
          gboolean found = FALSE;

          for (const VmhProperty *row = interface->properties; row != NULL && row->name != NULL;
               row++)
            found =
                found || (g_str_equal (row->name, info->properties[j]->name) && row->get != NULL);
          if (!found)
            g_error ("%s.%s has no getter", info->name, info->properties[j]->name);
          g_assert_cmpint (info->properties[j]->flags, ==, G_DBUS_PROPERTY_INFO_FLAGS_READABLE);
        }
      /* No row but these. */
      for (const VmhMethod *row = interface->methods; row != NULL && row->name != NULL; row++)
        g_assert_cmpuint (n_methods--, >, 0);
      for (const VmhProperty *row = interface->properties; row != NULL && row->name != NULL; row++)
        g_assert_cmpuint (n_properties--, >, 0);
    }
  while (vmh_contract_interfaces ()[n_interfaces] != NULL)
    n_interfaces++;
  g_assert_cmpuint (n_interfaces, ==, infos->len);
}

static void
test_actions (void)
{
  g_autoptr (GPtrArray) infos = load_contract ();
  g_autofree char *policy = read_source ("data/org.innkeeper.helper.policy.in");

  for (guint i = 0; i < infos->len; i++)
    {
      const GDBusInterfaceInfo *info = g_ptr_array_index (infos, i);

      for (guint j = 0; info->methods != NULL && info->methods[j] != NULL; j++)
        {
          const char *action =
              g_dbus_annotation_info_lookup (info->methods[j]->annotations, ANNOTATION);
          g_autofree char *element = NULL;

          if (action == NULL)
            g_error ("%s.%s names no action", info->name, info->methods[j]->name);
          element = g_strdup_printf ("<action id=\"%s\">", action);
          if (strstr (policy, element) == NULL)
            g_error ("%s.%s names %s, which the policy does not", info->name,
                     info->methods[j]->name, action);
        }
    }
  /* The gate's own, for another user's object. */
  g_assert_nonnull (strstr (policy, "<action id=\"org.innkeeper.helper.others\">"));
}

/* What a details page says can change in what runs can, and what can is said. */
static void
test_live (void)
{
  guint n = 0;

  for (const InnKind *const *kind = inn_schema_kinds (); *kind != NULL; kind++)
    for (const InnField *field = (*kind)->fields; field->name != NULL; field++)
      {
        gboolean said = (field->flags & INN_FIELD_LIVE) != 0;

        if (said != vmh_live_has_way (*kind, field))
          g_error ("%s/%s: the schema says %d, vmh-live.c %d", (*kind)->name, field->name, said,
                   !said);
        n += said;
      }
  g_assert_cmpuint (n, >, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper/contract/rows", test_rows);
  g_test_add_func ("/helper/contract/actions", test_actions);
  g_test_add_func ("/helper/contract/live", test_live);
  return g_test_run ();
}
