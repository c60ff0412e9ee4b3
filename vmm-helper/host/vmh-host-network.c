/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How passt is called on this host: the one place that knows its options. */
#include "vmh-host-private.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PASST       "/usr/bin/passt"
#define MAX_SERVERS 3 /* as many as a resolver asks */

/* Lists of name servers: what programs here use, and what stands behind it where that is a program
 * of the host's own. */
static const char *const resolvers[] = {
  "/etc/resolv.conf",
  "/run/systemd/resolve/resolv.conf",
  "/run/NetworkManager/no-stub-resolv.conf",
};

/* Name servers in @path that a guest can reach: not on this host's loopback, nor on one link only.
 */
static char **
read_servers (VmhHost *host, const char *path)
{
  g_autofree char *text = vmh_host_read (host, path);
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);
  g_autoptr (GStrvBuilder) servers = g_strv_builder_new ();
  guint n = 0;

  for (char **line = lines; *line && n < MAX_SERVERS; line++)
    {
      g_auto (GStrv) words = g_strsplit_set (g_strstrip (*line), " \t", 2);
      g_autoptr (GInetAddress) address = NULL;

      if (g_strcmp0 (words[0], "nameserver") != 0 || !words[1])
        continue;
      address = g_inet_address_new_from_string (g_strstrip (words[1]));
      if (!address || g_inet_address_get_is_loopback (address) ||
          g_inet_address_get_is_any (address) || g_inet_address_get_is_link_local (address))
        continue;
      g_strv_builder_add (servers, words[1]);
      n++;
    }
  return g_strv_builder_end (servers);
}

/* passt reads /etc/resolv.conf itself, but gives the guest no server on the host's loopback. */
static void
add_servers (VmhHost *host, GStrvBuilder *command)
{
  for (guint i = 0; i < G_N_ELEMENTS (resolvers); i++)
    {
      g_auto (GStrv) servers = read_servers (host, resolvers[i]);

      for (char **server = servers; *server && i > 0; server++)
        g_strv_builder_add_many (command, "--dns", *server, NULL);
      if (*servers)
        return;
    }
}

/* A line of /proc/net/route: interface, destination, gateway, flags, …, mask in the eighth place.
 */
static gboolean
has_ipv4_route (VmhHost *host)
{
  g_autofree char *text = vmh_host_read (host, "/proc/net/route");
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);

  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) words = g_strsplit (*line, "\t", -1);

      if (g_strv_length (words) > 7 && g_str_equal (words[1], "00000000") &&
          g_str_equal (words[7], "00000000"))
        return TRUE;
    }
  return FALSE;
}

/* A line of /proc/net/ipv6_route: destination, its length, …, interface in the last place. */
static gboolean
has_ipv6_route (VmhHost *host)
{
  static const char anywhere[] = "00000000000000000000000000000000 00 ";
  g_autofree char *text = vmh_host_read (host, "/proc/net/ipv6_route");
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);

  for (char **line = lines; *line; line++)
    if (g_str_has_prefix (*line, anywhere) && !g_str_has_suffix (g_strchomp (*line), " lo"))
      return TRUE;
  return FALSE;
}

/* passt wants a way out when it begins. Without one it may go on, for one that comes later. */
static void
add_families (VmhHost *host, GStrvBuilder *command)
{
  gboolean ipv4 = has_ipv4_route (host), ipv6 = has_ipv6_route (host);

  if (!ipv6)
    g_strv_builder_add (command, "--ipv4-only");
  else if (!ipv4)
    g_strv_builder_add (command, "--ipv6-only");
  if (!ipv4 && !ipv6)
    g_strv_builder_add_many (command, "--interface", "lo", NULL);
}

char **
vmh_host_dup_passt (VmhHost *host)
{
  g_autofree char *path = vmh_host_path (host, PASST);
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();

  if (access (path, X_OK) != 0)
    return NULL;
  /* The addresses are those of QEMU's own user-mode network, so that a guest finds what it knows,
   * and this host's own are not hidden from it. Nothing leads in, and the gateway's address does
   * not mean this host. */
  g_strv_builder_add_many (command, PASST, "--foreground", "--quiet", "--fd", "3", "--no-map-gw",
                           "--tcp-ports", "none", "--udp-ports", "none", "--address", "10.0.2.15",
                           "--netmask", "24", "--gateway", "10.0.2.2", "--mac-addr",
                           "52:55:0a:00:02:02", NULL);
  add_families (host, command);
  add_servers (host, command);
  return g_strv_builder_end (command);
}
