/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Processor, memory, NUMA nodes and KVM as the kernel tells of them in /proc, /sys and /dev. */

#include "vmh-host-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Most of a CPU list that is believed; Linux has no more CPUs than this. */
#define MAX_CPUS 8192

static gboolean
is_x86 (const char *machine)
{
  return g_str_equal (machine, "x86_64") || g_str_equal (vmh_arch_from_qemu (machine), "i686");
}

/* The value of the first "key : value" line, NULL if there is none. */
static char *
find_value (const char *text, const char *key)
{
  gsize length = strlen (key);

  for (const char *line = text; line != NULL && *line != '\0';)
    {
      const char *end = strchrnul (line, '\n');
      const char *colon = memchr (line, ':', (gsize)(end - line));

      if (colon != NULL && strncmp (line, key, length) == 0 &&
          strspn (line + length, " \t") == (gsize)(colon - line - (gssize)length))
        return g_strstrip (g_strndup (colon + 1, (gsize)(end - colon - 1)));
      line = *end == '\0' ? NULL : end + 1;
    }
  return NULL;
}

static gboolean
has_word (const char *words, const char *word)
{
  g_auto (GStrv) list = g_strsplit_set (words, " \t", -1);

  return g_strv_contains ((const char *const *)list, word);
}

/* "0-3,8": how many. */
static guint
count_list (const char *list)
{
  guint count = 0;

  for (const char *p = list; g_ascii_isdigit (*p);)
    {
      char *end;
      guint64 first = g_ascii_strtoull (p, &end, 10);
      guint64 last = first;

      if (*end == '-')
        last = g_ascii_strtoull (end + 1, &end, 10);
      if (last < first || last >= MAX_CPUS)
        return 0;
      count += (guint)(last - first + 1);
      p = *end == ',' ? end + 1 : end;
    }
  return count;
}

static char *
read_cpu_model (VmhHost *host, const char *cpuinfo)
{
  /* x86, ppc64, s390x, arm boards, riscv64: each kernel has its own word. */
  static const char *const keys[] = { "model name", "cpu", "vendor_id", "Hardware", "uarch" };
  char *model = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (keys) && model == NULL; i++)
    model = find_value (cpuinfo, keys[i]);
  if (model == NULL)
    model = vmh_host_read (host, "/sys/firmware/devicetree/base/model");
  if (model == NULL)
    model = g_strdup (host->machine);
  if (!g_utf8_validate (model, -1, NULL))
    {
      g_autofree char *raw = model;

      model = g_utf8_make_valid (raw, -1);
    }
  return model;
}

void
vmh_host_read_cpu (VmhHost *host)
{
  g_autofree char *cpuinfo = vmh_host_read (host, "/proc/cpuinfo");
  g_autofree char *online = vmh_host_read (host, "/sys/devices/system/cpu/online");
  g_autofree char *flags = NULL;

  host->cpu_model = read_cpu_model (host, cpuinfo != NULL ? cpuinfo : "");
  flags = find_value (cpuinfo != NULL ? cpuinfo : "", "flags");
  host->inside_vm = flags != NULL && has_word (flags, "hypervisor");
  if (!is_x86 (host->machine))
    host->virtualization = "builtin";
  else if (flags != NULL && has_word (flags, "vmx"))
    host->virtualization = "vmx";
  else if (flags != NULL && has_word (flags, "svm"))
    host->virtualization = "svm";
  else
    host->virtualization = "none";

  host->cpus = online != NULL ? count_list (online) : 0;
  if (host->cpus == 0)
    host->cpus = g_get_num_processors ();
}

/* Bytes from a "MemTotal: 1234 kB" line that @text has after @prefix. */
static guint64
find_memory (const char *text, const char *key)
{
  const char *found = text != NULL ? strstr (text, key) : NULL;
  guint64 kib = 0;

  if (found != NULL)
    kib = g_ascii_strtoull (found + strlen (key), NULL, 10);
  return kib > G_MAXUINT64 / 1024 ? 0 : kib * 1024;
}

static int
compare_nodes (gconstpointer a, gconstpointer b)
{
  const VmhNumaNode *const *left = a;
  const VmhNumaNode *const *right = b;

  return (*left)->number < (*right)->number ? -1 : (*left)->number > (*right)->number;
}

void
vmh_host_read_memory (VmhHost *host)
{
  g_autofree char *meminfo = vmh_host_read (host, "/proc/meminfo");
  g_autofree char *folder = vmh_host_path (host, "/sys/devices/system/node");
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  host->memory = find_memory (meminfo, "MemTotal:");
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *list_path = g_strdup_printf ("/sys/devices/system/node/%s/cpulist", name);
      g_autofree char *info_path = g_strdup_printf ("/sys/devices/system/node/%s/meminfo", name);
      g_autofree char *list = NULL;
      g_autofree char *info = NULL;
      VmhNumaNode *node;

      if (!g_str_has_prefix (name, "node") || !g_ascii_isdigit (name[4]))
        continue;
      list = vmh_host_read (host, list_path);
      info = vmh_host_read (host, info_path);
      if (list == NULL || info == NULL)
        continue;
      node = g_new0 (VmhNumaNode, 1);
      node->number = (guint)g_ascii_strtoull (name + 4, NULL, 10);
      node->cpus = g_strdup (g_strstrip (list));
      node->memory = find_memory (info, "MemTotal:");
      g_ptr_array_add (host->nodes, node);
    }
  g_ptr_array_sort (host->nodes, compare_nodes);
}

/* The kvm_* module that serves this CPU: intel and amd first, else whatever else is there. */
static char *
find_kvm_module (VmhHost *host)
{
  static const char *const known[] = { "kvm_intel", "kvm_amd", "kvm_hv", "kvm_pr" };
  g_autofree char *folder = vmh_host_path (host, "/sys/module");
  g_autoptr (GDir) dir = NULL;
  const char *name;

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *path = g_build_filename (folder, known[i], NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        return g_strdup (known[i]);
    }
  dir = g_dir_open (folder, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "kvm_"))
      return g_strdup (name);
  /* Without a module of its own KVM is a part of the kernel: arm, s390. */
  return g_strdup (host->kvm_errno == 0 ? "builtin" : "");
}

void
vmh_host_read_kvm (VmhHost *host)
{
  g_autofree char *device = vmh_host_path (host, "/dev/kvm");
  g_autofree char *nested_path = NULL;
  g_autofree char *nested = NULL;
  int fd = open (device, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  host->kvm_errno = fd >= 0 ? 0 : errno;
  host->kvm_api = 0;
  if (fd >= 0)
    {
      int version = ioctl (fd, KVM_GET_API_VERSION, 0);

      host->kvm_api = version > 0 ? (guint)version : 0;
      close (fd);
    }
  g_free (host->kvm_module);
  host->kvm_module = find_kvm_module (host);
  nested_path = g_strdup_printf ("/sys/module/%s/parameters/nested", host->kvm_module);
  nested = vmh_host_read (host, nested_path);
  host->kvm_nested = nested != NULL && (nested[0] == 'Y' || nested[0] == '1');
}
