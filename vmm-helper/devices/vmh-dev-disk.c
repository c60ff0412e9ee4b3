/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Disks, CD drives and floppy drives: file, format and throttle nodes below one device. The format
 * is always stated, a backing file never followed. */
#include "devices/vmh-plan-private.h"

#include <string.h>

typedef struct
{
  VmhPlan *plan;
  const InnElement *element;
  char *target, *id, *path, *format;
  gboolean readonly, cdrom, floppy;
} Disk;

static void
disk_clear (Disk *disk)
{
  g_free (disk->target);
  g_free (disk->id);
  g_free (disk->path);
  g_free (disk->format);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Disk, disk_clear)

static void
disk_init (Disk *disk, VmhPlan *plan, const InnElement *element)
{
  gboolean block = inn_element_is (element, "type", "block");

  disk->plan = plan;
  disk->element = element;
  disk->target = inn_element_dup (element, "target");
  disk->id = vmh_plan_id (element, 0);
  disk->path = inn_element_dup (element, block ? "block" : "source");
  if (disk->path && *disk->path == '\0') /* as libvirt may say that there is none */
    g_clear_pointer (&disk->path, g_free);
  disk->format = inn_element_dup (element, "format");
  disk->cdrom = g_str_equal (element->kind->name, "cdrom");
  disk->floppy = g_str_equal (element->kind->name, "floppy");
  disk->readonly = disk->cdrom || inn_element_get_bool (element, "readonly");
}

static const char *
field (const Disk *disk, const char *name, char **holder)
{
  *holder =
      inn_kind_find (disk->element->kind, name) ? inn_element_dup (disk->element, name) : NULL;
  return *holder;
}

static gboolean
has_word (const Disk *disk, const char *name, const char *one, const char *two)
{
  g_autofree char *text = NULL;

  field (disk, name, &text);
  return g_strcmp0 (text, one) == 0 || (two && g_strcmp0 (text, two) == 0);
}

/* What both file and format node say about caching and discarding. */
static void
add_cache (const Disk *disk, JsonObject *node)
{
  if (disk->readonly)
    json_object_set_boolean_member (node, "read-only", TRUE);
  if (disk->cdrom || disk->floppy)
    return;
  json_object_set_object_member (
      node, "cache",
      vmh_json ("direct=b", has_word (disk, "cache", "none", "directsync"), "no-flush=b",
                has_word (disk, "cache", "unsafe", NULL), NULL));
  if (has_word (disk, "discard", "unmap", NULL))
    json_object_set_string_member (node, "discard", "unmap");
}

char *
vmh_plan_limits_id (const InnElement *disk)
{
  g_autofree char *target = inn_element_dup (disk, "target");
  g_autofree char *shared = inn_element_dup (disk, "limit-group");

  return shared ? g_strconcat ("group.", shared, NULL) : g_strconcat (target, "-limits", NULL);
}

/* The fields have QEMU's names but for those of bursts. */
JsonObject *
vmh_plan_limits (const InnElement *element)
{
  static const char *const limits[] = { "bps-total",  "bps-read",  "bps-write",
                                        "iops-total", "iops-read", "iops-write" };
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autofree char *burst = g_strconcat (limits[i], "-burst", NULL);
      g_autofree char *length = g_strconcat (limits[i], "-burst-length", NULL);
      g_autofree char *max = g_strconcat (limits[i], "-max", NULL);
      g_autofree char *max_length = g_strconcat (limits[i], "-max-length", NULL);

      json_object_set_int_member (object, limits[i],
                                  (gint64)inn_element_get_uint (element, limits[i]));
      json_object_set_int_member (object, max, (gint64)inn_element_get_uint (element, burst));
      json_object_set_int_member (object, max_length,
                                  MAX (1, (gint64)inn_element_get_uint (element, length)));
    }
  json_object_set_int_member (object, "iops-size",
                              (gint64)inn_element_get_uint (element, "iops-size"));
  return object;
}

/* Where nothing is limited its line stays short. */
JsonObject *
vmh_plan_group (const InnElement *disk)
{
  g_autofree char *id = vmh_plan_limits_id (disk);
  JsonObject *group = vmh_json ("qom-type=s", "throttle-group", "id=s", id, NULL);
  g_autoptr (JsonObject) limits = vmh_plan_limits (disk);
  g_autoptr (GList) values = json_object_get_values (limits);

  for (GList *l = values; l; l = l->next)
    if (json_node_get_int (l->data) > 1)
      {
        json_object_set_object_member (group, "limits", json_object_ref (limits));
        break;
      }
  return group;
}

JsonObject *
vmh_plan_throttle (const InnElement *disk, const char *group)
{
  g_autofree char *target = inn_element_dup (disk, "target");
  g_autofree char *format_name = g_strconcat (target, "-format", NULL);

  return vmh_json ("driver=s", "throttle", "node-name=s", target, "throttle-group=s", group,
                   "file=s", format_name, "read-only=b", inn_element_get_bool (disk, "readonly"),
                   NULL);
}

/* Answers the name of the topmost node, which is the drive's. */
static char *
add_nodes (const Disk *disk)
{
  g_autofree char *set = vmh_plan_file (disk->plan, disk->element, disk->path, !disk->readonly);
  g_autofree char *file_name = g_strconcat (disk->target, "-file", NULL);
  g_autofree char *format_name = g_strconcat (disk->target, "-format", NULL);
  g_autofree char *group = NULL;
  g_autofree char *text = NULL;
  gboolean block = inn_element_is (disk->element, "type", "block");
  JsonObject *file =
      vmh_json ("driver=s", block ? (disk->cdrom ? "host_cdrom" : "host_device") : "file",
                "node-name=s", file_name, "filename=s", set, NULL);
  JsonObject *format =
      vmh_json ("driver=s", disk->format, "node-name=s", format_name, "file=s", file_name, NULL);

  add_cache (disk, file);
  if (field (disk, "io", &text) && !g_str_equal (text, "threads"))
    json_object_set_string_member (file, "aio", text);
  add_cache (disk, format);
  g_clear_pointer (&text, g_free);
  if (field (disk, "detect-zeroes", &text) && !g_str_equal (text, "off"))
    {
      gboolean plain = g_str_equal (text, "unmap") && !has_word (disk, "discard", "unmap", NULL);

      json_object_set_string_member (format, "detect-zeroes", plain ? "on" : text);
    }
  if (g_str_equal (disk->format, "qcow2"))
    json_object_set_null_member (format, "backing");
  vmh_plan_add (disk->plan, VMH_NODE_BLOCKDEV, file);
  vmh_plan_add (disk->plan, VMH_NODE_BLOCKDEV, format);
  if (disk->cdrom || disk->floppy)
    return g_steal_pointer (&format_name);
  group = vmh_plan_limits_id (disk->element);
  if (vmh_plan_first (disk->plan, group))
    vmh_plan_add (disk->plan, VMH_NODE_OBJECT, vmh_plan_group (disk->element));
  vmh_plan_add (disk->plan, VMH_NODE_BLOCKDEV, vmh_plan_throttle (disk->element, group));
  return g_strdup (disk->target);
}

/* What the schema has checked to be of the bus. */
static void
add_identity (const Disk *disk, JsonObject *device)
{
  static const char *const texts[] = { "vendor", "product" };
  guint64 thread = inn_element_get_uint (disk->element, "io-thread");
  guint64 queues = inn_element_get_uint (disk->element, "queues");
  guint64 rotation = inn_element_get_uint (disk->element, "rotation");
  g_autofree char *wwn = inn_element_dup (disk->element, "wwn");

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *text = inn_element_dup (disk->element, texts[i]);

      if (text)
        json_object_set_string_member (device, texts[i], text);
    }
  if (wwn)
    json_object_set_int_member (device, "wwn", (gint64)g_ascii_strtoull (wwn, NULL, 16));
  if (rotation > 0)
    json_object_set_int_member (device, "rotation_rate", (gint64)rotation);
  if (queues > 0)
    json_object_set_int_member (device, "num-queues", (gint64)queues);
  if (thread > 0)
    {
      g_autofree char *id = g_strdup_printf ("iothread%" G_GUINT64_FORMAT, thread);

      json_object_set_string_member (device, "iothread", id);
    }
}

static void
add_device_options (const Disk *disk, JsonObject *device)
{
  g_autofree char *serial = NULL;
  g_autofree char *policy = NULL;

  if (!disk->floppy && field (disk, "serial", &serial))
    json_object_set_string_member (device, "serial", serial);
  if (!disk->floppy)
    vmh_plan_boot (disk->plan, disk->element, device);
  if (disk->cdrom || disk->floppy)
    return;
  add_identity (disk, device);
  json_object_set_string_member (
      device, "write-cache", has_word (disk, "cache", "writethrough", "directsync") ? "off" : "on");
  if (inn_element_get_bool (disk->element, "shareable"))
    json_object_set_boolean_member (device, "share-rw", TRUE);
  if (!field (disk, "error-policy", &policy) || inn_element_is (disk->element, "bus", "nvme"))
    return; /* an NVMe drive tells the guest always */
  json_object_set_string_member (device, "werror",
                                 g_str_equal (policy, "enospace") ? "enospc" : policy);
  json_object_set_string_member (device, "rerror",
                                 g_str_equal (policy, "enospace") ? "report" : policy);
}

static gboolean
attach_sata (Disk *disk, JsonObject *device, GError **error)
{
  gboolean running = disk->plan->host.running != NULL;
  gboolean own = disk->plan->board == VMH_BOARD_Q35; /* its chipset has six ports */
  g_autofree char *bus = g_strdup_printf ("%s.%u", own ? "ide" : "sata", disk->plan->sata);

  if (running)
    return vmh_plan_refuse_running (error); /* it has no hot-plug in QEMU */
  if (!own && !vmh_plan_need_ahci (disk->plan, error))
    return FALSE;
  if (disk->plan->sata++ >= 6)
    return vmh_plan_refuse (
        error, _ ("%s: SATA has six ports and all are taken. Choose another bus."), disk->target);
  json_object_set_string_member (device, "driver", disk->cdrom ? "ide-cd" : "ide-hd");
  json_object_set_string_member (device, "bus", bus);
  return TRUE;
}

static gboolean
attach_ide (Disk *disk, JsonObject *device, GError **error)
{
  guint taken = disk->plan->ide;
  g_autofree char *bus = g_strdup_printf ("ide.%u", taken / 2);

  if (disk->plan->board != VMH_BOARD_PC)
    return vmh_plan_refuse (error, _ ("%s: the chipset Q35 has no IDE. Choose SATA, or i440FX."),
                            disk->target);
  if (disk->plan->host.running)
    return vmh_plan_refuse_running (error);
  if (taken >= 4)
    return vmh_plan_refuse (error,
                            _ ("%s: IDE takes four drives and all are there. Choose another bus."),
                            disk->target);
  disk->plan->ide++;
  json_object_set_string_member (device, "driver", disk->cdrom ? "ide-cd" : "ide-hd");
  json_object_set_string_member (device, "bus", bus);
  json_object_set_int_member (device, "unit", taken % 2);
  return TRUE;
}

static gboolean
attach_scsi (Disk *disk, JsonObject *device, GError **error)
{
  if (!vmh_plan_need_scsi (disk->plan, error))
    return FALSE;
  if (disk->plan->scsi >= 256)
    return vmh_plan_refuse (error, _ ("%s: too many SCSI disks."), disk->target);
  json_object_set_string_member (device, "driver", disk->cdrom ? "scsi-cd" : "scsi-hd");
  json_object_set_string_member (device, "bus", "scsi.0");
  if (!disk->plan->host.running) /* which has one left */
    json_object_set_int_member (device, "scsi-id", disk->plan->scsi++);
  return TRUE;
}

static gboolean
attach (Disk *disk, JsonObject *device, GError **error)
{
  if (inn_element_is (disk->element, "bus", "virtio"))
    {
      json_object_set_string_member (device, "driver", "virtio-blk-pci");
      return vmh_plan_bus (disk->plan, device, error);
    }
  if (inn_element_is (disk->element, "bus", "nvme")) /* which has a serial number always */
    {
      json_object_set_string_member (device, "driver", "nvme");
      json_object_set_string_member (device, "serial", disk->target);
      return vmh_plan_bus (disk->plan, device, error);
    }
  if (inn_element_is (disk->element, "bus", "sata"))
    return attach_sata (disk, device, error);
  if (inn_element_is (disk->element, "bus", "ide"))
    return attach_ide (disk, device, error);
  if (inn_element_is (disk->element, "bus", "scsi"))
    return attach_scsi (disk, device, error);
  if (!vmh_plan_need_usb (disk->plan, error))
    return FALSE;
  json_object_set_string_member (device, "driver", "usb-storage");
  json_object_set_string_member (device, "bus", "usb.0");
  return TRUE;
}

static gboolean
build_disk (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_auto (Disk) disk = { 0 };
  g_autoptr (JsonObject) device = json_object_new ();
  gboolean usb = inn_element_is (element, "bus", "usb");

  disk_init (&disk, plan, element);
  if (!disk.path && (!disk.cdrom || usb))
    return vmh_plan_refuse (error, _ ("%s: no image is chosen. Choose one."), disk.target);
  if (!attach (&disk, device, error))
    return FALSE;
  json_object_set_string_member (device, "id", disk.id);
  if (disk.path)
    {
      g_autofree char *drive = add_nodes (&disk);

      json_object_set_string_member (device, "drive", drive);
    }
  add_device_options (&disk, device);
  vmh_plan_add (plan, VMH_NODE_DEVICE, g_steal_pointer (&device));
  return TRUE;
}

/* A floppy's place in the boot order is its controller's, which i440FX has made before any option
 * of a device is read. */
static void
floppy_boot (VmhPlan *plan, const InnElement *element, guint index)
{
  g_autoptr (JsonObject) place = json_object_new ();
  g_autofree char *value = NULL;

  vmh_plan_boot (plan, element, place);
  if (!json_object_has_member (place, "bootindex"))
    return;
  value = g_strdup_printf ("isa-fdc.bootindex%c=%d", 'A' + (int)index,
                           (int)json_object_get_int_member (place, "bootindex"));
  vmh_plan_option (plan, "-global", value);
}

/* The chipset i440FX has a floppy controller, Q35 takes one as a device. */
static gboolean
build_floppy (VmhPlan *plan, const InnElement *element, guint index, GError **error)
{
  g_auto (Disk) disk = { 0 };
  JsonObject *device;

  disk_init (&disk, plan, element);
  if (plan->host.running)
    return vmh_plan_refuse_running (error);
  if (index >= 2)
    return vmh_plan_refuse (error, _ ("%s: there can be two floppy drives."), disk.target);
  if (plan->board == VMH_BOARD_Q35 && vmh_plan_first (plan, "fdc"))
    vmh_plan_add (plan, VMH_NODE_DEVICE, vmh_json ("driver=s", "isa-fdc", "id=s", "fdc", NULL));
  device = vmh_json ("driver=s", "floppy", "id=s", disk.id, "bus=s",
                     plan->board == VMH_BOARD_Q35 ? "fdc.0" : "floppy-bus.0", "unit=i",
                     (gint64)index, NULL);
  if (disk.path)
    {
      g_autofree char *drive = add_nodes (&disk);

      json_object_set_string_member (device, "drive", drive);
    }
  else
    json_object_set_string_member (device, "drive-type", "144");
  add_device_options (&disk, device);
  vmh_plan_add (plan, VMH_NODE_DEVICE, device);
  floppy_boot (plan, element, index);
  return TRUE;
}

const VmhDeviceOps vmh_disk_ops = { "disk", build_disk };
const VmhDeviceOps vmh_cdrom_ops = { "cdrom", build_disk };
const VmhDeviceOps vmh_floppy_ops = { "floppy", build_floppy };
