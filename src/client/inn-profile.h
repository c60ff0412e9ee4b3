/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What hardware suits an operating system, and the machine made of it. Knows the schema's words,
 * not the bus nor any widget. */
#pragma once

#include "inn-media.h"
#include "shared/inn-domain.h"

G_BEGIN_DECLS

/** InnProfile: a proposal. The strings are words of the schema ("virtio") or NULL for "none". */
typedef struct
{
  gboolean generic;       /* nothing is known of the system */
  gboolean short_memory;  /* the host has less than the system needs at least */
  guint64 memory;         /* bytes */
  guint64 minimum_memory; /* bytes, 0 unknown */
  guint64 disk_size;      /* bytes */
  guint64 minimum_disk;   /* bytes, 0 unknown */
  guint vcpus;
  const char *machine;  /* "q35" or "pc" */
  const char *firmware; /* "efi", or NULL for the BIOS */
  const char *disk_bus, *cdrom_bus, *nic, *video, *sound, *usb;
  const char *clock; /* "utc" or "localtime" */
  gboolean tablet, rng, balloon, channels, tpm;
  gboolean modules; /* the system has no virtio-mem, so more memory comes in modules */
} InnProfile;

/** inn_profile_fill: @host_memory in bytes and @host_cpus clip the proposal (half of the one, all
 * of the other); 0: not known, no clipping. */
void inn_profile_fill (InnProfile *profile, InnOs *os, guint64 host_memory, guint host_cpus);

typedef enum
{
  INN_SOURCE_NONE, /* an empty machine */
  INN_SOURCE_ISO,
  INN_SOURCE_DISK,
  INN_SOURCE_NETWORK,
  INN_SOURCE_KERNEL,
} InnSourceKind;

/** InnSource: what a machine is made from; owned by whoever fills it. */
typedef struct
{
  InnSourceKind kind;
  InnMedia *media;   /* the ISO, disk image or kernel */
  InnMedia *initrd;  /* NULL: none */
  char *cmdline;     /* NULL: none */
  gboolean in_place; /* the disk image is used where it is, not copied */
} InnSource;

void inn_source_clear (InnSource *source);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (InnSource, inn_source_clear)

/** inn_profile_build: a nameless machine of @profile that starts from @source; the disk that is to
 * be made for it has no source yet. */
InnDomain *
inn_profile_build (const InnProfile *profile, InnOs *os, const InnSource *source, GError **error);

G_END_DECLS
