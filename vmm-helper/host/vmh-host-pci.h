/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* PCI devices of this computer, and what stands in the way of handing one on. Knows no machine, and
 * changes nothing. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *address; /* "0000:01:00.0" */
  guint vendor, product;
  guint class;   /* 0x0300: a graphics card */
  char *name;    /* for a person */
  char *driver;  /* of this computer that uses it; NULL: none */
  int group;     /* IOMMU's; -1: none */
  GStrv sharing; /* addresses of the others in that group, bridges left out */
  char *problem; /* why no machine can have it, a sentence; NULL: it could */
} VmhPciDevice;

/** vmh_pci_list: bridges left out, by address; read anew. @system: the helper is root's. */
GPtrArray *vmh_pci_list (gboolean system); /* (element-type VmhPciDevice) */
const VmhPciDevice *vmh_pci_find (GPtrArray *devices, const char *address); /* NULL: none */
int vmh_pci_get_group (GPtrArray *devices, const char *address);            /* -1: none */
char *vmh_pci_dup_bus (void); /* sysfs's folder of it */

G_END_DECLS
