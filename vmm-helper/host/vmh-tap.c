/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns /dev/net/tun, and the bridges whose names begin with PREFIX. */
#include "host/vmh-tap.h"

#include "host/vmh-macvtap.h"
#include "host/vmh-rtnl.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#define PREFIX     "inn-"
#define TAP_PREFIX "inntap"
#define DIGITS     11 /* with the prefix all that a device's name may have */
#define FOLDER     "/sys/class/net"

/* A cable's name, and that of its way round, which has the cable's number: see vmh-shape.h. */
static const struct
{
  const char *cable, *detour;
} prefixes[] = { { TAP_PREFIX, "innifb" }, { VMH_MACVTAP_PREFIX, "innmfb" } };

G_STATIC_ASSERT (sizeof PREFIX - 1 + DIGITS == IFNAMSIZ - 1);

static gboolean
is_bridge (const char *name)
{
  g_autofree char *path = g_build_filename (FOLDER, name, "bridge", NULL);

  return *name && *name != '.' && !strchr (name, '/') && strlen (name) < IFNAMSIZ &&
         g_file_test (path, G_FILE_TEST_IS_DIR);
}

static guint
get_mtu (const char *device)
{
  g_autofree char *path = g_build_filename (FOLDER, device, "mtu", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? (guint)g_ascii_strtoull (text, NULL, 10)
                                                       : 1500;
}

static int
open_tun (char *name, GError **error)
{
  struct ifreq request = { .ifr_name = TAP_PREFIX "%d",
                           .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
  VMH_AUTOFD fd = open ("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0 || ioctl (fd, TUNSETIFF, &request) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                   _ ("This computer cannot make a cable for a network card (/dev/net/tun: %s). "
                      "Load the kernel's module “tun”, or connect the card to the internet "
                      "through this computer."),
                   g_strerror (errno));
      return -1;
    }
  memcpy (name, request.ifr_name, IFNAMSIZ);
  return vmh_steal_fd (&fd);
}

static gboolean
check_bridge (const char *bridge, GError **error)
{
  if (is_bridge (bridge))
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
               _ ("This computer has no bridge “%s”. Make it first, or connect the machine's "
                  "network card to another one, or to the internet through this computer."),
               bridge);
  return FALSE;
}

int
vmh_tap_open (const char *bridge, const char *mac, GError **error)
{
  VmhRtnlLink link = { 0 };
  char name[IFNAMSIZ];
  VMH_AUTOFD fd = -1;

  if (!check_bridge (bridge, error))
    return -1;
  fd = open_tun (name, error);
  if (fd < 0)
    return -1;
  link.name = name;
  link.master = bridge;
  link.mtu = get_mtu (bridge);
  /* A bridge takes the lowest address on it for its own; the highest is none it would choose. */
  if (sscanf (mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &link.address[0], &link.address[1],
              &link.address[2], &link.address[3], &link.address[4], &link.address[5]) == 6)
    link.address[0] = 0xfe;
  if (!vmh_rtnl_set (&link, error))
    return -1;
  return vmh_steal_fd (&fd);
}

static gboolean
read_count (const char *device, const char *what, guint64 *out_count)
{
  g_autofree char *path = g_build_filename (FOLDER, device, "statistics", what, NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  *out_count = g_ascii_strtoull (text, NULL, 10);
  return TRUE;
}

/* A tap's address is the card's but for the first byte. */
static gboolean
is_tap_of (const char *device, const char *mac)
{
  g_autofree char *path = g_build_filename (FOLDER, device, "address", NULL);
  g_autofree char *address = NULL;

  return g_str_has_prefix (device, TAP_PREFIX) && strlen (mac) > 2 &&
         g_file_get_contents (path, &address, NULL, NULL) && g_str_has_prefix (address, "fe:") &&
         g_ascii_strcasecmp (g_strchomp (address) + 2, mac + 2) == 0;
}

/* A macvtap's is the very same. */
static gboolean
is_macvtap_of (const char *device, const char *mac)
{
  g_autofree char *path = g_build_filename (FOLDER, device, "address", NULL);
  g_autofree char *address = NULL;

  return g_str_has_prefix (device, VMH_MACVTAP_PREFIX) &&
         g_file_get_contents (path, &address, NULL, NULL) &&
         g_ascii_strcasecmp (g_strchomp (address), mac) == 0;
}

gboolean
vmh_tap_count (const char *mac, guint64 *out_received, guint64 *out_sent)
{
  g_autoptr (GDir) dir = g_dir_open (FOLDER, 0, NULL);
  g_autofree char *found = NULL;
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (is_tap_of (name, mac) || is_macvtap_of (name, mac))
      {
        if (found) /* two machines have one address: whose it is cannot be told */
          return FALSE;
        found = g_strdup (name);
      }
  /* At its end of a cable this host gets what the guest sends; a macvtap is the guest's own end. */
  if (found && g_str_has_prefix (found, VMH_MACVTAP_PREFIX))
    return read_count (found, "tx_bytes", out_received) && read_count (found, "rx_bytes", out_sent);
  return found && read_count (found, "rx_bytes", out_received) &&
         read_count (found, "tx_bytes", out_sent);
}

/* ---- networks between machines ---- */

/* A user's networks are its own: another user's of the same name is another one. */
static char *
dup_bridge_name (uid_t owner, const char *network)
{
  g_autofree char *text = g_strdup_printf ("%u %s", (guint)owner, network);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  return g_strdup_printf (PREFIX "%.*s", DIGITS, sum);
}

/* NULL and an error where it is not there and cannot be made. */
static char *
make_bridge (uid_t owner, const char *network, GError **error)
{
  g_autofree char *bridge = dup_bridge_name (owner, network);
  g_autofree char *alias =
      g_strdup_printf ("Innkeeper: the network “%s” of user %u", network, (guint)owner);

  if (!is_bridge (bridge) && !vmh_rtnl_add_bridge (bridge, alias, error))
    return NULL;
  return g_steal_pointer (&bridge);
}

int
vmh_tap_open_isolated (uid_t owner, const char *network, const char *mac, GError **error)
{
  g_autofree char *bridge = make_bridge (owner, network, error);
  int fd = bridge ? vmh_tap_open (bridge, mac, error) : -1;

  if (bridge && fd < 0)
    vmh_tap_sweep ();
  return fd;
}

static gboolean
is_empty (const char *bridge)
{
  g_autofree char *path = g_build_filename (FOLDER, bridge, "brif", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);

  return dir && !g_dir_read_name (dir);
}

static gboolean
is_ours (const char *name)
{
  return g_str_has_prefix (name, PREFIX) && strlen (name) == IFNAMSIZ - 1 &&
         strspn (name + strlen (PREFIX), "0123456789abcdef") == DIGITS && is_bridge (name);
}

/* The way round of a cable that is gone. */
static gboolean
leads_nowhere (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (name, prefixes[i].detour))
      {
        g_autofree char *cable =
            g_strconcat (prefixes[i].cable, name + strlen (prefixes[i].detour), NULL);

        return if_nametoindex (cable) == 0;
      }
  return FALSE;
}

static char *
dup_detour (const char *cable)
{
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (cable, prefixes[i].cable))
      return g_strconcat (prefixes[i].detour, cable + strlen (prefixes[i].cable), NULL);
  g_return_val_if_reached (NULL);
}

void
vmh_tap_sweep (void)
{
  g_autoptr (GDir) dir = g_dir_open (FOLDER, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autoptr (GError) error = NULL;

      if (((is_ours (name) && is_empty (name)) || leads_nowhere (name)) &&
          !vmh_rtnl_remove (name, &error))
        g_warning ("%s", error->message);
    }
}

/* ---- to another place ---- */

/* The tap on @bridge whose card has the address, or NULL. */
static char *
dup_tap_on (const char *bridge, const char *mac)
{
  g_autofree char *folder = g_build_filename (FOLDER, bridge, "brif", NULL);
  g_autoptr (GDir) dir = is_bridge (bridge) ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (is_tap_of (name, mac))
      return g_strdup (name);
  return NULL;
}

static char *
dup_bridge_of (const VmhCable *cable)
{
  return cable->isolated ? dup_bridge_name (cable->owner, cable->name) : g_strdup (cable->name);
}

static void
set_no_cable (GError **error)
{
  g_set_error_literal (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                       _ ("The cable of this network card is not where it was plugged in."));
}

gboolean
vmh_tap_limit (const char *mac,
               const VmhCable *at,
               const VmhRate *to_guest,
               const VmhRate *from_guest,
               GError **error)
{
  g_autofree char *bridge = at->direct ? NULL : dup_bridge_of (at);
  g_autofree char *cable =
      at->direct ? vmh_macvtap_dup_name (at->name, mac) : dup_tap_on (bridge, mac);
  g_autofree char *detour = NULL;

  if (!cable)
    {
      set_no_cable (error);
      return FALSE;
    }
  detour = dup_detour (cable);
  return vmh_shape_receives (cable, detour, at->direct ? to_guest : from_guest, error) &&
         vmh_shape_sends (cable, at->direct ? from_guest : to_guest, error);
}

static gboolean
move (const char *mac, const char *from, const VmhCable *to, GError **error)
{
  g_autofree char *tap = dup_tap_on (from, mac);
  g_autofree char *bridge = NULL;
  VmhRtnlLink link = { .name = tap };

  if (!tap)
    {
      set_no_cable (error);
      return FALSE;
    }
  bridge = to->isolated ? make_bridge (to->owner, to->name, error) : g_strdup (to->name);
  if (!bridge || !check_bridge (bridge, error))
    return FALSE;
  link.master = bridge;
  link.mtu = get_mtu (bridge);
  return vmh_rtnl_set (&link, error);
}

gboolean
vmh_tap_move (const char *mac, const VmhCable *from, const VmhCable *to, GError **error)
{
  g_autofree char *there = dup_bridge_of (to);
  g_autofree char *here = dup_bridge_of (from);
  g_autofree char *moved = dup_tap_on (there, mac);
  gboolean good = moved || move (mac, here, to, error);

  vmh_tap_sweep ();
  return good;
}
