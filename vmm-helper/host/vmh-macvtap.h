/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Guests' cards that share a network card of this host (macvtap). Such a device stays when its last
 * fd is closed: each says in its alias which machine it was made for, and is removed when that has
 * ended. Needs CAP_NET_ADMIN; knows no machine but by its uuid. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VMH_MACVTAP_PREFIX "innmvt" /* and a number */

/** VmhMacvtap: a guest's card on a card of this host. */
typedef struct
{
  const char *machine; /* its uuid */
  const char *device;  /* of this host, as eth0 */
  const char *mode;    /* libvirt's word: "bridge", "vepa", "private" or "passthrough" */
  const char *mac;     /* the guest's, "52:54:00:12:34:56" */
} VmhMacvtap;

/** vmh_macvtap_open: a new one, to be passed to QEMU as a tap is. One that this machine's card has
 * left behind goes first. -1 with INN_ERROR_NOT_FOUND where this host has no such device, and
 * INN_ERROR_UNSUPPORTED where it, or the kernel, cannot. */
int vmh_macvtap_open (const VmhMacvtap *card, GError **error);
/** vmh_macvtap_dup_name: the device of the card @mac on @device; NULL: there is none. */
char *vmh_macvtap_dup_name (const char *device, const char *mac);
void vmh_macvtap_remove (const char *device, const char *mac);
/** vmh_macvtap_sweep: removes those that @is_wanted does not want; @machine is the uuid, or "" of
 * one that was never finished. */
void vmh_macvtap_sweep (gboolean (*is_wanted) (const char *machine, const char *mac, gpointer data),
                        gpointer data);

/* For tests: what the kernel is asked, and what is looked at before. */
guint32 vmh_macvtap_get_mode (const char *mode); /* the kernel's number; 0: there is none */
gboolean vmh_macvtap_check (const char *classes, const char *device, GError **error);
/** vmh_macvtap_dup_machine: the uuid in an alias of ours, or "". */
char *vmh_macvtap_dup_machine (const char *alias);

G_END_DECLS
