/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns rtnetlink's messages of traffic control. What is sent waits in a token bucket filter
 * (tc-tbf(8)). The kernel has no queue for what is received: it is redirected to what an ifb device
 * sends (tc-mirred(8)), which hands it back as if nothing had been. Throwing away what is too much
 * (tc-police(8)) would be simpler, and slows down TCP to far less than it may have. */
#include "host/vmh-shape.h"

#include "host/vmh-rtnl-private.h"
#include "host/vmh-rtnl.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <string.h>

#define HANDLE      0x10000u     /* “1:” of tc(8) */
#define INGRESS     0xffff0000u  /* “ffff:” */
#define LEAST_BURST (64u * 1024) /* as the shim's; a packet must fit in */
#define LEAST_QUEUE (128u * 1024)
#define QUEUE_PART  5 /* of a second is what waits at most, before it is thrown away */

static int
send_message (int type, int flags, const struct tcmsg *info)
{
  VmhRtnlRequest request;

  vmh_rtnl_begin (&request, type, flags, info, sizeof *info);
  return vmh_rtnl_send (&request);
}

static int
add_bucket (int index, const VmhRate *rate)
{
  const struct tcmsg info = { .tcm_ifindex = index, .tcm_parent = TC_H_ROOT, .tcm_handle = HANDLE };
  const guint32 burst = (guint32)CLAMP (rate->burst, LEAST_BURST, G_MAXINT32);
  const struct tc_tbf_qopt options = {
    .rate = { .rate = (guint32)MIN (rate->rate, G_MAXUINT32),
              .linklayer = TC_LINKLAYER_ETHERNET }, /* then no table of times is wanted */
    .limit = (guint32)CLAMP (rate->rate / QUEUE_PART, LEAST_QUEUE, G_MAXINT32),
  };
  struct rtattr *nest;
  VmhRtnlRequest request;

  vmh_rtnl_begin (&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof info);
  vmh_rtnl_add (&request, TCA_KIND, "tbf", sizeof "tbf");
  nest = vmh_rtnl_add (&request, TCA_OPTIONS, NULL, 0);
  vmh_rtnl_add (&request, TCA_TBF_PARMS, &options, sizeof options);
  vmh_rtnl_add (&request, TCA_TBF_BURST, &burst, sizeof burst);
  if (rate->rate > G_MAXUINT32)
    vmh_rtnl_add (&request, TCA_TBF_RATE64, &rate->rate, sizeof rate->rate);
  vmh_rtnl_end_nest (&request, nest);
  return vmh_rtnl_send (&request);
}

/* That there is none is as good. */
static void
remove_queue (int index, guint32 parent, guint32 handle)
{
  const struct tcmsg info = { .tcm_ifindex = index, .tcm_parent = parent, .tcm_handle = handle };

  send_message (RTM_DELQDISC, 0, &info);
}

static gboolean
check (int code, const char *device, GError **error)
{
  if (code == ENOENT || code == EOPNOTSUPP)
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("This computer's kernel cannot limit what goes through a cable. Load its "
                    "modules “sch_tbf”, “ifb”, “cls_u32” and “act_mirred”, or take the card's "
                    "speed limits away."));
  else if (code != 0)
    g_set_error (error, INN_ERROR, INN_ERROR_IO, "%s: %s", device, g_strerror (code));
  return code == 0;
}

gboolean
vmh_shape_sends (const char *device, const VmhRate *rate, GError **error)
{
  const int index = (int)if_nametoindex (device);

  if (index == 0)
    return check (ENODEV, device, error);
  if (rate->rate > 0)
    return check (add_bucket (index, rate), device, error);
  remove_queue (index, TC_H_ROOT, HANDLE);
  return TRUE;
}

static int
add_ingress (int index)
{
  const struct tcmsg info = { .tcm_ifindex = index,
                              .tcm_parent = TC_H_INGRESS,
                              .tcm_handle = INGRESS };
  VmhRtnlRequest request;

  vmh_rtnl_begin (&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
  vmh_rtnl_add (&request, TCA_KIND, "ingress", sizeof "ingress");
  return vmh_rtnl_send (&request);
}

/* All that comes, whatever it is. */
static int
redirect (int index, int to)
{
  const struct tcmsg info = { .tcm_ifindex = index,
                              .tcm_parent = INGRESS,
                              .tcm_info = TC_H_MAKE (1u << 16, g_htons (ETH_P_ALL)) };
  const struct tc_mirred mirred = { .action = TC_ACT_STOLEN,
                                    .eaction = TCA_EGRESS_REDIR,
                                    .ifindex = (guint32)to };
  const struct tc_u32_sel head = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
  guint8 any[sizeof head + sizeof (struct tc_u32_key)] = { 0 }; /* one key, of no bits */
  struct rtattr *options, *actions, *first, *inner;
  VmhRtnlRequest request;

  memcpy (any, &head, sizeof head);
  vmh_rtnl_begin (&request, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
  vmh_rtnl_add (&request, TCA_KIND, "u32", sizeof "u32");
  options = vmh_rtnl_add (&request, TCA_OPTIONS, NULL, 0);
  vmh_rtnl_add (&request, TCA_U32_SEL, any, sizeof any);
  actions = vmh_rtnl_add (&request, TCA_U32_ACT, NULL, 0);
  first = vmh_rtnl_add (&request, 1, NULL, 0);
  vmh_rtnl_add (&request, TCA_ACT_KIND, "mirred", sizeof "mirred");
  inner = vmh_rtnl_add (&request, TCA_ACT_OPTIONS, NULL, 0);
  vmh_rtnl_add (&request, TCA_MIRRED_PARMS, &mirred, sizeof mirred);
  vmh_rtnl_end_nest (&request, inner);
  vmh_rtnl_end_nest (&request, first);
  vmh_rtnl_end_nest (&request, actions);
  vmh_rtnl_end_nest (&request, options);
  return vmh_rtnl_send (&request);
}

static gboolean
lead_through (int index, const char *detour, const VmhRate *rate, GError **error)
{
  int code = vmh_rtnl_add_ifb (detour);
  const int to = (int)if_nametoindex (detour);

  if (code == 0)
    code = to != 0 ? add_bucket (to, rate) : ENODEV;
  if (code == 0)
    code = add_ingress (index);
  if (code == 0)
    code = redirect (index, to);
  return check (code, detour, error);
}

gboolean
vmh_shape_receives (const char *device, const char *detour, const VmhRate *rate, GError **error)
{
  const int index = (int)if_nametoindex (device);

  if (index == 0)
    return check (ENODEV, device, error);
  /* What was there may be half of it. For this moment nothing is limited. */
  remove_queue (index, TC_H_INGRESS, INGRESS);
  if (rate->rate > 0 && lead_through (index, detour, rate, error))
    return TRUE;
  remove_queue (index, TC_H_INGRESS, INGRESS);
  if (if_nametoindex (detour) != 0)
    vmh_rtnl_remove (detour, NULL);
  return rate->rate == 0;
}
