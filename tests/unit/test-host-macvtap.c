/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Cards on a card of this host: what the kernel is asked, and what is refused before it is asked.
 * What the kernel makes of it is in tests/systemd. */
#include "host/vmh-macvtap.h"
#include "host/vmh-rtnl-private.h"
#include "shared/inn-errors.h"

#include <glib/gstdio.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>

static const VmhRtnlMacvtap sample = { .name = "innmvt7",
                                       .device = 42,
                                       .mode = MACVLAN_MODE_BRIDGE,
                                       .address = { 0x52, 0x54, 0, 0xab, 0xcd, 0xef },
                                       .alias = "Innkeeper: an alias" };

/* The attribute @type among @length bytes at @first, its length in @out_length; NULL. */
static const void *
find (const struct rtattr *first, gsize length, int type, gsize *out_length)
{
  int left = (int)length;

  for (const struct rtattr *it = first; RTA_OK (it, left); it = RTA_NEXT (it, left))
    if (it->rta_type == type)
      {
        *out_length = RTA_PAYLOAD (it);
        return RTA_DATA (it);
      }
  return NULL;
}

static const void *
find_first (const VmhRtnlRequest *request, int type, gsize *out_length)
{
  const struct rtattr *first =
      (const void *)((const char *)request + NLMSG_SPACE (sizeof (struct ifinfomsg)));

  return find (first, request->header.nlmsg_len - NLMSG_SPACE (sizeof (struct ifinfomsg)), type,
               out_length);
}

static const struct ifinfomsg *
get_info (const VmhRtnlRequest *request)
{
  return NLMSG_DATA (&request->header);
}

/* It is made switched off, of the right kind, on the device, and never over another one. */
static void
test_make (void)
{
  VmhRtnlRequest request;
  VmhRtnlMacvtap passed = sample;
  gsize length = 0, inner = 0;
  const void *nest, *data;

  vmh_rtnl_macvtap_make (&request, &sample);
  g_assert_cmpint (request.header.nlmsg_type, ==, RTM_NEWLINK);
  g_assert_cmphex (request.header.nlmsg_flags, ==,
                   NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
  g_assert_cmphex (get_info (&request)->ifi_flags, ==, 0);
  data = find_first (&request, IFLA_IFNAME, &length);
  g_assert_cmpmem (data, length, "innmvt7", sizeof "innmvt7");
  data = find_first (&request, IFLA_LINK, &length);
  g_assert_cmpmem (data, length, &sample.device, sizeof sample.device);
  nest = find_first (&request, IFLA_LINKINFO, &length);
  g_assert_nonnull (nest);
  data = find (nest, length, IFLA_INFO_KIND, &inner);
  g_assert_cmpmem (data, inner, "macvtap", strlen ("macvtap"));
  nest = find (nest, length, IFLA_INFO_DATA, &length);
  g_assert_nonnull (nest);
  data = find (nest, length, IFLA_MACVLAN_MODE, &inner);
  g_assert_cmpmem (data, inner, &sample.mode, sizeof sample.mode);
  data = find_first (&request, IFLA_ADDRESS, &length);
  g_assert_cmpmem (data, length, sample.address, sizeof sample.address);
  /* It would be taken for the one below, where that is passed through. */
  passed.mode = MACVLAN_MODE_PASSTHRU;
  vmh_rtnl_macvtap_make (&request, &passed);
  g_assert_null (find_first (&request, IFLA_ADDRESS, &length));
}

/* Then it gets the guest's address and its alias, and is switched on; nothing new is made. */
static void
test_begin (void)
{
  VmhRtnlRequest request;
  gsize length = 0;
  const void *data;

  vmh_rtnl_macvtap_begin (&request, &sample);
  g_assert_cmpint (request.header.nlmsg_type, ==, RTM_NEWLINK);
  g_assert_cmphex (request.header.nlmsg_flags, ==, NLM_F_REQUEST | NLM_F_ACK);
  g_assert_cmphex (get_info (&request)->ifi_flags, ==, IFF_UP);
  g_assert_cmphex (get_info (&request)->ifi_change, ==, IFF_UP);
  data = find_first (&request, IFLA_ADDRESS, &length);
  g_assert_cmpmem (data, length, sample.address, sizeof sample.address);
  data = find_first (&request, IFLA_IFALIAS, &length);
  g_assert_cmpmem (data, length, sample.alias, strlen (sample.alias));
}

static void
test_modes (void)
{
  g_assert_cmpuint (vmh_macvtap_get_mode ("private"), ==, MACVLAN_MODE_PRIVATE);
  g_assert_cmpuint (vmh_macvtap_get_mode ("vepa"), ==, MACVLAN_MODE_VEPA);
  g_assert_cmpuint (vmh_macvtap_get_mode ("bridge"), ==, MACVLAN_MODE_BRIDGE);
  g_assert_cmpuint (vmh_macvtap_get_mode ("passthrough"), ==, MACVLAN_MODE_PASSTHRU);
  g_assert_cmpuint (vmh_macvtap_get_mode ("source"), ==, 0);
  g_assert_cmpuint (vmh_macvtap_get_mode (""), ==, 0);
  g_assert_cmpuint (vmh_macvtap_get_mode (NULL), ==, 0);
}

/* Whose it is stands in its alias; anything else is nobody's, and goes. */
static void
test_owner (void)
{
  static const char *const aliases[][2] = {
    { "Innkeeper: a network card of machine 6d0b6f62-61c5-4f3c-8f0e-8f7e3a1b0c03\n",
      "6d0b6f62-61c5-4f3c-8f0e-8f7e3a1b0c03" },
    { "Innkeeper: a network card of machine 6d0b6f62-61c5-4f3c-8f0e-8f7e3a1b0c03 more", "" },
    { "Innkeeper: a network card of machine ../..", "" },
    { "6d0b6f62-61c5-4f3c-8f0e-8f7e3a1b0c03", "" },
    { "", "" },
    { NULL, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (aliases); i++)
    {
      g_autofree char *machine = vmh_macvtap_dup_machine (aliases[i][0]);

      g_assert_cmpstr (machine, ==, aliases[i][1]);
    }
}

static void
add_device (const char *classes, const char *name, const char *type, const char *folder)
{
  g_autofree char *device = g_build_filename (classes, name, folder, NULL);
  g_autofree char *file = g_build_filename (classes, name, "type", NULL);

  g_assert_cmpint (g_mkdir_with_parents (device, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, type, -1, NULL));
}

static void
assert_refused (const char *classes, const char *device, int code, const char *sentence)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (vmh_macvtap_check (classes, device, &error));
  g_assert_error (error, INN_ERROR, code);
  g_assert_nonnull (strstr (error->message, sentence));
  g_assert_nonnull (strstr (error->message, "Connect the machine's network card to")); /* remedy */
}

/* What is no Ethernet card of this computer, or cannot be shared, is refused by a sentence. */
static void
test_check (void)
{
  g_autofree char *classes = g_dir_make_tmp ("inn-net-XXXXXX", NULL);
  const char *argv[] = { "rm", "-r", "--", classes, NULL };
  static const char *const none[] = { "eth7",    "",       ".",         "..",
                                      "../eth0", "eth0/",  "a/../eth0", "inn-0123456789a",
                                      "inntap0", "innmvt0" };
  g_autoptr (GError) error = NULL;

  add_device (classes, "eth0", "1\n", NULL);
  add_device (classes, "wlan0", "1\n", "phy80211");
  add_device (classes, "wlan1", "1\n", "wireless");
  add_device (classes, "lo", "772\n", NULL);
  add_device (classes, "inntap0", "1\n", NULL);
  add_device (classes, "innmvt0", "1\n", NULL);
  g_assert_true (vmh_macvtap_check (classes, "eth0", &error));
  g_assert_no_error (error);
  assert_refused (classes, "wlan0", INN_ERROR_UNSUPPORTED, "“wlan0” is Wi-Fi");
  assert_refused (classes, "wlan1", INN_ERROR_UNSUPPORTED, "“wlan1” is Wi-Fi");
  assert_refused (classes, "lo", INN_ERROR_UNSUPPORTED, "“lo” is no Ethernet card");
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    assert_refused (classes, none[i], INN_ERROR_NOT_FOUND, "no network card");
  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

/* Nothing is left behind, and it is said why, where it cannot be. */
static void
test_refused (void)
{
  const VmhMacvtap card = { .machine = "6d0b6f62-61c5-4f3c-8f0e-8f7e3a1b0c03",
                            .device = "inn-no-such",
                            .mode = "bridge",
                            .mac = "52:54:00:ab:cd:ef" };
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (vmh_macvtap_open (&card, &error), ==, -1);
  g_assert_error (error, INN_ERROR, INN_ERROR_NOT_FOUND);
  g_assert_null (vmh_macvtap_dup_name ("inn-no-such", card.mac));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-macvtap/make", test_make);
  g_test_add_func ("/host-macvtap/begin", test_begin);
  g_test_add_func ("/host-macvtap/modes", test_modes);
  g_test_add_func ("/host-macvtap/owner", test_owner);
  g_test_add_func ("/host-macvtap/check", test_check);
  g_test_add_func ("/host-macvtap/refused", test_refused);
  return g_test_run ();
}
