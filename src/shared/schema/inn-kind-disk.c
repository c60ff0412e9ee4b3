/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A disk: an image file or a block device of the host. */
#include "inn-rows.h"

static const InnChoice buses[] = {
  { "virtio", N_ ("VirtIO") },
  { "sata", N_ ("SATA") },
  { "ide", N_ ("IDE") },
  { "scsi", N_ ("SCSI") },
  { "usb", N_ ("USB") },
  { "nvme", N_ ("NVMe") },
  { NULL, NULL },
};

static const InnChoice ios[] = {
  { "threads", N_ ("Threads") },
  { "native", N_ ("Native (Linux AIO)") },
  { "io_uring", N_ ("io_uring") },
  { NULL, NULL },
};

static const InnChoice discards[] = {
  { "unmap", N_ ("Give it back") },
  { "ignore", N_ ("Keep it") },
  { NULL, NULL },
};

static const InnChoice zeroes[] = {
  { "off", N_ ("Write them") },
  { "on", N_ ("Write them quickly") },
  { "unmap", N_ ("Leave them out") },
  { NULL, NULL },
};

static const InnChoice policies[] = {
  { "enospace", N_ ("Pause when it is full") },
  { "stop", N_ ("Pause the machine") },
  { "report", N_ ("Tell the guest") },
  { "ignore", N_ ("Do nothing") },
  { NULL, NULL },
};

static const InnGroup speed_limits = { N_ ("Speed limits"),
                                       N_ ("How much it may read and write in a second") };

static const InnField fields[] = {
  INN_ROW_TARGET,
  INN_ROW_BUS (buses, "virtio"),
  INN_ROW_SOURCE_TYPE,
  INN_ROW_SOURCE (INN_FIELD_DEFAULT, N_ ("File")),
  INN_ROW_BLOCK (INN_FIELD_DEFAULT),
  INN_ROW_FORMAT (INN_FIELD_REQUIRED, NULL),
  { .name = "cache",
    .path = "driver/@cache",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "writeback",
    .choices = inn_words_disk_cache,
    .label = N_ ("Cache"),
    .help = N_ ("Trades speed for safety.") },
  { .name = "io",
    .path = "driver/@io",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "threads",
    .choices = ios,
    .label = N_ ("Access"),
    .help = N_ ("How QEMU reads and writes the file.") },
  { .name = "discard",
    .path = "driver/@discard",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "ignore",
    .choices = discards,
    .label = N_ ("Deleted space"),
    .help = N_ ("Give back to this computer what the guest has deleted.") },
  { .name = "detect-zeroes",
    .path = "driver/@detect_zeroes",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "off",
    .choices = zeroes,
    .label = N_ ("Zeroes"),
    .help = N_ ("What happens with blocks of nothing but zeroes.") },
  { .name = "error-policy",
    .path = "driver/@error_policy",
    .type = INN_TYPE_ENUM,
    .flags = INN_FIELD_ADVANCED,
    .fallback = "enospace",
    .choices = policies,
    .label = N_ ("When writing fails"),
    .help = N_ ("For example when this computer's disk is full.") },
  INN_ROW_READONLY,
  { .name = "shareable",
    .path = "shareable",
    .type = INN_TYPE_PRESENT,
    .flags = INN_FIELD_ADVANCED,
    .label = N_ ("Shared"),
    .help = N_ ("Several machines may write to it at once; the systems in them must know how.") },
  INN_ROW_SERIAL,
  { .name = "io-thread",
    .path = "driver/@iothread",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 64,
    .label = N_ ("I/O thread"),
    .help = N_ ("Its number; how many there are stands with the processors."),
    .when = "bus=virtio" },
  { .name = "queues",
    .path = "driver/@queues",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 64,
    .label = N_ ("Queues"),
    .help = N_ ("As many as processors where it is not said."),
    .when = "bus=virtio" },
  { .name = "vendor",
    .path = "vendor",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .max = 8,
    .pattern = "[!-~][ -~]*",
    .label = N_ ("Vendor"),
    .help = N_ ("What the guest reads as the disk’s maker."),
    .when = "bus=scsi" },
  { .name = "product",
    .path = "product",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .max = 16,
    .pattern = "[!-~][ -~]*",
    .label = N_ ("Product"),
    .help = N_ ("What the guest reads as the disk’s name."),
    .when = "bus=scsi" },
  { .name = "wwn",
    .path = "wwn",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_ADVANCED,
    .max = 18,
    .pattern = "(0x)?[0-9a-fA-F]{16}",
    .label = N_ ("World wide name"),
    .help = N_ ("Sixteen hexadecimal digits, of no other disk."),
    .when = "bus=scsi|sata|ide" },
  { .name = "rotation",
    .path = "target/@rotation_rate",
    .type = INN_TYPE_UINT,
    .flags = INN_FIELD_ADVANCED,
    .min = 1,
    .max = 65534,
    .label = N_ ("Turns in a minute"),
    .help = N_ ("1 is for an SSD: systems then treat it as one."),
    .when = "bus=scsi|sata|ide" },
  INN_ROW_BOOT_ORDER,
  { .name = "limit-group",
    .path = "iotune/group_name",
    .type = INN_TYPE_STRING,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED,
    .max = 32,
    .pattern = "[A-Za-z0-9][A-Za-z0-9_.\\-]*",
    .group = &speed_limits,
    .label = N_ ("Shared by"),
    .help = N_ ("Disks with the same name here share one limit, and have it all together.") },
  INN_ROW_LIMIT (&speed_limits,
                 "bps-total",
                 "total_bytes_sec",
                 INN_TYPE_SIZE,
                 N_ ("Limit"),
                 N_ ("Limit in bursts"),
                 N_ ("Bursts last")),
  INN_ROW_LIMIT (&speed_limits,
                 "bps-read",
                 "read_bytes_sec",
                 INN_TYPE_SIZE,
                 N_ ("Limit of reading"),
                 N_ ("Reading in bursts"),
                 N_ ("Bursts of reading last")),
  INN_ROW_LIMIT (&speed_limits,
                 "bps-write",
                 "write_bytes_sec",
                 INN_TYPE_SIZE,
                 N_ ("Limit of writing"),
                 N_ ("Writing in bursts"),
                 N_ ("Bursts of writing last")),
  INN_ROW_LIMIT (&speed_limits,
                 "iops-total",
                 "total_iops_sec",
                 INN_TYPE_UINT,
                 N_ ("Operations"),
                 N_ ("Operations in bursts"),
                 N_ ("Bursts of operations last")),
  INN_ROW_LIMIT (&speed_limits,
                 "iops-read",
                 "read_iops_sec",
                 INN_TYPE_UINT,
                 N_ ("Reads"),
                 N_ ("Reads in bursts"),
                 N_ ("Bursts of reads last")),
  INN_ROW_LIMIT (&speed_limits,
                 "iops-write",
                 "write_iops_sec",
                 INN_TYPE_UINT,
                 N_ ("Writes"),
                 N_ ("Writes in bursts"),
                 N_ ("Bursts of writes last")),
  { .name = "iops-size",
    .path = "iotune/size_iops_sec",
    .type = INN_TYPE_SIZE,
    .flags = INN_FIELD_LIVE | INN_FIELD_ADVANCED | INN_FIELD_BYTES,
    .min = 512,
    .max = (guint64)1 << 30,
    .group = &speed_limits,
    .label = N_ ("One operation is"),
    .help = N_ ("Larger ones count as several.") },
  { NULL },
};

/* As QEMU has it. */
static gboolean
check_limit (const InnElement *element, const char *limit, GError **error)
{
  g_autofree char *burst = g_strconcat (limit, "-burst", NULL);
  g_autofree char *length = g_strconcat (limit, "-burst-length", NULL);

  return inn_rule (!inn_element_has (element, burst) || (inn_element_has (element, limit) &&
                                                         inn_element_get_uint (element, burst) >=
                                                             inn_element_get_uint (element, limit)),
                   _ ("Bursts need a limit, and cannot be less than it."), error) &&
         inn_rule (!inn_element_has (element, length) || inn_element_has (element, burst),
                   _ ("Say how much may be done in bursts, or not how long they last."), error);
}

static gboolean
check_limits (const InnElement *element, GError **error)
{
  static const char *const limits[][3] = { { "bps-total", "bps-read", "bps-write" },
                                           { "iops-total", "iops-read", "iops-write" } };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      for (guint k = 0; k < G_N_ELEMENTS (limits[i]); k++)
        if (!check_limit (element, limits[i][k], error))
          return FALSE;
      if (!inn_rule (!inn_element_has (element, limits[i][0]) ||
                         (!inn_element_has (element, limits[i][1]) &&
                          !inn_element_has (element, limits[i][2])),
                     _ ("Limit reading and writing together, or each of them, not both."), error))
        return FALSE;
    }
  return inn_rule (
      !inn_element_has (element, "iops-size") || inn_element_has (element, "iops-total") ||
          inn_element_has (element, "iops-read") || inn_element_has (element, "iops-write"),
      _ ("Limit the operations, or do not say how large one is."), error);
}

/* What only some buses have. */
static gboolean
check_bus (const InnElement *element, GError **error)
{
  static const char *const virtio[] = { "io-thread", "queues" };
  static const char *const scsi[] = { "vendor", "product" };
  static const char *const drives[] = { "wwn", "rotation" };
  InnElement cpu = inn_domain_get (element->domain, "cpu");
  gboolean is_virtio = inn_element_is (element, "bus", "virtio");
  gboolean is_scsi = inn_element_is (element, "bus", "scsi");
  gboolean is_drive =
      is_scsi || inn_element_is (element, "bus", "sata") || inn_element_is (element, "bus", "ide");

  for (guint i = 0; i < G_N_ELEMENTS (virtio); i++)
    if (!inn_rule (is_virtio || !inn_element_has (element, virtio[i]),
                   _ ("Only VirtIO disks have I/O threads and queues."), error) ||
        !inn_rule (is_scsi || !inn_element_has (element, scsi[i]),
                   _ ("Only SCSI disks say their vendor and product."), error) ||
        !inn_rule (is_drive || !inn_element_has (element, drives[i]),
                   _ ("Only SCSI, SATA and IDE disks have a world wide name and turn."), error))
      return FALSE;
  return inn_rule (
      inn_element_get_uint (element, "io-thread") <= inn_element_get_uint (&cpu, "io-threads"),
      _ ("There are not that many I/O threads. Say with the processors how many."), error);
}

static gboolean
check (const InnElement *element, GError **error)
{
  if (!check_bus (element, error))
    return FALSE;
  if (!check_limits (element, error))
    return FALSE;
  if (!inn_rule (
          !inn_element_is (element, "io", "native") || inn_element_is (element, "cache", "none") ||
              inn_element_is (element, "cache", "directsync"),
          _ ("Native access works only without the host's cache. Choose that, too."), error) ||
      !inn_rule (
          !inn_element_get_bool (element, "readonly") ||
              (!inn_element_is (element, "bus", "ide") && !inn_element_is (element, "bus", "sata")),
          _ ("IDE and SATA disks cannot be read-only. Choose VirtIO, SCSI or USB."), error))
    return FALSE;

  return inn_rule_storage (element, error);
}

static char *
summary (const InnElement *element)
{
  return inn_dup_storage (element, NULL);
}

const InnKind inn_kind_disk = {
  .name = "disk",
  .path = "devices/disk",
  .match = "@device=disk|",
  .key = "target",
  .label = N_ ("Disk"),
  .icon = "drive-harddisk-symbolic",
  .device = TRUE,
  .fields = fields,
  .check = check,
  .summary = summary,
};
