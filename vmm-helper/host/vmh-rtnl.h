/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The few things that are asked of the kernel about network devices (rtnetlink(7)). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;   /* of a device that is there */
  const char *master; /* the bridge it is put on */
  guint mtu;
  guint8 address[6]; /* all 0: as it is */
} VmhRtnlLink;

/** vmh_rtnl_set: all at once, and switched on; INN_ERROR_IO. */
gboolean vmh_rtnl_set (const VmhRtnlLink *link, GError **error);
/** vmh_rtnl_add_bridge: a new bridge, switched on, on which this host never has an address of its
 * own making; @alias says to people what it is. */
gboolean vmh_rtnl_add_bridge (const char *name, const char *alias, GError **error);
/** vmh_rtnl_add_ifb: a device that hands back what is redirected to it, switched on; it may be
 * there already. Returns an errno. */
int vmh_rtnl_add_ifb (const char *name);
/** VmhRtnlMacvtap: a card of a guest's on the @device of this host. */
typedef struct
{
  const char *name;
  guint32 device; /* its number (ifindex) */
  guint32 mode;   /* MACVLAN_MODE_… */
  guint8 address[6];
  const char *alias;
} VmhRtnlMacvtap;

/** vmh_rtnl_add_macvtap: a new one, switched on, on which this host has no address. Where one of
 * the steps fails there is none. Returns an errno. */
int vmh_rtnl_add_macvtap (const VmhRtnlMacvtap *link);
gboolean vmh_rtnl_remove (const char *name, GError **error);

G_END_DECLS
