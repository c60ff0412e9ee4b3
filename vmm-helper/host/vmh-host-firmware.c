/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The firmwares of this host: QEMU's firmware descriptors (docs/interop/firmware.json of QEMU),
 * then well-known places, then the BIOS. */

#include "vmh-host-private.h"

#include <json-glib/json-glib.h>
#include <string.h>

static gboolean
is_there (VmhHost *host, const char *path)
{
  g_autofree char *full = vmh_host_path (host, path);

  return g_file_test (full, G_FILE_TEST_IS_REGULAR);
}

const VmhFirmware *
vmh_host_find_firmware (VmhHost *host, const char *arch, const char *type)
{
  for (guint i = 0; i < host->firmwares->len; i++)
    {
      const VmhFirmware *firmware = g_ptr_array_index (host->firmwares, i);

      if (g_str_equal (firmware->arch, arch) && g_str_equal (firmware->type, type))
        return firmware;
    }
  return NULL;
}

/* Does nothing if the files are not there or another was found before, which has precedence. */
static void
add_firmware (VmhHost *host,
              const char *arch,
              const char *type,
              const char *path,
              const char *format,
              const char *template,
              const char *template_format,
              gboolean smm)
{
  VmhFirmware *firmware;

  if (path == NULL || !is_there (host, path) || (template != NULL && !is_there (host, template)) ||
      vmh_host_find_firmware (host, arch, type) != NULL)
    return;
  firmware = g_new0 (VmhFirmware, 1);
  firmware->arch = g_strdup (arch);
  firmware->type = g_strdup (type);
  firmware->path = g_strdup (path);
  firmware->format = g_strdup (format);
  firmware->nvram_template = g_strdup (template);
  firmware->nvram_template_format = template != NULL ? g_strdup (template_format) : NULL;
  firmware->smm = smm;
  g_ptr_array_add (host->firmwares, firmware);
}

/* A member that must be there and be of the type, else NULL. */
static JsonNode *
get_node (JsonObject *object, const char *name, JsonNodeType type)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && json_node_get_node_type (node) == type ? node : NULL;
}

static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node = get_node (object, name, JSON_NODE_OBJECT);

  return node != NULL ? json_node_get_object (node) : NULL;
}

static JsonArray *
get_array (JsonObject *object, const char *name)
{
  JsonNode *node = get_node (object, name, JSON_NODE_ARRAY);

  return node != NULL ? json_node_get_array (node) : NULL;
}

static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = get_node (object, name, JSON_NODE_VALUE);

  return node != NULL ? json_node_get_string (node) : NULL;
}

static const char *
get_element_string (JsonArray *array, guint index)
{
  JsonNode *node = json_array_get_element (array, index);

  return JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

static gboolean
has_string (JsonArray *array, const char *string)
{
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    if (g_strcmp0 (get_element_string (array, i), string) == 0)
      return TRUE;
  return FALSE;
}

/* Our machine types are pc and q35; a firmware may be for others only (microvm, xen). */
static gboolean
fits_machines (JsonArray *machines)
{
  for (guint i = 0; machines != NULL && i < json_array_get_length (machines); i++)
    {
      const char *machine = get_element_string (machines, i);

      if (machine != NULL && (g_str_has_prefix (machine, "pc-") || g_str_equal (machine, "*")))
        return TRUE;
    }
  return FALSE;
}

static void
add_descriptor (VmhHost *host, JsonObject *root)
{
  JsonArray *features = get_array (root, "features");
  JsonArray *targets = get_array (root, "targets");
  JsonObject *mapping = get_object (root, "mapping");
  JsonObject *code = get_object (mapping, "executable");
  JsonObject *template = get_object (mapping, "nvram-template");
  const char *mode = get_string (mapping, "mode");
  gboolean smm = has_string (features, "requires-smm");
  gboolean secure = has_string (features, "secure-boot");

  /* A firmware that cannot keep its variables (or only in the code's own file) is no use here. */
  if (!has_string (get_array (root, "interface-types"), "uefi") || targets == NULL ||
      g_strcmp0 (get_string (mapping, "device"), "flash") != 0 || template == NULL ||
      (mode != NULL && !g_str_equal (mode, "split")))
    return;
  /* "uefi-secure" promises Secure Boot that is on: with the keys enrolled. */
  if (secure && !has_string (features, "enrolled-keys"))
    return;
  for (guint i = 0; i < json_array_get_length (targets); i++)
    {
      JsonNode *node = json_array_get_element (targets, i);
      JsonObject *target = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *arch = get_string (target, "architecture");
      const char *format = get_string (code, "format");
      const char *template_format = get_string (template, "format");

      if (arch != NULL && fits_machines (get_array (target, "machines")))
        add_firmware (host, vmh_arch_from_qemu (arch), secure ? "uefi-secure" : "uefi",
                      get_string (code, "filename"), format != NULL ? format : "raw",
                      get_string (template, "filename"),
                      template_format != NULL ? template_format : "raw", smm);
    }
}

static void
read_descriptor (VmhHost *host, const char *path)
{
  g_autofree char *text = vmh_host_read (host, path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonNode *root;

  /* An empty file in /etc hides the one of the same name in /usr/share: QEMU's rule. */
  if (text == NULL || *text == '\0')
    return;
  if (!json_parser_load_from_data (parser, text, -1, &error))
    {
      g_warning ("%s: %s", path, error->message);
      return;
    }
  root = json_parser_get_root (parser);
  if (root != NULL && JSON_NODE_HOLDS_OBJECT (root))
    add_descriptor (host, json_node_get_object (root));
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
read_descriptors (VmhHost *host)
{
  static const char *const folders[] = { "/etc/qemu/firmware", "/usr/share/qemu/firmware" };
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer key;

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = vmh_host_path (host, folders[i]);
      g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
      const char *name;

      while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
        if (g_str_has_suffix (name, ".json") && !g_hash_table_contains (paths, name))
          g_hash_table_insert (paths, g_strdup (name), g_build_filename (folders[i], name, NULL));
    }
  g_hash_table_iter_init (&iter, paths);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (names, key);
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    read_descriptor (host, g_hash_table_lookup (paths, g_ptr_array_index (names, i)));
}

void
vmh_host_read_firmwares (VmhHost *host)
{
  static const struct
  {
    const char *arch;
    const char *type;
    const char *path;
    const char *template;
  } places[] = {
    { "x86_64", "uefi", "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd" },
    { "x86_64", "uefi", "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd" },
    { "x86_64", "uefi", "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd" },
    { "x86_64", "uefi", "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
      "/usr/share/edk2/x64/OVMF_VARS.4m.fd" },
    { "x86_64", "bios", "/usr/share/seabios/bios-256k.bin", NULL },
    { "x86_64", "bios", "/usr/share/qemu/bios-256k.bin", NULL },
    { "i686", "bios", "/usr/share/seabios/bios-256k.bin", NULL },
    { "i686", "bios", "/usr/share/qemu/bios-256k.bin", NULL },
  };

  read_descriptors (host);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    add_firmware (host, places[i].arch, places[i].type, places[i].path, "raw", places[i].template,
                  "raw", FALSE);
}
