/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how a plan is printed as a command line. All but -chardev and a few plain options are JSON,
 * so nothing in a name can become an option; what is not JSON is escaped here and nowhere else. */
#include "devices/vmh-plan-private.h"

#include <string.h>

char *
vmh_plan_escape (const char *value)
{
  g_auto (GStrv) parts = g_strsplit (value, ",", -1);

  return g_strjoinv (",,", parts);
}

static void append_members (GString *text, JsonObject *object);

static void
append_member (GString *text, const char *name, JsonNode *node)
{
  g_autofree char *value = NULL;

  if (JSON_NODE_HOLDS_OBJECT (node)) /* an address: its data's members stand in its place */
    {
      append_members (text, json_node_get_object (node));
      return;
    }
  if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    value = g_strdup (json_node_get_boolean (node) ? "on" : "off");
  else if (json_node_get_value_type (node) == G_TYPE_INT64)
    value = g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  else
    value = vmh_plan_escape (json_node_get_string (node));
  g_string_append_printf (text, ",%s=%s", name, value);
}

/* Sockets: {"addr": {"type": "fd", "data": {"str": "5"}}} is "fd=5" on the command line. */
static void
append_members (GString *text, JsonObject *object)
{
  g_autoptr (GList) names = json_object_get_members (object);

  if (json_object_has_member (object, "type"))
    {
      JsonObject *data = json_object_get_object_member (object, "data");

      append_member (text, json_object_get_string_member (object, "type"),
                     json_object_get_member (data, "str"));
      return;
    }
  for (GList *name = names; name; name = name->next)
    append_member (text, name->data, json_object_get_member (object, name->data));
}

char *
vmh_plan_format_chardev (JsonObject *chardev)
{
  JsonObject *backend = json_object_get_object_member (chardev, "backend");
  g_autofree char *id = vmh_plan_escape (json_object_get_string_member (chardev, "id"));
  GString *text = g_string_new (json_object_get_string_member (backend, "type"));

  g_string_append_printf (text, ",id=%s", id);
  if (json_object_has_member (backend, "data"))
    append_members (text, json_object_get_object_member (backend, "data"));
  return g_string_free (text, FALSE);
}

static const char *
option_of (const VmhNode *node)
{
  switch (node->type)
    {
    case VMH_NODE_OBJECT:
      return "-object";
    case VMH_NODE_CHARDEV:
      return "-chardev";
    case VMH_NODE_BLOCKDEV:
      return "-blockdev";
    case VMH_NODE_NETDEV:
      return "-netdev";
    case VMH_NODE_AUDIODEV:
      return "-audiodev";
    case VMH_NODE_DEVICE:
      return "-device";
    case VMH_NODE_ARGUMENT:
    default:
      return json_object_get_string_member (node->object, "option");
    }
}

static char *
value_of (const VmhNode *node)
{
  g_autoptr (JsonNode) json = NULL;

  if (node->type == VMH_NODE_CHARDEV)
    return vmh_plan_format_chardev (node->object);
  if (node->type == VMH_NODE_ARGUMENT)
    return json_object_has_member (node->object, "value")
               ? g_strdup (json_object_get_string_member (node->object, "value"))
               : NULL;
  json = json_node_init_object (json_node_alloc (), node->object);
  return json_to_string (json, FALSE);
}

char **
vmh_plan_dup_argv (VmhPlan *plan)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, plan->host.emulator);
  for (guint i = 0; i < plan->nodes->len; i++)
    {
      const VmhNode *node = plan->nodes->pdata[i];
      g_autofree char *value = value_of (node);

      g_strv_builder_add (builder, option_of (node));
      if (value)
        g_strv_builder_add (builder, value);
    }
  return g_strv_builder_end (builder);
}
