/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The machine itself: chipset, processors, memory, firmware, kernel, clock, boot order, and what is
 * done when the guest ends. One function a section. */
#include "devices/vmh-plan-private.h"

#include "qemu/vmh-sandbox.h"
#include "shared/inn-domain-new.h"

#include <string.h>

#define MIB          (G_GUINT64_CONSTANT (1) << 20)
#define GIB          (G_GUINT64_CONSTANT (1) << 30)
#define MAX_GROWTH   (512 * GIB)
#define MEMORY_SLOTS 16

static gboolean
find_board (VmhPlan *plan, GError **error)
{
  InnElement machine = inn_domain_get (plan->domain, "machine");
  g_autofree char *type = inn_element_dup (&machine, "machine");

  if (g_str_equal (type, "q35") || g_str_has_prefix (type, "pc-q35-"))
    plan->board = VMH_BOARD_Q35;
  else if (g_str_equal (type, "pc") || g_str_has_prefix (type, "pc-i440fx-"))
    plan->board = VMH_BOARD_PC;
  else
    return vmh_plan_refuse (error, _ ("The chipset “%s” cannot be used yet. Choose Q35 or i440FX."),
                            type);
  return TRUE;
}

/* ---- boot order ---- */

static const struct
{
  const char *device; /* in <boot dev=…/> */
  const char *kind;
} boot_kinds[] = {
  { "hd", "disk" },
  { "cdrom", "cdrom" },
  { "network", "interface" },
  { "fd", "floppy" },
};

/* A device's own <boot order=…/> wins; where no device has one, <os><boot dev=…/> says the kinds.
 */
static gboolean
order_by_devices (VmhPlan *plan)
{
  gboolean found = FALSE;

  for (guint k = 0; k < G_N_ELEMENTS (boot_kinds); k++)
    {
      g_autoptr (GPtrArray) devices = inn_domain_list (plan->domain, boot_kinds[k].kind);

      for (guint i = 0; i < devices->len; i++)
        if (inn_element_has (devices->pdata[i], "boot-order"))
          {
            guint64 order = inn_element_get_uint (devices->pdata[i], "boot-order");

            g_hash_table_insert (plan->boot, inn_element_dup_id (devices->pdata[i]),
                                 GINT_TO_POINTER ((int)order));
            found = TRUE;
          }
    }
  return found;
}

static void
order_by_kinds (VmhPlan *plan)
{
  static const char *const places[] = { "first", "second", "third", "fourth" };
  InnElement boot = inn_domain_get (plan->domain, "boot");
  int index = 1;

  for (guint p = 0; p < G_N_ELEMENTS (places); p++)
    for (guint k = 0; k < G_N_ELEMENTS (boot_kinds); k++)
      {
        g_autoptr (GPtrArray) devices = NULL;

        if (!inn_element_is (&boot, places[p], boot_kinds[k].device))
          continue;
        devices = inn_domain_list (plan->domain, boot_kinds[k].kind);
        for (guint i = 0; i < devices->len; i++)
          g_hash_table_insert (plan->boot, inn_element_dup_id (devices->pdata[i]),
                               GINT_TO_POINTER (index++));
      }
}

gboolean
vmh_board_prepare (VmhPlan *plan, GError **error)
{
  if (!find_board (plan, error))
    return FALSE;
  if (!order_by_devices (plan))
    order_by_kinds (plan);
  return TRUE;
}

/* ---- sections ---- */

static void
build_identity (VmhPlan *plan)
{
  g_autofree char *name = inn_domain_dup_name (plan->domain);
  g_autofree char *uuid = inn_domain_dup_uuid (plan->domain);
  g_autofree char *escaped = vmh_plan_escape (name ? name : "");
  g_autofree char *value = g_strdup_printf ("guest=%s,debug-threads=on", escaped);

  vmh_plan_option (plan, "-name", value);
  if (uuid)
    vmh_plan_option (plan, "-uuid", uuid);
  vmh_plan_option (plan, "-nodefaults", NULL);
  vmh_plan_option (plan, "-no-user-config", NULL);
  vmh_plan_option (plan, "-S", NULL);
  vmh_plan_option (plan, "-sandbox", VMH_SANDBOX_SECCOMP);
}

/* KVM's own interrupt controller cannot be remapped. */
static gboolean
needs_split_irqchip (VmhPlan *plan)
{
  g_autoptr (GPtrArray) list = inn_domain_list (plan->domain, "iommu");

  for (guint i = 0; i < list->len; i++)
    if (inn_element_get_bool (list->pdata[i], "intremap"))
      return g_str_equal (plan->host.accelerator, "kvm");
  return FALSE;
}

static void
build_machine (VmhPlan *plan)
{
  InnElement machine = inn_domain_get (plan->domain, "machine");
  InnElement features = inn_domain_get (plan->domain, "features");
  InnElement memory = inn_domain_get (plan->domain, "memory");
  InnElement clock = inn_domain_get (plan->domain, "clock");
  g_autofree char *type = inn_element_dup (&machine, "machine");
  GString *value = g_string_new (type);

  g_string_append (value, ",usb=off,dump-guest-core=off");
  if (vmh_numa_count (plan->domain) == 0)
    g_string_append (value, ",memory-backend=ram");
  if (inn_element_get_bool (&memory, "no-share-pages"))
    g_string_append (value, ",mem-merge=off");
  if (plan->host.firmware)
    g_string_append (value, ",pflash0=firmware,pflash1=nvram");
  if (plan->board == VMH_BOARD_Q35)
    g_string_append_printf (
        value, ",smm=%s",
        plan->host.firmware_smm || inn_element_get_bool (&features, "smm") ? "on" : "off");
  if (inn_element_has (&features, "vmport"))
    g_string_append_printf (value, ",vmport=%s",
                            inn_element_get_bool (&features, "vmport") ? "on" : "off");
  if (!inn_element_get_bool (&clock, "pit"))
    g_string_append (value, ",pit=off");
  if (needs_split_irqchip (plan))
    g_string_append (value, ",kernel-irqchip=split");
  g_string_append_printf (value, ",hpet=%s", inn_element_get_bool (&clock, "hpet") ? "on" : "off");
  if (!inn_element_get_bool (&features, "acpi"))
    g_string_append (value, ",acpi=off");
  vmh_plan_option (plan, "-machine", value->str);
  vmh_plan_option (plan, "-accel", plan->host.accelerator);
  if (plan->host.firmware_smm)
    {
      vmh_plan_option (plan, "-global", "driver=cfi.pflash01,property=secure,value=on");
      vmh_plan_option (plan, "-global", "ICH9-LPC.disable_s3=1");
    }
  g_string_free (value, TRUE);
}

static const char *
cpu_model (VmhPlan *plan, const InnElement *cpu, char **model)
{
  gboolean kvm = g_str_equal (plan->host.accelerator, "kvm");

  *model = inn_element_dup (cpu, "model");
  if (inn_element_is (cpu, "mode", "host-passthrough") ||
      inn_element_is (cpu, "mode", "host-model"))
    return kvm ? "host" : "max"; /* an emulated processor can only be all that QEMU knows */
  if (inn_element_is (cpu, "mode", "maximum"))
    return "max";
  if (*model)
    return *model;
  return "qemu64";
}

#define MAX_ROOM 64 /* for processors, where the machine does not say */

/* What the guest sees of where its processors are. */
typedef struct
{
  guint64 sockets, dies, cores, threads;
} Topology;

static Topology
find_topology (InnDomain *domain, guint64 places)
{
  InnElement cpu = inn_domain_get (domain, "cpu");

  if (!inn_element_has (&cpu, "sockets"))
    return (Topology){ 1, 1, places, 1 };
  return (Topology){ inn_element_get_uint (&cpu, "sockets"), inn_element_get_uint (&cpu, "dies"),
                     inn_element_get_uint (&cpu, "cores"), inn_element_get_uint (&cpu, "threads") };
}

/* Where the machine says neither how many can be plugged in nor where they are, there are as many
 * places as this computer has processors: one that is empty costs nothing. */
static guint64
count_places (VmhPlan *plan, const InnElement *cpu)
{
  InnElement features = inn_domain_get (plan->domain, "features");
  guint64 most = inn_element_get_uint (cpu, "vcpus");

  if (inn_element_has (cpu, "sockets") || inn_element_has (cpu, "current") ||
      vmh_numa_count (plan->domain) > 0 || !inn_element_get_bool (&features, "acpi"))
    return most;
  return MAX (most, MIN (plan->host.cpus, MAX_ROOM));
}

JsonObject *
vmh_plan_cpu (InnDomain *domain, const char *driver, guint places, guint index)
{
  const Topology t = find_topology (domain, places);
  g_autofree char *id = g_strdup_printf ("cpu-%u", index);
  guint64 core = index / t.threads;

  return vmh_json ("driver=s", driver, "id=s", id, "socket-id=i", (gint64)(core / t.cores / t.dies),
                   "die-id=i", (gint64)(core / t.cores % t.dies), "core-id=i",
                   (gint64)(core % t.cores), "thread-id=i", (gint64)(index % t.threads), NULL);
}

/* All but the first processor are devices, so that each can be unplugged by its id. */
static gboolean
build_cpu (VmhPlan *plan, GError **error)
{
  InnElement cpu = inn_domain_get (plan->domain, "cpu");
  guint64 places = count_places (plan, &cpu);
  const Topology t = find_topology (plan->domain, places);
  guint64 now =
      inn_element_get_uint (&cpu, inn_element_has (&cpu, "current") ? "current" : "vcpus");
  const char *suffix = g_str_has_suffix (plan->host.emulator, "i386") ? "i386" : "x86_64";
  g_autofree char *named = NULL;
  const char *model = cpu_model (plan, &cpu, &named);
  g_autofree char *options = NULL;
  g_autofree char *whole = NULL;
  g_autofree char *driver = g_strdup_printf ("%s-%s-cpu", model, suffix);
  g_autofree char *smp = g_strdup_printf ("cpus=1,maxcpus=%" G_GUINT64_FORMAT
                                          ",sockets=%" G_GUINT64_FORMAT ",dies=%" G_GUINT64_FORMAT
                                          ",cores=%" G_GUINT64_FORMAT ",threads=%" G_GUINT64_FORMAT,
                                          places, t.sockets, t.dies, t.cores, t.threads);

  if (!vmh_plan_has (plan, driver))
    return vmh_plan_refuse (error,
                            _ ("The QEMU installed here knows no processor “%s”. Choose another "
                               "model."),
                            model);
  options = vmh_processor_dup_options (plan, model);
  whole = g_strconcat (model, options, NULL);
  vmh_plan_option (plan, "-cpu", whole);
  vmh_plan_option (plan, "-smp", smp);
  for (guint64 i = 1; i <= inn_element_get_uint (&cpu, "io-threads"); i++)
    {
      g_autofree char *id = g_strdup_printf ("iothread%" G_GUINT64_FORMAT, i);

      vmh_plan_add (plan, VMH_NODE_OBJECT, vmh_json ("qom-type=s", "iothread", "id=s", id, NULL));
    }
  for (guint i = 1; i < now; i++)
    vmh_plan_add (plan, VMH_NODE_DEVICE, vmh_plan_cpu (plan->domain, driver, (guint)places, i));
  return TRUE;
}

/* What can be plugged in later where the machine does not say: four times what it has, within what
 * the plainest processor can address. Only address space, no memory, is taken for it. */
guint64
vmh_plan_most_memory (InnDomain *domain, guint64 size)
{
  InnElement memory = inn_domain_get (domain, "memory");
  guint64 most = inn_element_has (&memory, "maximum")
                     ? inn_element_get_uint (&memory, "maximum") / MIB * MIB
                     : MIN (MAX (4 * size, size + 4 * GIB), MAX_GROWTH);

  return MAX (most, size);
}

guint
vmh_plan_count_slots (InnDomain *domain)
{
  InnElement memory = inn_domain_get (domain, "memory");
  g_autoptr (GPtrArray) modules = inn_domain_list (domain, "dimm");
  guint64 slots = inn_element_get_uint (&memory, "slots");

  return MAX (slots > 0 ? (guint)slots : MEMORY_SLOTS, modules->len);
}

gboolean
vmh_plan_is_locked (VmhPlan *plan)
{
  InnElement memory = inn_domain_get (plan->domain, "memory");

  return plan->host.locks && inn_element_get_bool (&memory, "locked");
}

/* QEMU's own, which is mapped for devices as well, such as the firmware and the screen's memory. */
#define LOCKED_SLACK GIB

/* Where the machine has an IOMMU of its own each device has its own view of the memory, and each
 * counts. */
guint64
vmh_plan_locked_bytes (VmhPlan *plan)
{
  InnElement memory = inn_domain_get (plan->domain, "memory");
  g_autoptr (GPtrArray) iommus = inn_domain_list (plan->domain, "iommu");
  g_autoptr (GPtrArray) cards = inn_domain_list (plan->domain, "hostpci");
  g_autoptr (GPtrArray) shares = inn_domain_list (plan->domain, "hostmdev");
  guint64 most = vmh_plan_most_memory (plan->domain, inn_element_get_uint (&memory, "size"));

  if (vmh_plan_is_locked (plan))
    return G_MAXUINT64;
  if (plan->pci == 0)
    return 0;
  return (most + LOCKED_SLACK) * (iommus->len > 0 ? MAX (cards->len + shares->len, plan->pci) : 1);
}

/* Huge pages that are not there when the guest takes them would end it; of locked memory all would
 * be taken at once, and QEMU refuses that. */
static gboolean
has_virtio_mem (VmhPlan *plan)
{
  InnElement memory = inn_domain_get (plan->domain, "memory");

  return plan->board == VMH_BOARD_Q35 && !vmh_plan_is_locked (plan) &&
         !vmh_plan_has_modules (plan->domain) && vmh_plan_has (plan, "virtio-mem-pci") &&
         !inn_element_get_bool (&memory, "huge-pages");
}

static gboolean
has_slots (VmhPlan *plan)
{
  InnElement features = inn_domain_get (plan->domain, "features");

  return vmh_plan_has_modules (plan->domain) && inn_element_get_bool (&features, "acpi");
}

static gboolean
build_virtio_mem (VmhPlan *plan, guint64 extra, GError **error)
{
  InnElement memory = inn_domain_get (plan->domain, "memory");
  const gboolean private = inn_element_is (&memory, "access", "private");
  JsonObject *device;

  /* Of private memory QEMU would ask /proc whether it need not be reserved, which its room has not.
   */
  vmh_plan_add (plan, VMH_NODE_OBJECT,
                vmh_json ("qom-type=s", "memory-backend-memfd", "id=s", "more-ram", "size=i",
                          (gint64)extra, "share=b", !private, "reserve=b", private, NULL));
  device = vmh_json ("driver=s", "virtio-mem-pci", "id=s", "memory", "memdev=s", "more-ram",
                     "node=i", (gint64)0, "requested-size=i", (gint64)0, NULL);
  if (!vmh_plan_bus (plan, device, error))
    {
      json_object_unref (device);
      return FALSE;
    }
  vmh_plan_add (plan, VMH_NODE_DEVICE, device);
  return TRUE;
}

static gboolean
build_memory (VmhPlan *plan, GError **error)
{
  InnElement memory = inn_domain_get (plan->domain, "memory");
  InnElement cpu = inn_domain_get (plan->domain, "cpu");
  guint64 whole = (inn_element_get_uint (&memory, "size") + MIB - 1) / MIB * MIB;
  guint64 modules = vmh_modules_sum (plan->domain), size = whole - MIN (modules, whole);
  guint64 extra = (vmh_plan_most_memory (plan->domain, whole) - whole) / (2 * MIB) * (2 * MIB);
  gboolean virtio_mem = extra > 0 && has_virtio_mem (plan);
  g_autofree char *value = NULL;

  if (whole == 0)
    return vmh_plan_refuse (error, _ ("The machine has no memory. Say how much it has."));
  if (size == 0)
    return vmh_plan_refuse (error, _ ("The memory modules have all of the machine's memory, or "
                                      "more. Give it more memory, or remove a module."));
  if (inn_element_get_bool (&memory, "locked") && !plan->host.locks)
    vmh_plan_note (plan,
                   _ ("This computer may put its memory into swap: only machines of the whole "
                      "system can have it locked."));
  if (vmh_plan_is_locked (plan))
    vmh_plan_option (plan, "-overcommit", "mem-lock=on");
  if (!vmh_numa_build (plan, size, (guint)count_places (plan, &cpu), error))
    return FALSE;
  if (virtio_mem || (has_slots (plan) && modules + extra > 0))
    value =
        g_strdup_printf ("size=%" G_GUINT64_FORMAT "M,slots=%u,maxmem=%" G_GUINT64_FORMAT "M",
                         size / MIB, vmh_plan_count_slots (plan->domain), (whole + extra) / MIB);
  else
    value = g_strdup_printf ("size=%" G_GUINT64_FORMAT "M", size / MIB);
  vmh_plan_option (plan, "-m", value);
  return !virtio_mem || build_virtio_mem (plan, extra, error);
}

static void
build_firmware (VmhPlan *plan)
{
  g_autofree char *variables = NULL;

  if (!plan->host.firmware)
    return;
  variables = vmh_plan_nvram (plan);
  vmh_plan_add (plan, VMH_NODE_BLOCKDEV,
                vmh_json ("driver=s", "file", "node-name=s", "firmware-file", "filename=s",
                          plan->host.firmware, /* below /usr, which the guest's room has */
                          "read-only=b", TRUE, NULL));
  vmh_plan_add (plan, VMH_NODE_BLOCKDEV,
                vmh_json ("driver=s", plan->host.firmware_format, "node-name=s", "firmware",
                          "file=s", "firmware-file", "read-only=b", TRUE, NULL));
  vmh_plan_add (
      plan, VMH_NODE_BLOCKDEV,
      vmh_json ("driver=s", "file", "node-name=s", "nvram-file", "filename=s", variables, NULL));
  vmh_plan_add (plan, VMH_NODE_BLOCKDEV,
                vmh_json ("driver=s", plan->host.nvram_format, "node-name=s", "nvram", "file=s",
                          "nvram-file", NULL));
}

static void
build_kernel (VmhPlan *plan)
{
  InnElement kernel = inn_domain_get (plan->domain, "kernel");
  static const struct
  {
    const char *field, *option, *name;
  } files[] = { { "kernel", "-kernel", "/kernel" }, { "initrd", "-initrd", "/initrd" } };
  g_autofree char *line = inn_element_dup (&kernel, "cmdline");

  if (!inn_element_has (&kernel, "kernel"))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = inn_element_dup (&kernel, files[i].field);

      if (!path)
        continue;
      vmh_plan_copy (plan, &kernel, path, files[i].name);
      vmh_plan_option (plan, files[i].option, files[i].name);
    }
  if (line)
    vmh_plan_option (plan, "-append", line);
}

static void
build_clock_and_boot (VmhPlan *plan)
{
  InnElement clock = inn_domain_get (plan->domain, "clock");
  InnElement boot = inn_domain_get (plan->domain, "boot");
  g_autofree char *again = NULL;
  g_autofree char *rtc = inn_element_dup (&clock, "offset");
  g_autofree char *base =
      g_strdup_printf ("base=%s,driftfix=%s", rtc,
                       inn_element_is (&clock, "rtc-policy", "catchup") ? "slew" : "none");

  vmh_plan_option (plan, "-rtc", base);
  if (inn_element_is (&clock, "pit-policy", "discard"))
    vmh_plan_option (plan, "-global", "kvm-pit.lost_tick_policy=discard");
  if (inn_element_has (&boot, "reboot-timeout"))
    again = g_strdup_printf (",reboot-timeout=%" G_GUINT64_FORMAT,
                             inn_element_get_uint (&boot, "reboot-timeout"));
  if (inn_element_get_bool (&boot, "menu"))
    {
      guint64 time = inn_element_get_uint (&boot, "menu-timeout");
      g_autofree char *value =
          time > 0 ? g_strdup_printf ("menu=on,splash-time=%" G_GUINT64_FORMAT "%s,strict=on", time,
                                      again ? again : "")
                   : g_strdup_printf ("menu=on%s,strict=on", again ? again : "");

      vmh_plan_option (plan, "-boot", value);
    }
  else
    {
      g_autofree char *value = g_strconcat ("strict=on", again, NULL);

      vmh_plan_option (plan, "-boot", value);
    }
}

/* QEMU only pauses where more than its own end is to follow: the helper does the rest. */
static void
build_events (VmhPlan *plan)
{
  InnElement events = inn_domain_get (plan->domain, "events");
  gboolean ends = inn_element_is (&events, "on-poweroff", "destroy") &&
                  !inn_element_is (&events, "on-reboot", "preserve");
  g_autofree char *value =
      g_strdup_printf ("reboot=%s,shutdown=%s,panic=pause",
                       inn_element_is (&events, "on-reboot", "restart") ? "reset" : "shutdown",
                       ends ? "poweroff" : "pause");

  vmh_plan_option (plan, "-action", value);
}

gboolean
vmh_board_build (VmhPlan *plan, GError **error)
{
  build_identity (plan);
  build_machine (plan);
  if (!build_cpu (plan, error) || !build_memory (plan, error))
    return FALSE;
  build_firmware (plan);
  build_kernel (plan);
  build_clock_and_boot (plan);
  build_events (plan);
  vmh_smbios_build (plan);
  return TRUE;
}
