/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* PCI devices of this computer and the mediated ones, which guests see as such, and what stands in
 * the way of handing one on. Knows no machine, and changes nothing. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *address; /* "0000:01:00.0"; of a mediated one its UUID */
  gboolean mediated;
  char *parent; /* what a mediated one is a share of, for a person; NULL: not known */
  guint vendor, product;
  guint class;   /* 0x0300: a graphics card */
  char *name;    /* for a person */
  char *driver;  /* of this computer that uses it; NULL: none */
  int group;     /* IOMMU's; -1: none */
  GStrv sharing; /* addresses of the others in that group, bridges left out */
  char *problem; /* why no machine can have it, a sentence; NULL: it could */
} VmhPciDevice;

/** vmh_pci_list: bridges left out, by address, mediated ones behind the others; read anew. @system:
 * the helper is root's. */
GPtrArray *vmh_pci_list (gboolean system); /* (element-type VmhPciDevice) */
const VmhPciDevice *vmh_pci_find (GPtrArray *devices, const char *address); /* NULL: none */
int vmh_pci_get_group (GPtrArray *devices, const char *address);            /* -1: none */
char *vmh_pci_dup_bus (void);                /* sysfs's folder of it */
int vmh_pci_read_group (const char *folder); /* of the device's in sysfs; -1: none */

/** vmh_mdev_is_there: there are mediated devices, or can be. */
gboolean vmh_mdev_is_there (void);
/** vmh_mdev_add: puts them behind @devices, the cards. */
void vmh_mdev_add (GPtrArray *devices, gboolean system);

G_END_DECLS
