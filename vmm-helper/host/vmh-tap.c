/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns /dev/net/tun, and the bridges whose names begin with PREFIX. */
#include "host/vmh-tap.h"

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

#define TAP_PREFIX "inntap"
#define PREFIX     "inn-"
#define DIGITS     11 /* with the prefix all that a device's name may have */
#define FOLDER     "/sys/class/net"
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

/* A bridge takes the lowest address on it for its own; the highest is none it would choose. */
static gboolean
read_address (const char *mac, guint8 *address)
{
  if (sscanf (mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &address[0], &address[1], &address[2],
              &address[3], &address[4], &address[5]) != 6)
    return FALSE;
  address[0] = 0xfe;
  return TRUE;
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
  if (!read_address (mac, link.address))
    memset (link.address, 0, sizeof link.address);
  if (!vmh_rtnl_set (&link, error))
    return -1;
  return vmh_steal_fd (&fd);
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

void
vmh_tap_sweep (void)
{
  g_autoptr (GDir) dir = g_dir_open (FOLDER, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autoptr (GError) error = NULL;

      if (is_ours (name) && is_empty (name) && !vmh_rtnl_remove (name, &error))
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
  guint8 address[6];
  g_autofree char *wanted = NULL;
  const char *name;

  if (!read_address (mac, address))
    return NULL;
  wanted = g_strdup_printf ("%02x:%02x:%02x:%02x:%02x:%02x\n", address[0], address[1], address[2],
                            address[3], address[4], address[5]);
  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (FOLDER, name, "address", NULL);
      g_autofree char *its = NULL;

      if (g_str_has_prefix (name, TAP_PREFIX) && g_file_get_contents (path, &its, NULL, NULL) &&
          g_str_equal (its, wanted))
        return g_strdup (name);
    }
  return NULL;
}

static char *
dup_bridge_of (const VmhCable *cable)
{
  return cable->isolated ? dup_bridge_name (cable->owner, cable->name) : g_strdup (cable->name);
}

static gboolean
move (const char *mac, const char *from, const VmhCable *to, GError **error)
{
  g_autofree char *tap = dup_tap_on (from, mac);
  g_autofree char *bridge = NULL;
  VmhRtnlLink link = { .name = tap };

  if (!tap)
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                           _ ("The cable of this network card is not where it was plugged in."));
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
