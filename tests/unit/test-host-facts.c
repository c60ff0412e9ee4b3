/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The host's facts and the choice of the accelerator, for computers described by a folder. */

#include "host/vmh-host.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/inn-errors.h"

#define INTEL "processor\t: 0\nmodel name\t: Intel(R) Core(TM) i7\nflags\t\t: fpu vme vmx sse2\n\n"
#define AMD   "processor\t: 0\nmodel name\t: AMD EPYC 7B13\nflags\t\t: fpu svm sse2\n\n"
#define PLAIN "processor\t: 0\nmodel name\t: Old One\nflags\t\t: fpu sse2\nvmx flags\t: x\n\n"
#define GUEST "processor\t: 0\nmodel name\t: Cloud CPU\nflags\t\t: fpu sse2 hypervisor\n\n"
#define ARM   "processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n\n"

/* A root folder with these files: path, content, … NULL. */
static char *
make_root (const char *first, ...)
{
  char *root = g_dir_make_tmp ("vmh-host-XXXXXX", NULL);
  const char *path = first;
  va_list list;

  g_assert_nonnull (root);
  g_assert_no_errno (g_chmod (root, 0755));
  va_start (list, first);
  while (path != NULL)
    {
      const char *content = va_arg (list, const char *);
      g_autofree char *full = g_strconcat (root, path, NULL);
      g_autofree char *folder = g_path_get_dirname (full);

      g_assert_no_errno (g_mkdir_with_parents (folder, 0755));
      g_assert_true (g_file_set_contents (full, content, -1, NULL));
      path = va_arg (list, const char *);
    }
  va_end (list);
  return root;
}

static void
remove_tree (const char *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    {
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *name;

      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          remove_tree (child);
        }
    }
  g_assert_no_errno (g_remove (path));
}

static char *
print_fact (VmhHost *host, const char *name)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (vmh_host_get_fact (host, name));

  return g_variant_print (value, FALSE);
}

static void
assert_fact (VmhHost *host, const char *name, const char *expected)
{
  g_autofree char *printed = print_fact (host, name);

  g_assert_cmpstr (printed, ==, expected);
}

static void
assert_choice (VmhHost *host,
               const char *wanted,
               const char *arch,
               const char *expected,
               const char *in_reason,
               const char *in_remedy)
{
  g_autofree char *reason = NULL;
  g_autofree char *remedy = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (vmh_host_choose_accelerator (host, wanted, arch, &reason, &remedy, &error), ==,
                   expected);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (reason, in_reason));
  if (*in_remedy == '\0')
    g_assert_cmpstr (remedy, ==, "");
  else
    g_assert_nonnull (strstr (remedy, in_remedy));
}

static void
assert_no_kvm (VmhHost *host, const char *arch, const char *in_message)
{
  g_autofree char *reason = NULL;
  g_autofree char *remedy = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (vmh_host_choose_accelerator (host, "kvm", arch, &reason, &remedy, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, in_message));
  g_assert_null (reason);
  g_assert_null (remedy);
}

static void
test_intel (void)
{
  g_autofree char *root = make_root (
      "/proc/cpuinfo", INTEL, "/dev/kvm", "", "/sys/module/kvm_intel/parameters/nested", "Y\n",
      "/sys/devices/system/cpu/online", "0-3,8\n", "/proc/meminfo",
      "MemTotal:       16000 kB\nMemFree: 1 kB\n", "/sys/devices/system/node/node1/cpulist",
      "2-3,8\n", "/sys/devices/system/node/node1/meminfo", "Node 1 MemTotal:        6000 kB\n",
      "/sys/devices/system/node/node0/cpulist", "0-1\n", "/sys/devices/system/node/node0/meminfo",
      "Node 0 MemTotal:        10000 kB\n", NULL);
  g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");

  assert_fact (host, "Architecture", "'x86_64'");
  assert_fact (host, "CpuModel", "'Intel(R) Core(TM) i7'");
  assert_fact (host, "Virtualization", "'vmx'");
  assert_fact (host, "KvmDevice", "true");
  assert_fact (host, "KvmApi", "0"); /* a plain file answers no ioctl */
  assert_fact (host, "KvmModule", "'kvm_intel'");
  assert_fact (host, "KvmNested", "true");
  assert_fact (host, "Accelerator", "'kvm'");
  assert_fact (host, "AcceleratorRemedy", "''");
  assert_fact (host, "Cpus", "5");
  assert_fact (host, "NumaNodes", "[(0, '0-1', 10240000), (1, '2-3,8', 6144000)]");
  assert_fact (host, "Memory", "16384000");
  assert_fact (host, "Emulators", "[]");
  assert_fact (host, "Firmwares", "[]");
  g_assert_null (vmh_host_get_fact (host, "Nothing"));

  assert_choice (host, "auto", "x86_64", "kvm", "directly", "");
  assert_choice (host, "auto", "i686", "kvm", "directly", "");
  assert_choice (host, "kvm", "x86_64", "kvm", "directly", "");
  assert_choice (host, "tcg", "x86_64", "tcg", "chosen", "auto");
  assert_choice (host, "auto", "aarch64", "tcg", "another kind (aarch64)", "");
  assert_no_kvm (host, "aarch64", "another kind");
  remove_tree (root);
}

static void
test_amd_without_module (void)
{
  g_autofree char *root = make_root ("/proc/cpuinfo", AMD, NULL);
  g_autofree char *device = g_build_filename (root, "dev", NULL);
  g_autofree char *kvm = g_build_filename (device, "kvm", NULL);
  g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");

  assert_fact (host, "Virtualization", "'svm'");
  assert_fact (host, "KvmDevice", "false");
  assert_fact (host, "KvmModule", "''");
  assert_choice (host, "auto", "x86_64", "tcg", "kvm_amd is not loaded", "modprobe kvm_amd");
  assert_no_kvm (host, "x86_64", "modprobe kvm_amd");

  /* The module is loaded while we run: seen without a restart. */
  g_assert_no_errno (g_mkdir (device, 0755));
  g_assert_true (g_file_set_contents (kvm, "", 0, NULL));
  assert_choice (host, "auto", "x86_64", "kvm", "directly", "");
  remove_tree (root);
}

static void
test_device_missing (void)
{
  g_autofree char *root =
      make_root ("/proc/cpuinfo", INTEL, "/sys/module/kvm_intel/parameters/nested", "N\n", NULL);
  g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");

  assert_fact (host, "KvmNested", "false");
  assert_choice (host, "auto", "x86_64", "tcg", "missing", "container");
  remove_tree (root);
}

static void
test_firmware_switch_off (void)
{
  g_autofree char *root = make_root ("/proc/cpuinfo", PLAIN, NULL);
  g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");

  assert_fact (host, "Virtualization", "'none'");
  assert_choice (host, "auto", "x86_64", "tcg", "no hardware virtualization", "firmware setup");
  assert_choice (host, "tcg", "x86_64", "tcg", "chosen", "");
  remove_tree (root);
}

/* As on the machine that tests Innkeeper: a paravirtual KVM on a CPU without vmx or svm. */
static void
test_kvm_without_cpu (void)
{
  g_autofree char *root = make_root ("/proc/cpuinfo", GUEST, "/dev/kvm", "",
                                     "/sys/module/kvm_pvm/parameters/x", "1", NULL);
  g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");

  assert_fact (host, "Virtualization", "'none'");
  assert_fact (host, "KvmDevice", "true");
  assert_fact (host, "KvmModule", "'kvm_pvm'");
  assert_fact (host, "Accelerator", "'tcg'");
  assert_choice (host, "auto", "x86_64", "tcg", "itself a virtual machine", "nested");
  assert_choice (host, "kvm", "x86_64", "kvm", "hang", "auto");
  remove_tree (root);
}

static void
test_aarch64 (void)
{
  g_autofree char *root = make_root ("/proc/cpuinfo", ARM, "/dev/kvm", "",
                                     "/sys/firmware/devicetree/base/model", "Board 5", NULL);
  g_autoptr (VmhHost) host = vmh_host_new (root, "aarch64");
  g_autofree char *bare_root = make_root ("/proc/cpuinfo", ARM, NULL);
  g_autoptr (VmhHost) bare = vmh_host_new (bare_root, "aarch64");

  assert_fact (host, "Virtualization", "'builtin'");
  assert_fact (host, "CpuModel", "'Board 5'");
  assert_fact (host, "KvmModule", "'builtin'");
  assert_choice (host, "auto", "aarch64", "kvm", "directly", "");
  assert_choice (host, "auto", "x86_64", "tcg", "another kind (x86_64)", "");
  assert_fact (bare, "CpuModel", "'aarch64'");
  assert_choice (bare, "auto", "aarch64", "tcg", "kernel of this computer offers no KVM", "kernel");
  remove_tree (root);
  remove_tree (bare_root);
}

static void
test_no_permission (void)
{
  g_autofree char *root = make_root ("/proc/cpuinfo", INTEL, "/dev/kvm", "", NULL);
  g_autofree char *device = g_build_filename (root, "dev", "kvm", NULL);
  gboolean drop = geteuid () == 0;

  g_assert_no_errno (g_chmod (device, 0));
  if (drop)
    g_assert_no_errno (seteuid (65534));
  {
    g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");

    assert_fact (host, "KvmDevice", "false");
    assert_choice (host, "auto", "x86_64", "tcg", "no permission", "usermod -aG kvm");
  }
  if (drop)
    g_assert_no_errno (seteuid (0));
  remove_tree (root);
}

static void
test_invalid (void)
{
  g_autofree char *root =
      make_root ("/proc/cpuinfo", "", "/sys/devices/system/cpu/online", "7-3,99999999999\n", NULL);
  g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");
  g_autofree char *reason = NULL;
  g_autofree char *remedy = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) cpus = g_variant_ref_sink (vmh_host_get_fact (host, "Cpus"));

  g_assert_cmpuint (g_variant_get_uint32 (cpus), ==, g_get_num_processors ());
  g_assert_null (vmh_host_choose_accelerator (host, "xen", "x86_64", &reason, &remedy, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
  remove_tree (root);
}

static void
on_scanned (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  g_assert_true (vmh_host_scan_finish (VMH_HOST (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *)data = TRUE;
}

static void
scan (VmhHost *host)
{
  gboolean done = FALSE;

  vmh_host_scan_async (host, NULL, on_scanned, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_emulators (void)
{
  g_autofree char *root = make_root (
      "/usr/bin/qemu-system-x86_64",
      "#!/bin/sh\necho run >> \"$0.ran\"\necho \"QEMU emulator version 8.1.3 (Test $1)\"\n",
      "/usr/bin/qemu-system-i386", "#!/bin/sh\nexec nothing\n", "/usr/libexec/qemu-system-i386",
      "\177ELF but broken", "/usr/bin/qemu-system-x86_64-microvm", "#!/bin/sh\n",
      "/usr/bin/qemu-system-arm", "#!/bin/sh\necho hello\n", "/usr/bin/qemu-system-ppc64",
      "not executable", NULL);
  static const char *const programs[] = {
    "/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-system-i386", "/usr/libexec/qemu-system-i386",
    "/usr/bin/qemu-system-x86_64-microvm", "/usr/bin/qemu-system-arm"
  };
  g_autofree char *ran = g_build_filename (root, "usr/bin/qemu-system-x86_64.ran", NULL);
  g_autofree char *runs = NULL;
  g_autofree char *late = NULL;
  g_autoptr (VmhHost) host = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_strconcat (root, programs[i], NULL);

      g_assert_no_errno (g_chmod (path, 0755));
    }
  host = vmh_host_new (root, "x86_64");
  assert_fact (host, "Emulators",
               "[('armv7l', '/usr/bin/qemu-system-arm', ''), ('i686', "
               "'/usr/libexec/qemu-system-i386', ''), ('x86_64', '/usr/bin/qemu-system-x86_64', "
               "'')]");
  scan (host);
  scan (host);
  assert_fact (host, "Emulators",
               "[('armv7l', '/usr/bin/qemu-system-arm', ''), ('i686', "
               "'/usr/libexec/qemu-system-i386', ''), ('x86_64', '/usr/bin/qemu-system-x86_64', "
               "'8.1.3')]");
  g_assert_true (g_file_get_contents (ran, &runs, NULL, NULL));
  g_assert_cmpstr (runs, ==, "run\n"); /* once, though scanned twice */

  g_assert_cmpstr (vmh_host_get_emulator (host, "i386", NULL)->path, ==,
                   "/usr/libexec/qemu-system-i386");
  g_assert_null (vmh_host_get_emulator (host, "ppc64", &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_NO_QEMU);
  late = g_strconcat (root, "/usr/bin/qemu-system-ppc64", NULL);
  g_assert_no_errno (g_chmod (late, 0755)); /* its package has come */
  g_assert_nonnull (vmh_host_get_emulator (host, "ppc64", NULL));
  remove_tree (root);
}

#define DESCRIPTOR(code, vars, machine, features)                                                  \
  "{\"interface-types\":[\"uefi\"],\"mapping\":{\"device\":\"flash\",\"executable\":{"             \
  "\"filename\":"                                                                                  \
  "\"" code "\",\"format\":\"raw\"},\"nvram-template\":{\"filename\":\"" vars                      \
  "\",\"format\":\"raw\"}},\"targets\":[{\"architecture\":\"x86_64\",\"machines\":[\"" machine     \
  "\"]}],\"features\":[" features "]}"

static void
test_firmwares (void)
{
  g_autofree char *root = make_root (
      "/f/code", "", "/f/vars", "", "/f/secure", "", "/f/keys", "", "/f/micro", "",
      "/usr/share/qemu/firmware/10-micro.json", DESCRIPTOR ("/f/micro", "/f/vars", "microvm", ""),
      "/usr/share/qemu/firmware/20-gone.json", DESCRIPTOR ("/f/gone", "/f/vars", "pc-q35-*", ""),
      "/usr/share/qemu/firmware/30-hidden.json", DESCRIPTOR ("/f/micro", "/f/vars", "pc-q35-*", ""),
      "/etc/qemu/firmware/30-hidden.json", "", "/usr/share/qemu/firmware/40-secure.json",
      DESCRIPTOR ("/f/secure", "/f/keys", "pc-q35-*",
                  "\"secure-boot\",\"enrolled-keys\",\"requires-smm\""),
      "/usr/share/qemu/firmware/50-empty-store.json",
      DESCRIPTOR ("/f/micro", "/f/vars", "pc-q35-*", "\"secure-boot\",\"requires-smm\""),
      "/usr/share/qemu/firmware/60-plain.json", DESCRIPTOR ("/f/code", "/f/vars", "pc-q35-*", ""),
      "/usr/share/qemu/firmware/70-odd.json",
      "{\"interface-types\":3,\"mapping\":[],\"targets\":[1,{\"architecture\":{}}]}",
      "/usr/share/seabios/bios-256k.bin", "", NULL);
  g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");
  const VmhFirmware *firmware;
  g_autofree char *late = NULL;
  g_autofree char *descriptor = NULL;
  g_autoptr (GError) error = NULL;

  assert_fact (host, "Firmwares",
               "[('x86_64', 'uefi-secure', '/f/secure'), ('x86_64', 'uefi', '/f/code'), ('x86_64', "
               "'bios', '/usr/share/seabios/bios-256k.bin'), ('i686', 'bios', "
               "'/usr/share/seabios/bios-256k.bin')]");
  firmware = vmh_host_get_firmware (host, "x86_64", "uefi-secure", NULL);
  g_assert_true (firmware->smm);
  g_assert_cmpstr (firmware->nvram_template, ==, "/f/keys");
  g_assert_false (vmh_host_get_firmware (host, "x86_64", "uefi", NULL)->smm);
  g_assert_null (vmh_host_get_firmware (host, "i686", "uefi", &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED);
  late = g_build_filename (root, "usr/share/qemu/firmware/80-late.json", NULL);
  descriptor = g_strdup (DESCRIPTOR ("/f/code", "/f/vars", "pc-q35-*", ""));
  memcpy (strstr (descriptor, "x86_64"), "i386\"  ", strlen ("i386\"  "));
  g_assert_true (g_file_set_contents (late, descriptor, -1, NULL)); /* its package has come */
  g_assert_nonnull (vmh_host_get_firmware (host, "i686", "uefi", NULL));
  remove_tree (root);
}

/* This computer: every property of the contract is there, and of its type. */
static void
test_contract (void)
{
  VmhHost *host = vmh_host_get_default ();
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "..", "data", "dbus",
                                                 "org.innkeeper.Helper1.Host.xml", NULL);
  g_autofree char *xml = NULL;
  g_autoptr (GDBusNodeInfo) node = NULL;
  GDBusPropertyInfo **expected;
  const VmhProperty *property = vmh_host_interface.properties;

  scan (host);
  g_assert_true (g_file_get_contents (path, &xml, NULL, NULL));
  node = g_dbus_node_info_new_for_xml (xml, NULL);
  g_assert_nonnull (node);
  for (expected = node->interfaces[0]->properties; *expected != NULL; expected++, property++)
    {
      g_autoptr (GVariant) value = NULL;
      g_autofree char *printed = NULL;

      g_assert_cmpstr (property->name, ==, (*expected)->name);
      value = g_variant_ref_sink (property->get (NULL));
      printed = print_fact (host, property->name);
      g_test_message ("%s = %s", property->name, printed);
      g_assert_cmpstr (g_variant_get_type_string (value), ==, (*expected)->signature);
    }
  g_assert_null (property->name);
}

static char *
print_passt (const char *root)
{
  g_autoptr (VmhHost) host = vmh_host_new (root, "x86_64");
  g_auto (GStrv) command = vmh_host_dup_passt (host);

  return command ? g_strjoinv (" ", command) : NULL;
}

#define ROUTES  "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
#define NET     "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n" /* 192.0.2.0/24 */
#define DEFAULT "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
#define DEFAULT6                                                                                   \
  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "                       \
  "fd000000000000000000000000000001 00000400 00000003 00000000 00000003     "

static void
test_passt (void)
{
  g_autofree char *none = make_root ("/etc/resolv.conf", "nameserver 192.0.2.53\n", NULL);
  g_autofree char *online = make_root (
      "/usr/bin/passt", "", "/proc/net/route", ROUTES NET DEFAULT, "/proc/net/ipv6_route",
      DEFAULT6 "eth0\n", "/etc/resolv.conf", "search x\n nameserver  192.0.2.53 \n",
      "/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.54\n", NULL);
  g_autofree char *offline =
      make_root ("/usr/bin/passt", "", "/proc/net/route", ROUTES NET, "/proc/net/ipv6_route",
                 DEFAULT6 "lo\n", "/etc/resolv.conf", "nameserver 127.0.0.53\nnameserver ::1\n",
                 "/run/systemd/resolve/resolv.conf",
                 "nameserver fe80::1\nnameserver 127.0.0.1;x\nnameserver 192.0.2.54\n"
                 "nameserver 2001:db8::53\n",
                 NULL);
  char *roots[] = { none, online, offline };
  g_autofree char *without = print_passt (none);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_assert_null (without);
  for (guint i = 1; i < G_N_ELEMENTS (roots); i++)
    {
      g_autofree char *program = g_strconcat (roots[i], "/usr/bin/passt", NULL);

      g_assert_no_errno (g_chmod (program, 0755));
    }
  first = print_passt (online);
  g_assert_true (g_str_has_prefix (first, "/usr/bin/passt --foreground "));
  for (const char *const *option = (const char *const[]){ " --no-map-gw ", " --tcp-ports none ",
                                                          " --udp-ports none ", " --fd 3 ", NULL };
       *option; option++)
    g_assert_nonnull (strstr (first, *option));
  g_assert_null (strstr (first, "--dns"));
  g_assert_null (strstr (first, "only"));
  g_assert_null (strstr (first, "--interface"));
  second = print_passt (offline);
  g_assert_true (
      g_str_has_suffix (second, " --ipv4-only --interface lo --dns 192.0.2.54 --dns 2001:db8::53"));
  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    remove_tree (roots[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/intel", test_intel);
  g_test_add_func ("/host/amd-without-module", test_amd_without_module);
  g_test_add_func ("/host/device-missing", test_device_missing);
  g_test_add_func ("/host/firmware-switch-off", test_firmware_switch_off);
  g_test_add_func ("/host/kvm-without-cpu", test_kvm_without_cpu);
  g_test_add_func ("/host/aarch64", test_aarch64);
  g_test_add_func ("/host/no-permission", test_no_permission);
  g_test_add_func ("/host/invalid", test_invalid);
  g_test_add_func ("/host/emulators", test_emulators);
  g_test_add_func ("/host/firmwares", test_firmwares);
  g_test_add_func ("/host/passt", test_passt);
  g_test_add_func ("/host/contract", test_contract);
  return g_test_run ();
}
