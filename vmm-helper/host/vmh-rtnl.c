/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns rtnetlink's messages: one request, one answer, over a socket for each. The kernel answers
 * within the sendmsg(): nothing is waited for. */
#include "host/vmh-rtnl.h"

#include "host/vmh-rtnl-private.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_ALIAS 255 /* the kernel's IFALIASZ */

void
vmh_rtnl_begin (VmhRtnlRequest *request, int type, int flags, const void *info, gsize length)
{
  memset (request, 0, sizeof *request);
  request->header.nlmsg_len = (guint32)NLMSG_LENGTH (length);
  request->header.nlmsg_type = (guint16)type;
  request->header.nlmsg_flags = (guint16)(NLM_F_REQUEST | NLM_F_ACK | flags);
  memcpy (request->rest, info, length);
}

struct rtattr *
vmh_rtnl_add (VmhRtnlRequest *request, int type, const void *data, gsize length)
{
  struct rtattr *attribute =
      (struct rtattr *)(void *)((char *)request + NLMSG_ALIGN (request->header.nlmsg_len));

  g_assert (NLMSG_ALIGN (request->header.nlmsg_len) + RTA_SPACE (length) <= sizeof *request);
  attribute->rta_type = (unsigned short)type;
  attribute->rta_len = (unsigned short)RTA_LENGTH (length);
  if (length > 0)
    memcpy (RTA_DATA (attribute), data, length);
  request->header.nlmsg_len =
      (guint32)(NLMSG_ALIGN (request->header.nlmsg_len) + RTA_ALIGN (attribute->rta_len));
  return attribute;
}

void
vmh_rtnl_end_nest (VmhRtnlRequest *request, struct rtattr *nest)
{
  nest->rta_len = (unsigned short)((char *)request + request->header.nlmsg_len - (char *)nest);
}

int
vmh_rtnl_send (const VmhRtnlRequest *request)
{
  VMH_AUTOFD fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct
  {
    struct nlmsghdr header;
    struct nlmsgerr answer;
    char rest[2048]; /* what we sent, and extended reasons */
  } reply = { 0 };

  if (fd < 0 || send (fd, request, request->header.nlmsg_len, 0) < 0 ||
      recv (fd, &reply, sizeof reply, 0) < 0)
    return errno;
  return reply.header.nlmsg_type == NLMSG_ERROR ? -reply.answer.error : EPROTO;
}

/* Of a device, switched on where @on. */
static void
begin (VmhRtnlRequest *request, int type, int flags, const char *name, gboolean on)
{
  const struct ifinfomsg info = { .ifi_flags = on ? IFF_UP : 0, .ifi_change = on ? IFF_UP : 0 };

  vmh_rtnl_begin (request, type, flags, &info, sizeof info);
  vmh_rtnl_add (request, IFLA_IFNAME, name, strlen (name) + 1);
}

static gboolean
check (int code, const char *name, GError **error)
{
  if (code != 0)
    g_set_error (error, INN_ERROR, INN_ERROR_IO, "%s: %s", name, g_strerror (code));
  return code == 0;
}

gboolean
vmh_rtnl_set (const VmhRtnlLink *link, GError **error)
{
  static const guint8 none[6];
  guint32 master = if_nametoindex (link->master), mtu = link->mtu;
  VmhRtnlRequest request;

  if (master == 0) /* it went meanwhile; to the kernel 0 is no bridge at all */
    return check (ENODEV, link->master, error);
  begin (&request, RTM_NEWLINK, 0, link->name, TRUE);
  vmh_rtnl_add (&request, IFLA_MTU, &mtu, sizeof mtu);
  if (memcmp (link->address, none, sizeof none) != 0)
    vmh_rtnl_add (&request, IFLA_ADDRESS, link->address, sizeof link->address);
  vmh_rtnl_add (&request, IFLA_MASTER, &master, sizeof master);
  return check (vmh_rtnl_send (&request), link->name, error);
}

static int
make (const char *name, const char *kind)
{
  struct rtattr *nest;
  VmhRtnlRequest request;

  begin (&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name, FALSE);
  nest = vmh_rtnl_add (&request, IFLA_LINKINFO, NULL, 0);
  vmh_rtnl_add (&request, IFLA_INFO_KIND, kind, strlen (kind));
  vmh_rtnl_end_nest (&request, nest);
  return vmh_rtnl_send (&request);
}

/* Before it is switched on, and after it was made: the kernel takes neither together. */
static int
forbid_addresses (const char *name)
{
  const guint8 mode = IN6_ADDR_GEN_MODE_NONE;
  struct rtattr *outer, *inner;
  VmhRtnlRequest request;
  int code;

  begin (&request, RTM_NEWLINK, 0, name, FALSE);
  outer = vmh_rtnl_add (&request, IFLA_AF_SPEC, NULL, 0);
  inner = vmh_rtnl_add (&request, AF_INET6, NULL, 0);
  vmh_rtnl_add (&request, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof mode);
  vmh_rtnl_end_nest (&request, inner);
  vmh_rtnl_end_nest (&request, outer);
  code = vmh_rtnl_send (&request);
  return code == EAFNOSUPPORT ? 0 : code; /* no IPv6, no addresses */
}

static int
switch_on (const char *name, const char *alias)
{
  VmhRtnlRequest request;

  begin (&request, RTM_NEWLINK, 0, name, TRUE);
  vmh_rtnl_add (&request, IFLA_IFALIAS, alias, MIN (strlen (alias), MAX_ALIAS));
  return vmh_rtnl_send (&request);
}

gboolean
vmh_rtnl_add_bridge (const char *name, const char *alias, GError **error)
{
  int code = make (name, "bridge");

  if (code != 0)
    return check (code, name, error);
  code = forbid_addresses (name);
  if (code == 0)
    code = switch_on (name, alias);
  if (code != 0)
    vmh_rtnl_remove (name, NULL);
  return check (code, name, error);
}

int
vmh_rtnl_add_ifb (const char *name)
{
  int code = make (name, "ifb");

  if (code != 0 && code != EEXIST)
    return code;
  code = forbid_addresses (name);
  return code == 0 ? switch_on (name, "Innkeeper: what a machine sends") : code;
}

void
vmh_rtnl_macvtap_make (VmhRtnlRequest *request, const VmhRtnlMacvtap *link)
{
  struct rtattr *outer, *inner;

  begin (request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link->name, FALSE);
  vmh_rtnl_add (request, IFLA_LINK, &link->device, sizeof link->device);
  /* From the first: udev gives one of its own to a device that has one by chance. */
  if (link->mode != MACVLAN_MODE_PASSTHRU)
    vmh_rtnl_add (request, IFLA_ADDRESS, link->address, sizeof link->address);
  outer = vmh_rtnl_add (request, IFLA_LINKINFO, NULL, 0);
  vmh_rtnl_add (request, IFLA_INFO_KIND, "macvtap", strlen ("macvtap"));
  inner = vmh_rtnl_add (request, IFLA_INFO_DATA, NULL, 0);
  vmh_rtnl_add (request, IFLA_MACVLAN_MODE, &link->mode, sizeof link->mode);
  vmh_rtnl_end_nest (request, inner);
  vmh_rtnl_end_nest (request, outer);
}

/* Where the device below has no other user its address becomes the guest's, too, but only once the
 * new one is there. */
void
vmh_rtnl_macvtap_begin (VmhRtnlRequest *request, const VmhRtnlMacvtap *link)
{
  begin (request, RTM_NEWLINK, 0, link->name, TRUE);
  vmh_rtnl_add (request, IFLA_ADDRESS, link->address, sizeof link->address);
  vmh_rtnl_add (request, IFLA_IFALIAS, link->alias, MIN (strlen (link->alias), MAX_ALIAS));
}

int
vmh_rtnl_add_macvtap (const VmhRtnlMacvtap *link)
{
  VmhRtnlRequest request;
  int code;

  vmh_rtnl_macvtap_make (&request, link);
  code = vmh_rtnl_send (&request);
  if (code != 0)
    return code;
  code = forbid_addresses (link->name);
  if (code == 0)
    {
      vmh_rtnl_macvtap_begin (&request, link);
      code = vmh_rtnl_send (&request);
    }
  if (code != 0)
    vmh_rtnl_remove (link->name, NULL);
  return code;
}

gboolean
vmh_rtnl_remove (const char *name, GError **error)
{
  VmhRtnlRequest request;

  begin (&request, RTM_DELLINK, 0, name, FALSE);
  return check (vmh_rtnl_send (&request), name, error);
}
