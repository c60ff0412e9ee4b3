/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the plan itself: nodes, fds, commands, and what is free on the machine's buses. Knows no
 * device. */
#include "devices/vmh-plan-private.h"

#include "shared/inn-domain-new.h"

#include <stdarg.h>
#include <string.h>

static void
node_free (VmhNode *node)
{
  json_object_unref (node->object);
  g_free (node);
}

static void
fd_free (VmhPlanFd *fd)
{
  g_free (fd->name);
  g_free (fd->path);
  g_free (fd->kind);
  g_free (fd->mode);
  g_free (fd);
}

static void
command_free (VmhPlanCommand *command)
{
  g_clear_pointer (&command->arguments, json_object_unref);
  g_free (command->command);
  g_free (command);
}

VmhPlan *
vmh_plan_new (InnDomain *domain, const VmhPlanHost *host)
{
  VmhPlan *plan = g_new0 (VmhPlan, 1);

  plan->domain = inn_domain_ref (domain);
  plan->host = *host;
  plan->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify)node_free);
  plan->fds = g_ptr_array_new_with_free_func ((GDestroyNotify)fd_free);
  plan->commands = g_ptr_array_new_with_free_func ((GDestroyNotify)command_free);
  plan->boot = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  plan->once = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  plan->notes = g_string_new (NULL);
  plan->next_fd = VMH_PLAN_FIRST_FD;
  plan->next_set = host->running ? host->running->next_set : 0;
  for (char **id = host->running ? host->running->ids : NULL; id && *id; id++)
    g_hash_table_add (plan->once, g_strdup (*id));
  if (host->shared)
    g_hash_table_add (plan->once, g_strdup (host->shared));
  return plan;
}

void
vmh_plan_free (VmhPlan *plan)
{
  inn_domain_unref (plan->domain);
  g_ptr_array_unref (plan->nodes);
  g_ptr_array_unref (plan->fds);
  g_ptr_array_unref (plan->commands);
  g_hash_table_unref (plan->boot);
  g_hash_table_unref (plan->once);
  g_string_free (plan->notes, TRUE);
  g_free (plan);
}

void
vmh_plan_add (VmhPlan *plan, VmhNodeType type, JsonObject *object)
{
  VmhNode *node = g_new0 (VmhNode, 1);

  node->type = type;
  node->object = object;
  g_ptr_array_add (plan->nodes, node);
}

void
vmh_plan_option (VmhPlan *plan, const char *option, const char *value)
{
  vmh_plan_add (plan, VMH_NODE_ARGUMENT, vmh_json ("option=s", option, "value=s", value, NULL));
}

gboolean
vmh_plan_has (VmhPlan *plan, const char *type)
{
  return !plan->host.has || plan->host.has (type, plan->host.has_data);
}

gboolean
vmh_plan_first (VmhPlan *plan, const char *what)
{
  return g_hash_table_add (plan->once, g_strdup (what));
}

gboolean
vmh_plan_refuse (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (INN_ERROR, INN_ERROR_UNSUPPORTED, format, args));
  va_end (args);
  return FALSE;
}

/* As QEMU marks what is no error. */
void
vmh_plan_note (VmhPlan *plan, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_string_append (plan->notes, "vmm-helper: info: ");
  g_string_append_vprintf (plan->notes, format, args);
  g_string_append_c (plan->notes, '\n');
  va_end (args);
}

gboolean
vmh_plan_refuse_running (GError **error)
{
  return vmh_plan_refuse (error, _ ("This can only be changed while the machine is off."));
}

void
vmh_plan_boot (VmhPlan *plan, const InnElement *element, JsonObject *device)
{
  g_autofree char *id = inn_element_dup_id (element);
  gpointer index = g_hash_table_lookup (plan->boot, id);

  /* What runs has been started already; its places in the order are taken. */
  if (index && !plan->host.running)
    json_object_set_int_member (device, "bootindex", GPOINTER_TO_INT (index));
}

void
vmh_plan_command (VmhPlan *plan, const char *command, JsonObject *arguments)
{
  VmhPlanCommand *entry = g_new0 (VmhPlanCommand, 1);

  entry->command = g_strdup (command);
  entry->arguments = arguments;
  g_ptr_array_add (plan->commands, entry);
}

/* ---- files ---- */

int
vmh_plan_fd (VmhPlan *plan, VmhPlanFdType type, const char *name, const char *path)
{
  VmhPlanFd *fd = g_new0 (VmhPlanFd, 1);

  fd->type = type;
  fd->number = plan->next_fd++;
  fd->set = -1;
  fd->name = g_strdup (name);
  fd->path = g_strdup (path);
  g_ptr_array_add (plan->fds, fd);
  return fd->number;
}

static void
add_to_set (VmhPlan *plan,
            int set,
            VmhPlanFdType type,
            const char *kind,
            const char *path,
            gboolean writable)
{
  g_autofree char *value = NULL;
  g_autofree char *escaped = vmh_plan_escape (kind);
  int number = vmh_plan_fd (plan, type, NULL, path);
  VmhPlanFd *fd = plan->fds->pdata[plan->fds->len - 1];

  fd->kind = g_strdup (kind);
  fd->writable = writable;
  fd->set = set;
  value = g_strdup_printf ("fd=%d,set=%d,opaque=%s", number, set, escaped);
  if (!plan->host.running)
    vmh_plan_option (plan, "-add-fd", value);
}

/* Two fds where it is writable: QEMU's own locking opens a file a second time, read-only. */
static char *
add_set (VmhPlan *plan, VmhPlanFdType type, const char *kind, const char *path, gboolean writable)
{
  int set = plan->next_set++;

  add_to_set (plan, set, type, kind, path, FALSE);
  if (writable)
    add_to_set (plan, set, type, kind, path, TRUE);
  return g_strdup_printf ("/dev/fdset/%d", set);
}

char *
vmh_plan_file (VmhPlan *plan, const InnElement *element, const char *path, gboolean writable)
{
  g_autofree char *id = inn_element_dup_id (element);

  return add_set (plan, VMH_PLAN_FD_FILE, id, path, writable);
}

char *
vmh_plan_lun (VmhPlan *plan, const InnElement *element, const char *path, gboolean writable)
{
  g_autofree char *id = inn_element_dup_id (element);

  return add_set (plan, VMH_PLAN_FD_LUN, id, path, writable);
}

/* One fd: the kernel lets nobody open it a second time. */
char *
vmh_plan_chip (VmhPlan *plan, const InnElement *element, const char *path)
{
  g_autofree char *id = inn_element_dup_id (element);
  int set = plan->next_set++;

  add_to_set (plan, set, VMH_PLAN_FD_CHIP, id, path, TRUE);
  return g_strdup_printf (VMH_PLAN_SET "%d", set);
}

/* While it runs QEMU says itself what number the fd has: see vmh-qmp-plug.c. */
char *
vmh_plan_shmem (VmhPlan *plan, const InnElement *element, const char *name, guint64 size)
{
  g_autofree char *id = inn_element_dup_id (element);
  int set = plan->host.running ? plan->next_set++ : -1;
  VmhPlanFd *fd;

  vmh_plan_fd (plan, VMH_PLAN_FD_SHMEM, name, NULL);
  fd = plan->fds->pdata[plan->fds->len - 1];
  fd->kind = g_strdup (id);
  fd->size = size;
  fd->set = set;
  return set >= 0 ? g_strdup_printf (VMH_PLAN_SET "%d", set)
                  : g_strdup_printf (VMH_PLAN_OPEN "%d", fd->number);
}

/* One fd, which QEMU both reads and writes. */
char *
vmh_plan_usb (VmhPlan *plan, const InnElement *element, const VmhPlanUsb *usb)
{
  g_autofree char *id = inn_element_dup_id (element);
  int set = plan->next_set++;

  add_to_set (plan, set, VMH_PLAN_FD_USB, id, NULL, TRUE);
  ((VmhPlanFd *)plan->fds->pdata[plan->fds->len - 1])->usb = *usb;
  return g_strdup_printf ("/dev/fdset/%d", set);
}

char *
vmh_plan_fd_name (VmhPlan *plan, int number)
{
  return g_strdup_printf (plan->host.running ? "fd-%d" : "%d", number);
}

char *
vmh_plan_nvram (VmhPlan *plan)
{
  return add_set (plan, VMH_PLAN_FD_NVRAM, "firmware", NULL, TRUE);
}

void
vmh_plan_copy (VmhPlan *plan, const InnElement *element, const char *path, const char *name)
{
  VmhPlanFd *fd;

  vmh_plan_fd (plan, VMH_PLAN_FD_COPY, name, path);
  fd = plan->fds->pdata[plan->fds->len - 1];
  fd->kind = inn_element_dup_id (element);
}

static JsonObject *
chardev_fd (VmhPlan *plan, const char *id, int number, gboolean listen)
{
  g_autofree char *text = vmh_plan_fd_name (plan, number);
  JsonObject *address = vmh_json ("type=s", "fd", "data=o", vmh_json ("str=s", text, NULL), NULL);
  JsonObject *data = vmh_json ("addr=o", address, "server=b", listen, NULL);

  if (listen)
    json_object_set_boolean_member (data, "wait", FALSE);
  return vmh_json ("id=s", id, "backend=o", vmh_json ("type=s", "socket", "data=o", data, NULL),
                   NULL);
}

void
vmh_plan_listen (VmhPlan *plan, const char *id, const char *name)
{
  int number = vmh_plan_fd (plan, VMH_PLAN_FD_LISTEN, name, NULL);

  vmh_plan_add (plan, VMH_NODE_CHARDEV, chardev_fd (plan, id, number, TRUE));
}

void
vmh_plan_line (VmhPlan *plan, const char *id, const char *name, const char *kind)
{
  int number = vmh_plan_fd (plan, VMH_PLAN_FD_LINE, name, NULL);
  VmhPlanFd *fd = plan->fds->pdata[plan->fds->len - 1];

  fd->kind = g_strdup (kind);
  vmh_plan_add (plan, VMH_NODE_CHARDEV, chardev_fd (plan, id, number, FALSE));
}

void
vmh_plan_tpm (VmhPlan *plan, const char *id, const char *version)
{
  int number = vmh_plan_fd (plan, VMH_PLAN_FD_TPM, id, NULL);
  VmhPlanFd *fd = plan->fds->pdata[plan->fds->len - 1];

  fd->kind = g_strdup (version);
  vmh_plan_add (plan, VMH_NODE_CHARDEV, chardev_fd (plan, id, number, FALSE));
}

void
vmh_plan_share (VmhPlan *plan, const char *id, const char *path, gboolean writable)
{
  int number = vmh_plan_fd (plan, VMH_PLAN_FD_SHARE, id, path);
  VmhPlanFd *fd = plan->fds->pdata[plan->fds->len - 1];

  fd->writable = writable;
  vmh_plan_add (plan, VMH_NODE_CHARDEV, chardev_fd (plan, id, number, FALSE));
}

gboolean
vmh_plan_is_beside (const VmhPlanFd *fd)
{
  return fd->type == VMH_PLAN_FD_SHARE || fd->type == VMH_PLAN_FD_CARD;
}

void
vmh_plan_card (VmhPlan *plan, const char *id, const char *database, const char *certificates)
{
  int number = vmh_plan_fd (plan, VMH_PLAN_FD_CARD, id, database);
  VmhPlanFd *fd = plan->fds->pdata[plan->fds->len - 1];

  fd->kind = g_strdup (certificates);
  vmh_plan_add (plan, VMH_NODE_CHARDEV, chardev_fd (plan, id, number, FALSE));
}

/* ---- buses ---- */

/* Devices that stand on pcie.0 (or pci.0) itself: conventional PCI, or part of the chipset. All
 * others get a port of their own, so that they can be unplugged. */
static gboolean
is_integrated (const char *driver)
{
  static const char *const drivers[] = {
    "e1000",
    "rtl8139",
    "AC97",
    "ich9-intel-hda",
    "ES1370",
    "pcnet",
    "ne2k_pci",
    "intel-hda",
    "i6300esb",
    "pci-serial",
    "pvpanic-pci",
    "acpi-erst",
    "virtio-iommu-pci",
    "ich9-usb-ehci1",
    "ich9-usb-uhci1",
    "ich9-usb-uhci2",
    "ich9-usb-uhci3",
    "usb-ehci",
    "piix3-usb-uhci",
    "piix4-usb-uhci",
    "lsi53c895a",
    "secondary-vga",
    "qxl",
    "ahci",
    "ich9-ahci",
    "pvscsi",
    "VGA",
    "qxl-vga",
    "virtio-vga",
    "virtio-vga-gl",
    "vmware-svga",
    "cirrus-vga",
    "bochs-display",
    NULL,
  };

  return g_strv_contains (drivers, driver);
}

#define FIRST_PORT_SLOT       2
#define PORTS_PER_SLOT        8
#define FIRST_INTEGRATED_SLOT 10
#define LAST_SLOT             26 /* above are parts of the chipset */
#define MAX_PORTS             ((FIRST_INTEGRATED_SLOT - FIRST_PORT_SLOT) * PORTS_PER_SLOT)

static gboolean
take_slot (VmhPlan *plan, JsonObject *device, const char *bus, guint first, GError **error)
{
  g_autofree char *address = NULL;

  plan->slot = MAX (plan->slot, first);
  if (plan->slot > LAST_SLOT)
    return vmh_plan_refuse (error,
                            _ ("The machine has more devices than its chipset has slots. Remove "
                               "some."));
  address = g_strdup_printf ("0x%x", plan->slot++);
  json_object_set_string_member (device, "bus", bus);
  json_object_set_string_member (device, "addr", address);
  return TRUE;
}

/* Eight ports share a slot as its functions; the first of them must say so. */
static char *
add_port (VmhPlan *plan, GError **error)
{
  guint number = plan->ports, function = number % PORTS_PER_SLOT;
  g_autofree char *id = g_strdup_printf ("port-%u", number);
  g_autofree char *address =
      g_strdup_printf ("0x%x.0x%x", FIRST_PORT_SLOT + number / PORTS_PER_SLOT, function);
  JsonObject *port;

  if (number >= MAX_PORTS)
    {
      vmh_plan_refuse (error, _ ("The machine has more than %d devices. Remove some."), MAX_PORTS);
      return NULL;
    }
  plan->ports++;
  port = vmh_json ("driver=s", "pcie-root-port", "id=s", id, "bus=s", "pcie.0", "addr=s", address,
                   "chassis=i", (gint64)number + 1, "port=i", (gint64)number, NULL);
  if (function == 0)
    json_object_set_boolean_member (port, "multifunction", TRUE);
  vmh_plan_add (plan, VMH_NODE_DEVICE, port);
  return g_steal_pointer (&id);
}

/* Into a machine that runs: QEMU finds a slot of i440FX's bus itself. */
static gboolean
take_free_port (VmhPlan *plan, JsonObject *device, GError **error)
{
  const VmhPlanRunning *running = plan->host.running;
  const char *port = plan->board == VMH_BOARD_PC ? "pci.0" : "";

  if (plan->board != VMH_BOARD_PC && running->ports)
    {
      if (plan->ports >= g_strv_length (running->ports))
        return vmh_plan_refuse (error,
                                _ ("The machine has no place left for another device while it "
                                   "runs."));
      port = running->ports[plan->ports++];
      json_object_set_string_member (device, "addr", "0x0");
    }
  json_object_set_string_member (device, "bus", port);
  return TRUE;
}

gboolean
vmh_plan_bus (VmhPlan *plan, JsonObject *device, GError **error)
{
  g_autofree char *port = NULL;

  if (plan->host.running)
    return take_free_port (plan, device, error);
  if (plan->board == VMH_BOARD_PC)
    return take_slot (plan, device, "pci.0", 3, error);
  if (is_integrated (json_object_get_string_member (device, "driver")))
    return take_slot (plan, device, "pcie.0", FIRST_INTEGRATED_SLOT, error);
  port = add_port (plan, error);
  if (!port)
    return FALSE;
  json_object_set_string_member (device, "bus", port);
  json_object_set_string_member (device, "addr", "0x0");
  return TRUE;
}

gboolean
vmh_plan_build (VmhPlan *plan, GError **error)
{
  g_autoptr (GPtrArray) unknown = inn_domain_list_unknown (plan->domain);

  if (unknown->len > 0)
    return vmh_plan_refuse (error,
                            _ ("The machine has a device “%s”, which cannot be used yet. Remove "
                               "it from the machine's XML to start the machine without it."),
                            (const char *)unknown->pdata[0]);
  if (!vmh_board_prepare (plan, error) || !vmh_board_build (plan, error))
    return FALSE;
  for (const VmhDeviceOps *const *ops = vmh_device_list; *ops; ops++)
    {
      g_autoptr (GPtrArray) elements = inn_domain_list (plan->domain, (*ops)->kind);

      for (guint i = 0; i < elements->len; i++)
        if (!(*ops)->build (plan, elements->pdata[i], i, error))
          return FALSE;
    }
  if (!vmh_extras_build (plan, error))
    return FALSE;
  for (int i = 0; plan->board == VMH_BOARD_Q35 && i < VMH_PLAN_SPARE_PORTS; i++)
    {
      g_autofree char *port = add_port (plan, NULL);
    }
  return TRUE;
}

/* Text lines are connected to the machine at its start; what has a program of its own when it
 * comes. */
static gboolean
can_be_plugged (VmhPlan *plan)
{
  const gboolean beside = plan->fds->len > 0 && vmh_plan_is_beside (plan->fds->pdata[0]);

  for (guint i = 0; i < plan->nodes->len; i++)
    {
      const VmhNode *node = plan->nodes->pdata[i];

      if ((node->type == VMH_NODE_CHARDEV && !beside) || node->type == VMH_NODE_ARGUMENT)
        return FALSE;
    }
  return plan->nodes->len > 0;
}

gboolean
vmh_plan_build_device (VmhPlan *plan, const InnElement *element, GError **error)
{
  g_return_val_if_fail (plan->host.running, FALSE);
  if (!vmh_board_prepare (plan, error))
    return FALSE;
  for (const VmhDeviceOps *const *ops = vmh_device_list; *ops; ops++)
    if (g_str_equal ((*ops)->kind, element->kind->name))
      return (*ops)->build (plan, element, vmh_plan_index (element), error) &&
             (can_be_plugged (plan) || vmh_plan_refuse_running (error));
  return vmh_plan_refuse_running (error);
}

GPtrArray *
vmh_plan_get_fds (VmhPlan *plan)
{
  return plan->fds;
}

GPtrArray *
vmh_plan_get_commands (VmhPlan *plan)
{
  return plan->commands;
}

GPtrArray *
vmh_plan_get_nodes (VmhPlan *plan)
{
  return plan->nodes;
}

const char *
vmh_plan_get_notes (VmhPlan *plan)
{
  return plan->notes->str;
}

const char *
vmh_plan_get_user_network (VmhPlan *plan)
{
  return plan->user_network ? plan->user_network : "";
}

gboolean
vmh_plan_has_display (VmhPlan *plan, const char *protocol)
{
  if (plan->displays == 0)
    return FALSE;
  /* A QEMU that draws does so for one display, from which it reads the picture back for VNC. */
  return !g_str_equal (protocol, "dbus") || (!plan->draws && vmh_plan_has (plan, "dbus-display"));
}
