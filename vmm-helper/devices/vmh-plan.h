/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A plan is what one machine's QEMU will be started with: nodes in order, files to pass, commands
 * before the first instruction. Made from the domain alone, so that the same domain always gives
 * the same plan; carried out in qemu/. */
#pragma once

#include "devices/vmh-device.h"

G_BEGIN_DECLS

#define VMH_PLAN_FIRST_FD    16            /* in QEMU; below are the shim's own */
#define VMH_PLAN_MODULE      "module-"     /* ids of memory modules that have come while it runs */
#define VMH_PLAN_SET         "/dev/fdset/" /* and the number of a set */
#define VMH_PLAN_OPEN        "/proc/self/fd/" /* and the number of a file that QEMU has */
#define VMH_PLAN_SPARE_PORTS 6                /* for devices plugged in later */
#define VMH_PLAN_VFIO        "/dev/vfio"      /* in the room: of its PCI devices of this computer */

/** VmhPlanRunning: what a device that is plugged in finds in the QEMU that runs. */
typedef struct
{
  GStrv ids;       /* of the devices that there are */
  GStrv ports;     /* those of them that take one more; NULL: it does not matter where it goes */
  int next_set;    /* of files */
  gboolean shared; /* its memory, with whoever has its file */
  gboolean leaves; /* the device goes: what it would need to come does not matter */
} VmhPlanRunning;

/** VmhPlanHost: what the plan needs to know of the computer. All strings are borrowed. */
typedef struct
{
  const char *emulator;    /* path of the QEMU binary */
  const char *accelerator; /* "kvm" or "tcg" */
  guint cpus;              /* that this computer has; 0: no matter */
  /* Firmware of a UEFI machine; NULL for BIOS. */
  const char *firmware, *firmware_format, *nvram_format;
  gboolean firmware_smm;
  gboolean locks;     /* a machine's memory may be locked */
  gboolean bridges;   /* cards may be put on this computer's bridges */
  gboolean luns;      /* this computer's SCSI disks may be handed on */
  gboolean chips;     /* and its security chips */
  gboolean proc;      /* the QEMU that runs sees its own open files as names */
  gboolean passt;     /* the program is there; else QEMU's own user-mode network is taken */
  gboolean usb;       /* a USB device may come that is not in the domain */
  gboolean vfio;      /* PCI devices of this computer may be handed on */
  gboolean swtpm;     /* the program is there */
  gboolean virtiofsd; /* likewise */
  gboolean cards;     /* likewise */
  const char *render; /* the node of the graphics card that draws for it; NULL: none */
  /* What this QEMU has, by type name ("virtio-mem-pci"); NULL function: everything. */
  gboolean (*has) (const char *type, gpointer data);
  gpointer has_data;
  const VmhPlanRunning *running; /* NULL: the plan is for a start */
  const char
      *shared; /* of what runs: the throttle group that other disks have as well; NULL: none */
} VmhPlanHost;

typedef enum
{
  VMH_PLAN_FD_FILE,   /* @path of the host, in an fd set */
  VMH_PLAN_FD_NVRAM,  /* the machine's own UEFI variables */
  VMH_PLAN_FD_COPY,   /* @path of the host, which the sandbox copies into its room as @name */
  VMH_PLAN_FD_LISTEN, /* a listening socket in the runtime folder, called @name */
  VMH_PLAN_FD_LINE,   /* QEMU's end of the text line @name; the shim has the other */
  VMH_PLAN_FD_NET,    /* QEMU's end of the network card @name; the shim has the other */
  VMH_PLAN_FD_TPM,    /* QEMU's end of the security chip @name, of version @kind */
  VMH_PLAN_FD_SHARE,  /* QEMU's end of the folder @path */
  VMH_PLAN_FD_CARD,   /* QEMU's end of a smart card: with the certificates @kind of the database
                       * @path, or, where those are NULL, of this computer's reader */
  VMH_PLAN_FD_VSOCK,  /* this computer's half of a vsock */
  VMH_PLAN_FD_LUN,    /* the whole SCSI disk @path of this computer, in an fd set */
  VMH_PLAN_FD_CHIP,   /* the security chip @path of this computer, in an fd set */
  VMH_PLAN_FD_SHMEM,  /* @size bytes of the memory @name, which other machines have too */
  VMH_PLAN_FD_USB,    /* a USB device of this computer, in an fd set */
  VMH_PLAN_FD_TAP,    /* a tap on the bridge or the network @path, or one that shares this
                       * computer's card @path, for the card with address @name */
} VmhPlanFdType;

/** VmhPlanUsb: which USB device of this computer is meant. */
typedef struct
{
  gboolean by_model; /* of that vendor and product; else it is only told by its place */
  guint vendor, product;
  guint bus, device; /* 0: wherever it is */
} VmhPlanUsb;

typedef struct
{
  VmhPlanFdType type;
  int number; /* in QEMU */
  char *name;
  char *path;
  char *kind; /* of a line: "serial" or "console"; of a file: whose it is ("disk:vda"); of a tap:
               * "bridge", "network" or "direct" */
  char *mode; /* of a card on one of this host's ("direct"): libvirt's word */
  gboolean writable;
  guint64 size; /* of shared memory */
  int set;      /* of fds in QEMU; -1: it is in none */
  VmhPlanUsb usb;
} VmhPlanFd;

typedef struct
{
  char *command;
  JsonObject *arguments;
} VmhPlanCommand;

VmhPlan *vmh_plan_new (InnDomain *domain, const VmhPlanHost *host);
void vmh_plan_free (VmhPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmhPlan, vmh_plan_free)

/** vmh_plan_build: everything in the domain; INN_ERROR_UNSUPPORTED names what cannot be. */
gboolean vmh_plan_build (VmhPlan *plan, GError **error);
/** vmh_plan_build_device: what is plugged in with @element, with the same nodes as at a start, or
 * (backwards) what goes with it; INN_ERROR_UNSUPPORTED for what cannot while the machine runs. */
gboolean vmh_plan_build_device (VmhPlan *plan, const InnElement *element, GError **error);
/** vmh_plan_dup_argv: QEMU's whole command line, argv[0] included. */
char **vmh_plan_dup_argv (VmhPlan *plan);
GPtrArray *vmh_plan_get_fds (VmhPlan *plan);      /* (element-type VmhPlanFd) */
GPtrArray *vmh_plan_get_commands (VmhPlan *plan); /* (element-type VmhPlanCommand) */
GPtrArray *vmh_plan_get_nodes (VmhPlan *plan);    /* (element-type VmhNode) */
/** vmh_plan_get_notes: lines for the machine's log; "" for none. */
const char *vmh_plan_get_notes (VmhPlan *plan);
/** vmh_plan_get_user_network: what carries its user-mode cards: "passt", "slirp" (in QEMU itself,
 * which then needs the host's network), or "" where it has none. */
const char *vmh_plan_get_user_network (VmhPlan *plan);
gboolean vmh_plan_is_locked (VmhPlan *plan); /* its memory, in this computer's */
/** vmh_plan_locked_bytes: how much it may lock: for PCI devices of this computer, which reach all
 * memory of the machine at any time; 0: none, G_MAXUINT64: whatever it wants. */
guint64 vmh_plan_locked_bytes (VmhPlan *plan);
/** vmh_plan_get_patience: for how many ms QEMU may be at each part of what is plugged in. */
int vmh_plan_get_patience (VmhPlan *plan, int usual_ms);
gboolean vmh_plan_has_display (VmhPlan *plan, const char *protocol); /* "vnc", "dbus" */

/** vmh_plan_draws: whether a graphics card of this computer draws for it; @out_node (to NULL
 * before): which one, where it says that. */
gboolean vmh_plan_draws (InnDomain *domain, char **out_node);
/** vmh_plan_cpu: the node of the processor @index (from 1) of a machine that has begun as @domain
 * says, with @places for them in all. */
JsonObject *vmh_plan_cpu (InnDomain *domain, const char *driver, guint places, guint index);
/** vmh_plan_has_modules: the machine gets more memory in modules; else by virtio-mem. */
gboolean vmh_plan_has_modules (InnDomain *domain);
/** vmh_plan_most_memory: how many bytes the machine that has begun with @size can have. */
guint64 vmh_plan_most_memory (InnDomain *domain, guint64 size);
guint vmh_plan_count_slots (InnDomain *domain); /* for memory modules */
/** vmh_plan_build_module: the module @number of those that come while it runs. */
void vmh_plan_build_module (VmhPlan *plan, guint number, guint64 size);
#define VMH_PLAN_REDIRECTS 8u /* ports for USB devices of viewers, at most */
/** vmh_plan_build_redirect: the port @number of those that come while it runs. */
gboolean vmh_plan_build_redirect (VmhPlan *plan, guint number, GError **error);
/** vmh_plan_dup_redirect: of that, its id and its socket's name in the runtime folder. */
char *vmh_plan_dup_redirect (guint number);
/** vmh_plan_is_beside: QEMU's end of what a program of the owner's does: a folder or a card. */
gboolean vmh_plan_is_beside (const VmhPlanFd *fd);
/** vmh_plan_fd_name: by which the node of a network card names the fd @number. */
char *vmh_plan_fd_name (VmhPlan *plan, int number);
/** vmh_plan_index: of those of its kind. */
guint vmh_plan_index (const InnElement *element);
/** vmh_plan_is_user_card: the card leads to the internet through this computer. */
gboolean vmh_plan_is_user_card (const InnElement *element);
/** vmh_plan_read_usb: which device the hostdev @element means. */
VmhPlanUsb vmh_plan_read_usb (const InnElement *element);
/** vmh_plan_dup_pci: which device the @element means: of hostpci its address, "0000:03:00.0", of
 * hostmdev its UUID. */
char *vmh_plan_dup_pci (const InnElement *element);
/** vmh_plan_is_mediated: it is a hostmdev. */
gboolean vmh_plan_is_mediated (const InnElement *element);
/** vmh_plan_id: @element's id in QEMU: "disk-vda", "interface-525400aabbcc", "hostdev-046d-c52b",
 * "filesystem-tag", "video-0"; @index: of those of its kind. */
char *vmh_plan_id (const InnElement *element, guint index);
/** vmh_plan_limits: what the disk @element may do, as QEMU's throttle groups have it; 0: no limit.
 */
JsonObject *vmh_plan_limits (const InnElement *element);
/** vmh_plan_limits_id: of the throttle group of the @disk, which others may share. */
char *vmh_plan_limits_id (const InnElement *disk);
/** vmh_plan_group: the node of that. */
JsonObject *vmh_plan_group (const InnElement *disk);
/** vmh_plan_throttle: the node of the disk that is in @group. */
JsonObject *vmh_plan_throttle (const InnElement *disk, const char *group);
/** vmh_plan_format_chardev: a chardev node as -chardev wants it: all values escaped. */
char *vmh_plan_format_chardev (JsonObject *chardev);
/** vmh_plan_escape: @value with commas doubled, as -name and its like want it. */
char *vmh_plan_escape (const char *value);

G_END_DECLS
