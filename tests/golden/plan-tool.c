/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* plan-tool [--types TYPES] [--no-passt|--session|--plug|--kvm] FILE…: prints as JSON, one line a
 * file, how the machine would be started on a computer that never changes: argv, files, commands;
 * or
 * {"error": …}. TYPES: a file with the types that its QEMU has, one a line; else it has all.
 * --no-passt: passt is not installed. --plug: with the nodes of each device, were it plugged in
 * later. --kvm: not emulated. */
#include "devices/vmh-plan.h"
#include "shared/inn-domain-new.h"

#include <stdio.h>
#include <stdlib.h>

static JsonArray *
strings (char **argv)
{
  JsonArray *array = json_array_new ();

  for (char **arg = argv; *arg; arg++)
    json_array_add_string_element (array, *arg);
  return array;
}

static JsonArray *
files (GPtrArray *fds)
{
  static const char *const types[] = { "file", "nvram", "copy",  "listen", "line",
                                       "net",  "tpm",   "share", "card",   "vsock",
                                       "lun",  "chip",  "shmem", "usb",    "tap" };
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < fds->len; i++)
    {
      const VmhPlanFd *fd = fds->pdata[i];
      JsonObject *object = json_object_new ();

      json_object_set_int_member (object, "number", fd->number);
      json_object_set_string_member (object, "type", types[fd->type]);
      json_object_set_string_member (object, "name", fd->name ? fd->name : "");
      json_object_set_string_member (object, "path", fd->path ? fd->path : "");
      json_object_set_string_member (object, "kind", fd->kind ? fd->kind : "");
      json_object_set_string_member (object, "mode", fd->mode ? fd->mode : "");
      json_object_set_boolean_member (object, "writable", fd->writable);
      json_array_add_object_element (array, object);
    }
  return array;
}

static JsonArray *
commands (GPtrArray *list)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    {
      const VmhPlanCommand *command = list->pdata[i];
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "execute", command->command);
      if (command->arguments)
        json_object_set_object_member (object, "arguments", json_object_ref (command->arguments));
      json_array_add_object_element (array, object);
    }
  return array;
}

/* The machine as it runs, with all of its devices but @left_out. */
static GStrv
device_ids (VmhPlan *plan, const char *left_out)
{
  GPtrArray *nodes = vmh_plan_get_nodes (plan);
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();

  for (guint i = 0; i < nodes->len; i++)
    {
      const VmhNode *node = nodes->pdata[i];
      const char *id = node->type == VMH_NODE_DEVICE
                           ? json_object_get_string_member (node->object, "id")
                           : left_out;

      if (!g_str_equal (id, left_out))
        g_strv_builder_add (ids, id);
    }
  return g_strv_builder_end (ids);
}

static JsonObject *
plug (VmhPlan *started, const InnElement *element, const VmhPlanHost *host)
{
  static char *ports[] = { (char *)"port-0", (char *)"port-1", NULL };
  g_autofree char *id = vmh_plan_id (element, vmh_plan_index (element));
  g_auto (GStrv) ids = device_ids (started, id);
  VmhPlanRunning running = { .ids = ids, .ports = ports, .shared = TRUE };
  VmhPlanHost now = *host;
  g_autoptr (VmhPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *result = json_object_new ();
  JsonArray *list;

  now.running = &running;
  plan = vmh_plan_new (element->domain, &now);
  if (!vmh_plan_build_device (plan, element, &error))
    {
      json_object_set_string_member (result, "error", error->message);
      return result;
    }
  list = json_array_new ();
  for (guint i = 0; i < vmh_plan_get_nodes (plan)->len; i++)
    {
      const VmhNode *node = vmh_plan_get_nodes (plan)->pdata[i];
      g_autoptr (JsonNode) json = json_node_init_object (json_node_alloc (), node->object);
      g_autofree char *text = json_to_string (json, FALSE);

      json_array_add_string_element (list, text);
    }
  json_object_set_array_member (result, "nodes", list);
  return result;
}

static JsonObject *
plugs (VmhPlan *started, InnDomain *domain, const VmhPlanHost *host)
{
  g_autoptr (GPtrArray) devices = inn_domain_list (domain, NULL);
  JsonObject *result = json_object_new ();

  for (guint i = 0; i < devices->len; i++)
    {
      g_autofree char *id = inn_element_dup_id (devices->pdata[i]);

      json_object_set_object_member (result, id, plug (started, devices->pdata[i], host));
    }
  return result;
}

static gboolean
has (const char *type, gpointer data)
{
  return g_strv_contains (data, type);
}

static gboolean
describe (const char *file, char **types, const char *option, JsonObject *result, GError **error)
{
  VmhPlanHost host = { .emulator = "qemu-system-x86_64",
                       .accelerator = g_str_equal (option, "--kvm") ? "kvm" : "tcg",
                       .passt = !g_str_equal (option, "--no-passt"),
                       .swtpm = TRUE,
                       .virtiofsd = TRUE,
                       .cards = TRUE,
                       .render = "/dev/dri/renderD128",
                       .locks = !g_str_equal (option, "--session"),
                       .vfio = !g_str_equal (option, "--session"),
                       .bridges = !g_str_equal (option, "--session"),
                       .chips = !g_str_equal (option, "--session"),
                       .proc = TRUE,
                       .luns = !g_str_equal (option, "--session") };
  g_autofree char *xml = NULL;
  g_autoptr (InnDomain) domain = NULL;
  g_autoptr (VmhPlan) plan = NULL;
  g_auto (GStrv) argv = NULL;
  gsize length;

  if (types)
    {
      host.has = has;
      host.has_data = types;
    }

  if (!g_file_get_contents (file, &xml, &length, error))
    return FALSE;
  domain = inn_domain_parse (xml, (gssize)length, error);
  if (!domain || !inn_domain_check (domain, error))
    return FALSE;
  if (inn_domain_is_uefi (domain))
    {
      InnElement firmware = inn_domain_get (domain, "firmware");

      host.firmware_smm = inn_element_get_bool (&firmware, "secure-boot") ||
                          inn_element_get_bool (&firmware, "loader-secure");
      host.firmware = host.firmware_smm ? "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
                                        : "/usr/share/OVMF/OVMF_CODE_4M.fd";
      host.firmware_format = host.nvram_format = "raw";
    }
  plan = vmh_plan_new (domain, &host);
  if (!vmh_plan_build (plan, error))
    return FALSE;
  argv = vmh_plan_dup_argv (plan);
  json_object_set_array_member (result, "argv", strings (argv));
  json_object_set_array_member (result, "files", files (vmh_plan_get_fds (plan)));
  json_object_set_array_member (result, "commands", commands (vmh_plan_get_commands (plan)));
  json_object_set_string_member (result, "notes", vmh_plan_get_notes (plan));
  if (g_str_equal (option, "--plug"))
    json_object_set_object_member (result, "plugs", plugs (plan, domain, &host));
  return TRUE;
}

static void
print (const char *file, char **types, const char *option)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonObject) result = json_object_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!describe (file, types, option, result, &error))
    json_object_set_string_member (result, "error", error->message);
  json_node_set_object (node, result);
  text = json_to_string (node, FALSE);
  puts (text); /* as it is: g_print would put it into the locale's charset */
}

int
main (int argc, char **argv)
{
  g_autofree char *list = NULL;
  g_auto (GStrv) types = NULL;
  const char *option = "";
  int i = 1;

  if (argc > 2 && g_str_equal (argv[1], "--types"))
    {
      if (!g_file_get_contents (argv[2], &list, NULL, NULL))
        return EXIT_FAILURE;
      types = g_strsplit (list, "\n", -1);
      i = 3;
    }
  if (i < argc && g_str_has_prefix (argv[i], "--"))
    option = argv[i++];
  for (; i < argc; i++)
    print (argv[i], types, option);
  return EXIT_SUCCESS;
}
