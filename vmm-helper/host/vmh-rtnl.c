/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns rtnetlink's messages: one request, one answer, over a socket for each. The kernel answers
 * within the sendmsg(): nothing is waited for. */
#include "host/vmh-rtnl.h"

#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_ALIAS 255 /* the kernel's IFALIASZ */

typedef struct
{
  struct nlmsghdr header;
  struct ifinfomsg info;
  char attributes[1024];
} Request;

/* The place of an attribute, for what is nested in it. */
static struct rtattr *
add (Request *request, int type, const void *data, gsize length)
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

static void
end_nest (Request *request, struct rtattr *nest)
{
  nest->rta_len = (unsigned short)((char *)request + request->header.nlmsg_len - (char *)nest);
}

static void
begin (Request *request, int type, int flags, const char *name)
{
  memset (request, 0, sizeof *request);
  request->header.nlmsg_len = NLMSG_LENGTH (sizeof request->info);
  request->header.nlmsg_type = (guint16)type;
  request->header.nlmsg_flags = (guint16)(NLM_F_REQUEST | NLM_F_ACK | flags);
  add (request, IFLA_IFNAME, name, strlen (name) + 1);
}

/* Returns an errno. */
static int
send_request (const Request *request)
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
  Request request;

  if (master == 0) /* it went meanwhile; to the kernel 0 is no bridge at all */
    return check (ENODEV, link->master, error);
  begin (&request, RTM_NEWLINK, 0, link->name);
  request.info.ifi_flags = request.info.ifi_change = IFF_UP;
  add (&request, IFLA_MTU, &mtu, sizeof mtu);
  if (memcmp (link->address, none, sizeof none) != 0)
    add (&request, IFLA_ADDRESS, link->address, sizeof link->address);
  add (&request, IFLA_MASTER, &master, sizeof master);
  return check (send_request (&request), link->name, error);
}

/* Before it is switched on, and after it was made: the kernel takes neither together. */
static int
forbid_addresses (const char *name)
{
  const guint8 mode = IN6_ADDR_GEN_MODE_NONE;
  struct rtattr *outer, *inner;
  Request request;
  int code;

  begin (&request, RTM_NEWLINK, 0, name);
  outer = add (&request, IFLA_AF_SPEC, NULL, 0);
  inner = add (&request, AF_INET6, NULL, 0);
  add (&request, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof mode);
  end_nest (&request, inner);
  end_nest (&request, outer);
  code = send_request (&request);
  return code == EAFNOSUPPORT ? 0 : code; /* no IPv6, no addresses */
}

static int
switch_on (const char *name, const char *alias)
{
  Request request;

  begin (&request, RTM_NEWLINK, 0, name);
  request.info.ifi_flags = request.info.ifi_change = IFF_UP;
  add (&request, IFLA_IFALIAS, alias, MIN (strlen (alias), MAX_ALIAS));
  return send_request (&request);
}

gboolean
vmh_rtnl_add_bridge (const char *name, const char *alias, GError **error)
{
  struct rtattr *kind;
  Request request;
  int code;

  begin (&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
  kind = add (&request, IFLA_LINKINFO, NULL, 0);
  add (&request, IFLA_INFO_KIND, "bridge", strlen ("bridge"));
  end_nest (&request, kind);
  if (!check (send_request (&request), name, error))
    return FALSE;
  code = forbid_addresses (name);
  if (code == 0)
    code = switch_on (name, alias);
  if (code != 0)
    vmh_rtnl_remove (name, NULL);
  return check (code, name, error);
}

gboolean
vmh_rtnl_remove (const char *name, GError **error)
{
  Request request;

  begin (&request, RTM_DELLINK, 0, name);
  return check (send_request (&request), name, error);
}
