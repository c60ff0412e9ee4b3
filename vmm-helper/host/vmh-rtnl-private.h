/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How a message of rtnetlink is put together; for those who ask the kernel about network devices.
 */
#pragma once

#include "host/vmh-rtnl.h"

#include <linux/rtnetlink.h>

G_BEGIN_DECLS

typedef struct
{
  struct nlmsghdr header;
  char rest[1024];
} VmhRtnlRequest;

/** vmh_rtnl_begin: @info is what comes before the attributes: an ifinfomsg, a tcmsg. */
void vmh_rtnl_begin (VmhRtnlRequest *request, int type, int flags, const void *info, gsize length);
/** vmh_rtnl_add: returns the place of the attribute, for what is nested in it: until
 * vmh_rtnl_end_nest(). */
struct rtattr *vmh_rtnl_add (VmhRtnlRequest *request, int type, const void *data, gsize length);
void vmh_rtnl_end_nest (VmhRtnlRequest *request, struct rtattr *nest);
/** vmh_rtnl_send: returns an errno. */
int vmh_rtnl_send (const VmhRtnlRequest *request);
/** vmh_rtnl_macvtap: the two messages of vmh_rtnl_add_macvtap(): what makes it, and what gives it
 * its address and switches it on. */
void vmh_rtnl_macvtap_make (VmhRtnlRequest *request, const VmhRtnlMacvtap *link);
void vmh_rtnl_macvtap_begin (VmhRtnlRequest *request, const VmhRtnlMacvtap *link);

G_END_DECLS
