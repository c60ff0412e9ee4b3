/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the files of VmhHost share: the facts as read. Nobody else includes it. */
#pragma once

#include "vmh-host.h"

G_BEGIN_DECLS

typedef struct
{
  guint number;
  char *cpus; /* "0-3,8" */
  guint64 memory;
} VmhNumaNode;

struct _VmhHost
{
  GObject parent_instance;
  char *root; /* "" for "/", so that names can be appended */
  char *machine;

  char *cpu_model;
  const char *virtualization; /* "vmx", "svm", "none", "builtin" */
  gboolean inside_vm;         /* the CPU says that a hypervisor runs us */
  guint cpus;
  guint64 memory;
  GPtrArray *nodes; /* VmhNumaNode */

  int kvm_errno; /* 0: /dev/kvm opens */
  guint kvm_api;
  char *kvm_module;
  gboolean kvm_nested;

  GPtrArray *emulators; /* VmhEmulator */
  GHashTable *versions; /* "path mtime" → version */
  GPtrArray *firmwares; /* VmhFirmware */
};

/** vmh_host_read: text of a small file below the root, NULL if it cannot be read. */
char *vmh_host_read (VmhHost *host, const char *path);
char *vmh_host_path (VmhHost *host, const char *path);

void vmh_host_read_cpu (VmhHost *host);
void vmh_host_read_memory (VmhHost *host);
void vmh_host_read_kvm (VmhHost *host);
void vmh_host_read_emulators (VmhHost *host); /* again: what has come since is there, too */
VmhEmulator *vmh_host_find_emulator (VmhHost *host, const char *arch);
const VmhFirmware *vmh_host_find_firmware (VmhHost *host, const char *arch, const char *type);
void vmh_host_read_firmwares (VmhHost *host);

/** vmh_arch_from_qemu: libvirt's name for the end of qemu-system-*: "i386" → "i686". */
const char *vmh_arch_from_qemu (const char *name);

G_END_DECLS
