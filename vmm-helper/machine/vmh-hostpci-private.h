/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What vmh-hostpci.c and vmh-hostpci-take.c share. */
#pragma once

#include "host/vmh-host-pci.h"
#include "host/vmh-vfio.h"
#include "vmh-hostpci.h"

G_BEGIN_DECLS

/** VmhPciJob: the data of a task that takes devices, or gives some back. One is under way at a
 * time. */
typedef struct
{
  void (*begin) (GTask *task);
  char *uuid;
  GPtrArray *devices; /* VmhPciDevice, as there are when it begins */
  guint next;
  /* To take. */
  VmhMachine *machine;
  InnDomain *domain;
  char *element;
  GPtrArray *wanted;
  gint64 until;
  /* To give back. */
  GPtrArray *claims; /* VmhVfioClaim */
  gboolean ended;    /* the machine */
} VmhPciJob;

/** vmh_hostpci_ask: @job (taken over) is @task's, which begins when all before it have ended. */
void vmh_hostpci_ask (GTask *task, VmhPciJob *job);
/** vmh_hostpci_end: takes both over. */
void vmh_hostpci_end (GTask *task, GError *error);
/** vmh_hostpci_find_machine: NULL; not to be kept. */
VmhMachine *vmh_hostpci_find_machine (const char *uuid);

G_END_DECLS
