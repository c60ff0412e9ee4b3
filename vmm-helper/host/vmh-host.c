/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The host's facts as one object, and each as a property of the contract. How a fact is read is
 * known in the files beside this one. */

#include "vmh-host-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/utsname.h>

#include "shared/inn-errors.h"
#include "shared/inn-names.h"

G_DEFINE_FINAL_TYPE (VmhHost, vmh_host, G_TYPE_OBJECT)

static void
numa_node_free (VmhNumaNode *node)
{
  g_free (node->cpus);
  g_free (node);
}

static void
emulator_free (VmhEmulator *emulator)
{
  g_free (emulator->arch);
  g_free (emulator->path);
  g_free (emulator->version);
  g_free (emulator);
}

static void
firmware_free (VmhFirmware *firmware)
{
  g_free (firmware->arch);
  g_free (firmware->type);
  g_free (firmware->path);
  g_free (firmware->format);
  g_free (firmware->nvram_template);
  g_free (firmware->nvram_template_format);
  g_free (firmware);
}

char *
vmh_host_path (VmhHost *host, const char *path)
{
  return g_strconcat (host->root, path, NULL);
}

char *
vmh_host_read (VmhHost *host, const char *path)
{
  g_autofree char *full = vmh_host_path (host, path);
  char *text = NULL;

  if (!g_file_get_contents (full, &text, NULL, NULL))
    return NULL;
  return text;
}

static const struct
{
  const char *qemu;
  const char *libvirt;
} arch_names[] = {
  { "i386", "i686" },
  { "arm", "armv7l" },
};

const char *
vmh_arch_from_qemu (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (arch_names); i++)
    if (g_str_equal (arch_names[i].qemu, name))
      return arch_names[i].libvirt;
  return name;
}

static GVariant *
get_architecture (VmhHost *host)
{
  return g_variant_new_string (host->machine);
}

static GVariant *
get_cpu_model (VmhHost *host)
{
  return g_variant_new_string (host->cpu_model);
}

static GVariant *
get_virtualization (VmhHost *host)
{
  return g_variant_new_string (host->virtualization);
}

static GVariant *
get_kvm_device (VmhHost *host)
{
  return g_variant_new_boolean (host->kvm_errno == 0);
}

static GVariant *
get_kvm_api (VmhHost *host)
{
  return g_variant_new_uint32 (host->kvm_api);
}

static GVariant *
get_kvm_module (VmhHost *host)
{
  return g_variant_new_string (host->kvm_module);
}

static GVariant *
get_kvm_nested (VmhHost *host)
{
  return g_variant_new_boolean (host->kvm_nested);
}

static GVariant *
get_accelerator (VmhHost *host)
{
  g_autofree char *reason = NULL;
  g_autofree char *remedy = NULL;

  return g_variant_new_string (
      vmh_host_choose_accelerator (host, "auto", host->machine, &reason, &remedy, NULL));
}

static GVariant *
get_accelerator_reason (VmhHost *host)
{
  char *reason = NULL;
  g_autofree char *remedy = NULL;

  vmh_host_choose_accelerator (host, "auto", host->machine, &reason, &remedy, NULL);
  return g_variant_new_take_string (reason);
}

static GVariant *
get_accelerator_remedy (VmhHost *host)
{
  g_autofree char *reason = NULL;
  char *remedy = NULL;

  vmh_host_choose_accelerator (host, "auto", host->machine, &reason, &remedy, NULL);
  return g_variant_new_take_string (remedy);
}

guint
vmh_host_get_cpus (VmhHost *host)
{
  return host->cpus;
}

static GVariant *
get_cpus (VmhHost *host)
{
  return g_variant_new_uint32 (host->cpus);
}

static GVariant *
get_numa_nodes (VmhHost *host)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ust)"));

  for (guint i = 0; i < host->nodes->len; i++)
    {
      const VmhNumaNode *node = g_ptr_array_index (host->nodes, i);

      g_variant_builder_add (&builder, "(ust)", node->number, node->cpus, node->memory);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
get_memory (VmhHost *host)
{
  return g_variant_new_uint64 (host->memory);
}

static GVariant *
get_emulators (VmhHost *host)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sss)"));

  for (guint i = 0; i < host->emulators->len; i++)
    {
      const VmhEmulator *emulator = g_ptr_array_index (host->emulators, i);

      g_variant_builder_add (&builder, "(sss)", emulator->arch, emulator->path, emulator->version);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
get_firmwares (VmhHost *host)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sss)"));

  for (guint i = 0; i < host->firmwares->len; i++)
    {
      const VmhFirmware *firmware = g_ptr_array_index (host->firmwares, i);

      g_variant_builder_add (&builder, "(sss)", firmware->arch, firmware->type, firmware->path);
    }
  return g_variant_builder_end (&builder);
}

/* FACT: the row of the table of facts and of the D-Bus interface, whose getters get the exported
 * object and not the host. */
#define FACTS(FACT)                                                                                \
  FACT ("Architecture", architecture)                                                              \
  FACT ("CpuModel", cpu_model)                                                                     \
  FACT ("Virtualization", virtualization)                                                          \
  FACT ("KvmDevice", kvm_device)                                                                   \
  FACT ("KvmApi", kvm_api)                                                                         \
  FACT ("KvmModule", kvm_module)                                                                   \
  FACT ("KvmNested", kvm_nested)                                                                   \
  FACT ("Accelerator", accelerator)                                                                \
  FACT ("AcceleratorReason", accelerator_reason)                                                   \
  FACT ("AcceleratorRemedy", accelerator_remedy)                                                   \
  FACT ("Cpus", cpus)                                                                              \
  FACT ("NumaNodes", numa_nodes)                                                                   \
  FACT ("Memory", memory)                                                                          \
  FACT ("Emulators", emulators)                                                                    \
  FACT ("Firmwares", firmwares)

#define DEFAULT_GETTER(name, id)                                                                   \
  static GVariant *get_default_##id (gpointer object)                                              \
  {                                                                                                \
    return get_##id (vmh_host_get_default ());                                                     \
  }
FACTS (DEFAULT_GETTER)

#define PROPERTY_ROW(name, id) { name, get_default_##id },
static const VmhProperty properties[] = { FACTS (PROPERTY_ROW){ NULL, NULL } };
static const VmhMethod methods[] = { { NULL, NULL } };
const VmhInterface vmh_host_interface = { INN_IFACE_HOST, methods, properties };

#define FACT_ROW(name, id) { name, get_##id },
static const struct
{
  const char *name;
  GVariant *(*get) (VmhHost *host);
} facts[] = { FACTS (FACT_ROW) };

static void
vmh_host_finalize (GObject *object)
{
  VmhHost *host = VMH_HOST (object);

  g_free (host->root);
  g_free (host->machine);
  g_free (host->cpu_model);
  g_free (host->kvm_module);
  g_ptr_array_unref (host->nodes);
  g_ptr_array_unref (host->emulators);
  g_ptr_array_unref (host->firmwares);
  g_hash_table_unref (host->versions);
  G_OBJECT_CLASS (vmh_host_parent_class)->finalize (object);
}

static void
vmh_host_class_init (VmhHostClass *class)
{
  G_OBJECT_CLASS (class)->finalize = vmh_host_finalize;
}

static void
vmh_host_init (VmhHost *host)
{
  host->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify)numa_node_free);
  host->emulators = g_ptr_array_new_with_free_func ((GDestroyNotify)emulator_free);
  host->firmwares = g_ptr_array_new_with_free_func ((GDestroyNotify)firmware_free);
  host->versions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

VmhHost *
vmh_host_new (const char *root, const char *machine)
{
  VmhHost *host = g_object_new (VMH_TYPE_HOST, NULL);
  struct utsname name;

  if (machine == NULL)
    {
      uname (&name);
      machine = name.machine;
    }
  host->root = g_strdup (root == NULL || g_str_equal (root, "/") ? "" : root);
  host->machine = g_strdup (machine);
  vmh_host_read_cpu (host);
  vmh_host_read_memory (host);
  vmh_host_read_kvm (host);
  vmh_host_read_emulators (host);
  vmh_host_read_firmwares (host);
  return host;
}

VmhHost *
vmh_host_get_default (void)
{
  static VmhHost *host = NULL;

  if (host == NULL)
    host = vmh_host_new (NULL, NULL);
  return host;
}

GVariant *
vmh_host_get_fact (VmhHost *host, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (facts); i++)
    if (g_str_equal (facts[i].name, name))
      return facts[i].get (host);
  return NULL;
}

const VmhEmulator *
vmh_host_get_emulator (VmhHost *host, const char *arch, GError **error)
{
  const char *wanted = vmh_arch_from_qemu (arch);

  const VmhEmulator *found = vmh_host_find_emulator (host, wanted);

  if (found == NULL) /* the package may have come since */
    {
      vmh_host_read_emulators (host);
      found = vmh_host_find_emulator (host, wanted);
    }
  if (found != NULL)
    return found;
  g_set_error (error, INN_ERROR, INN_ERROR_NO_QEMU,
               _ ("No QEMU for %s machines is installed. Install the package that has "
                  "qemu-system-%s, then try again."),
               arch, arch);
  return NULL;
}

const VmhFirmware *
vmh_host_get_firmware (VmhHost *host, const char *arch, const char *type, GError **error)
{
  const char *wanted = vmh_arch_from_qemu (arch);

  const VmhFirmware *found = vmh_host_find_firmware (host, wanted, type);

  if (found == NULL)
    {
      vmh_host_read_firmwares (host);
      found = vmh_host_find_firmware (host, wanted, type);
    }
  if (found != NULL)
    return found;
  if (g_str_has_prefix (type, "uefi"))
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("No UEFI firmware for %s machines is installed. Install the package “ovmf” "
                    "(or “edk2-ovmf”), or choose BIOS for this machine."),
                 arch);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("No BIOS for %s machines is installed. Install the package “seabios”, or "
                    "choose UEFI for this machine."),
                 arch);
  return NULL;
}
