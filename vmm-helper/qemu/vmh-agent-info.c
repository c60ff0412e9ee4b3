/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-agent-info.h"

#include "core/vmh-limits.h"

#include <string.h>

static void
add_text (GVariantBuilder *info, const char *key, JsonObject *object, const char *name)
{
  g_autofree char *text = vmh_agent_dup_text (vmh_qmp_string (object, name));

  if (*text)
    g_variant_builder_add (info, "{sv}", key, g_variant_new_string (text));
}

static guint
get_length (JsonArray *array, guint most)
{
  return array ? MIN (json_array_get_length (array), most) : 0;
}

/* Of a float that may be anything. */
static gint64
get_microseconds (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  const double seconds = node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_double (node) : 0;

  return seconds > 0 && seconds < 1e11 ? (gint64)(seconds * 1e6) : 0;
}

/* ---- the answers ---- */

static void
take_info (JsonNode *value, GVariantBuilder *info)
{
  if (JSON_NODE_HOLDS_OBJECT (value))
    add_text (info, "version", json_node_get_object (value), "version");
}

static void
take_host_name (JsonNode *value, GVariantBuilder *info)
{
  if (JSON_NODE_HOLDS_OBJECT (value))
    add_text (info, "hostname", json_node_get_object (value), "host-name");
}

static void
take_system (JsonNode *value, GVariantBuilder *info)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (value) ? json_node_get_object (value) : NULL;

  add_text (info, "os-id", object, "id");
  add_text (info, "os-name", object,
            *vmh_qmp_string (object, "pretty-name") ? "pretty-name" : "name");
  add_text (info, "os-version", object, "version-id");
  add_text (info, "kernel", object, "kernel-release");
}

static void
take_users (JsonNode *value, GVariantBuilder *info)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (value) ? json_node_get_array (value) : NULL;
  const guint n = get_length (array, VMH_AGENT_MAX_ROWS);
  GVariantBuilder users;

  g_variant_builder_init (&users, G_VARIANT_TYPE ("a(st)"));
  for (guint i = 0; i < n; i++)
    {
      JsonObject *user = vmh_qmp_nth (array, i);
      g_autofree char *name = vmh_agent_dup_text (vmh_qmp_string (user, "user"));

      if (*name)
        g_variant_builder_add (&users, "(st)", name,
                               (guint64)get_microseconds (user, "login-time"));
    }
  g_variant_builder_add (info, "{sv}", "users", g_variant_builder_end (&users));
}

static void
add_addresses (JsonObject *card, GVariantBuilder *addresses)
{
  JsonArray *array = vmh_qmp_array (card, "ip-addresses");
  const guint n = get_length (array, VMH_AGENT_MAX_ADDRESSES);

  for (guint i = 0; i < n; i++)
    {
      JsonObject *row = vmh_qmp_nth (array, i);
      const char *text = vmh_qmp_string (row, "ip-address");
      const gint64 prefix = vmh_qmp_int (row, "prefix", -1);

      /* What is no address is not told as one. */
      if (!g_hostname_is_ip_address (text) || strlen (text) > 64)
        continue;
      if (prefix >= 0 && prefix <= 128)
        g_variant_builder_add_value (
            addresses, g_variant_new_take_string (g_strdup_printf ("%s/%d", text, (int)prefix)));
      else
        g_variant_builder_add (addresses, "s", text);
    }
}

static void
take_cards (JsonNode *value, GVariantBuilder *info)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (value) ? json_node_get_array (value) : NULL;
  const guint n = get_length (array, VMH_AGENT_MAX_ROWS);
  GVariantBuilder cards;

  g_variant_builder_init (&cards, G_VARIANT_TYPE ("a(ssas)"));
  for (guint i = 0; i < n; i++)
    {
      JsonObject *card = vmh_qmp_nth (array, i);
      g_autofree char *name = vmh_agent_dup_text (vmh_qmp_string (card, "name"));
      g_autofree char *mac = vmh_agent_dup_text (vmh_qmp_string (card, "hardware-address"));
      GVariantBuilder addresses;

      if (!*name)
        continue;
      g_variant_builder_init (&addresses, G_VARIANT_TYPE_STRING_ARRAY);
      add_addresses (card, &addresses);
      g_variant_builder_add (&cards, "(ssas)", name, mac, &addresses);
    }
  g_variant_builder_add (info, "{sv}", "cards", g_variant_builder_end (&cards));
}

static void
take_disks (JsonNode *value, GVariantBuilder *info)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (value) ? json_node_get_array (value) : NULL;
  const guint n = get_length (array, VMH_AGENT_MAX_ROWS);
  GVariantBuilder disks;

  g_variant_builder_init (&disks, G_VARIANT_TYPE ("a(sstt)"));
  for (guint i = 0; i < n; i++)
    {
      JsonObject *disk = vmh_qmp_nth (array, i);
      g_autofree char *place = vmh_agent_dup_text (vmh_qmp_string (disk, "mountpoint"));
      g_autofree char *type = vmh_agent_dup_text (vmh_qmp_string (disk, "type"));
      const gint64 used = vmh_qmp_int (disk, "used-bytes", 0);
      const gint64 total = vmh_qmp_int (disk, "total-bytes", 0);

      if (*place)
        g_variant_builder_add (&disks, "(sstt)", place, type,
                               (guint64)CLAMP (used, 0, MAX (total, 0)), (guint64)MAX (total, 0));
    }
  g_variant_builder_add (info, "{sv}", "disks", g_variant_builder_end (&disks));
}

/* In the order of their answers. */
static const struct
{
  const char *command;
  void (*take) (JsonNode *value, GVariantBuilder *info);
} questions[] = {
  { "guest-info", take_info },
  { "guest-get-host-name", take_host_name },
  { "guest-get-osinfo", take_system },
  { "guest-get-users", take_users },
  { "guest-network-get-interfaces", take_cards },
  { "guest-get-fsinfo", take_disks },
};

static GPtrArray *
list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)vmh_agent_command_free);
}

GPtrArray *
vmh_agent_info_list (void)
{
  GPtrArray *commands = list_new ();

  for (guint i = 0; i < G_N_ELEMENTS (questions); i++)
    g_ptr_array_add (commands, vmh_agent_command (questions[i].command, NULL));
  return commands;
}

GVariant *
vmh_agent_info_build (GPtrArray *answers)
{
  GVariantBuilder info;

  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&info, "{sv}", "present", g_variant_new_boolean (answers != NULL));
  for (guint i = 0; answers && i < answers->len && i < G_N_ELEMENTS (questions); i++)
    {
      JsonNode *answer = answers->pdata[i];
      JsonNode *value =
          answer ? json_object_get_member (json_node_get_object (answer), "return") : NULL;

      if (value)
        questions[i].take (value, &info);
    }
  return g_variant_builder_end (&info);
}

/* ---- what it is asked to do ---- */

static GPtrArray *
one (VmhAgentCommand *command)
{
  GPtrArray *commands = list_new ();

  g_ptr_array_add (commands, command);
  return commands;
}

GPtrArray *
vmh_agent_set_password (const char *user, const char *password)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), user);
  g_autofree char *name = json_to_string (node, FALSE);
  g_autofree char *secret = g_base64_encode ((const guchar *)password, strlen (password));
  g_autofree char *arguments = g_strdup_printf (
      "{\"crypted\": false, \"username\": %s, \"password\": \"%s\"}", name, secret);
  VmhAgentCommand *command = vmh_agent_command ("guest-set-user-password", arguments);

  explicit_bzero (secret, strlen (secret));
  explicit_bzero (arguments, strlen (arguments));
  return one (command);
}

GPtrArray *
vmh_agent_set_time (gint64 ns)
{
  g_autofree char *arguments = g_strdup_printf ("{\"time\": %" G_GINT64_FORMAT "}", ns);

  return one (vmh_agent_command ("guest-set-time", arguments));
}

GPtrArray *
vmh_agent_trim (void)
{
  return one (vmh_agent_command ("guest-fstrim", NULL));
}

GPtrArray *
vmh_agent_set_cpus (guint n)
{
  g_autoptr (GString) arguments = g_string_new ("{\"vcpus\": [");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (arguments, "%s{\"logical-id\": %u, \"online\": true}",
                            i > 0 ? ", " : "", i);
  g_string_append (arguments, "]}");
  return one (vmh_agent_command ("guest-set-vcpus", arguments->str));
}

GPtrArray *
vmh_agent_power_off (void)
{
  VmhAgentCommand *command = vmh_agent_command ("guest-shutdown", "{\"mode\": \"powerdown\"}");

  command->silent = TRUE;
  return one (command);
}
