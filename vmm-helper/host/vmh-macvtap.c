/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the devices whose names begin with VMH_MACVTAP_PREFIX, and /dev/tapN of each. */
#include "host/vmh-macvtap.h"

#include "host/vmh-rtnl.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define FOLDER   "/sys/class/net"
#define ALIAS    "Innkeeper: a network card of machine "
#define NODE     "/dev/tap%u"            /* as the kernel and udev name it */
#define OUR_NODE "/dev/.innkeeper-tap%u" /* for a moment; /run is mounted without device nodes */
#define MOST     4096                    /* numbers in names that are tried */

guint32
vmh_macvtap_get_mode (const char *mode)
{
  static const struct
  {
    const char *word;
    guint32 number;
  } modes[] = { { "private", MACVLAN_MODE_PRIVATE },
                { "vepa", MACVLAN_MODE_VEPA },
                { "bridge", MACVLAN_MODE_BRIDGE },
                { "passthrough", MACVLAN_MODE_PASSTHRU } };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    if (g_strcmp0 (modes[i].word, mode) == 0)
      return modes[i].number;
  return 0;
}

char *
vmh_macvtap_dup_machine (const char *alias)
{
  g_autofree char *text = g_strchomp (g_strdup (alias ? alias : ""));
  const char *uuid = g_str_has_prefix (text, ALIAS) ? text + strlen (ALIAS) : "";

  return g_strdup (g_uuid_string_is_valid (uuid) ? uuid : "");
}

/* ---- what there is ---- */

static char *
read_line (const char *device, const char *what)
{
  g_autofree char *path = g_build_filename (FOLDER, device, what, NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  return g_strchomp (text);
}

char *
vmh_macvtap_dup_name (const char *device, const char *mac)
{
  g_autoptr (GDir) dir = g_dir_open (FOLDER, 0, NULL);
  guint lower = device ? if_nametoindex (device) : 0;
  const char *name;

  while (dir && lower > 0 && mac && (name = g_dir_read_name (dir)))
    {
      g_autofree char *address = NULL;
      g_autofree char *link = NULL;

      if (!g_str_has_prefix (name, VMH_MACVTAP_PREFIX))
        continue;
      address = read_line (name, "address");
      link = read_line (name, "iflink");
      if (g_ascii_strcasecmp (address, mac) == 0 && g_ascii_strtoull (link, NULL, 10) == lower)
        return g_strdup (name);
    }
  return NULL;
}

static gboolean
has (const char *classes, const char *device, const char *what)
{
  g_autofree char *path = g_build_filename (classes, device, what, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

gboolean
vmh_macvtap_check (const char *classes, const char *device, GError **error)
{
  g_autofree char *path = g_build_filename (classes, device, "type", NULL);
  g_autofree char *type = NULL;
  gboolean name = *device && *device != '.' && !strchr (device, '/') && strlen (device) < IFNAMSIZ;

  /* Ours lead to other machines: their owners were not asked. */
  if (!name || g_str_has_prefix (device, "inn") || !g_file_get_contents (path, &type, NULL, NULL))
    g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                 _ ("This computer has no network card “%s”. Connect the machine's network card to "
                    "another one, or to the internet through this computer."),
                 device);
  else if (has (classes, device, "phy80211") || has (classes, device, "wireless"))
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("“%s” is Wi-Fi, which carries no other computer's frames than this one's. "
                    "Connect the machine's network card to a card with a cable, or to the internet "
                    "through this computer."),
                 device);
  else if (g_ascii_strtoull (type, NULL, 10) != ARPHRD_ETHER)
    g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                 _ ("“%s” is no Ethernet card. Connect the machine's network card to another one, "
                    "or to the internet through this computer."),
                 device);
  else
    return TRUE;
  return FALSE;
}

/* ---- a new one ---- */

static gboolean
refuse (int code, const VmhMacvtap *card, GError **error)
{
  if (code == EOPNOTSUPP || code == ENOENT)
    g_set_error_literal (
        error, INN_ERROR, INN_ERROR_UNSUPPORTED,
        _ ("This computer's kernel cannot let a machine share its network card. Load the kernel's "
           "module “macvtap”, or connect the card to a bridge or to the internet through this "
           "computer."));
  else if (code == EADDRINUSE)
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 _ ("Another card on “%s” has the address %s. Give this one another address."),
                 card->device, card->mac);
  else if (code == EBUSY || code == EINVAL)
    g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
                 _ ("“%s” is taken: it is part of a bridge, or a machine has it for itself, or "
                    "others share it already. Connect the machine's network card to that bridge, "
                    "or to another card."),
                 card->device);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_IO, "%s: %s", card->device, g_strerror (code));
  return FALSE;
}

/* The address comes after it was made: with “passthrough” it is the device's own until then. */
static gboolean
make (const VmhMacvtap *card, char name[IFNAMSIZ], GError **error)
{
  g_autofree char *alias = g_strconcat (ALIAS, card->machine, NULL);
  VmhRtnlMacvtap link = { .mode = vmh_macvtap_get_mode (card->mode),
                          .device = if_nametoindex (card->device),
                          .alias = alias };
  int code = EEXIST;

  if (link.device == 0)
    return refuse (ENODEV, card, error);
  if (link.mode == 0 ||
      sscanf (card->mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &link.address[0], &link.address[1],
              &link.address[2], &link.address[3], &link.address[4], &link.address[5]) != 6)
    return refuse (EINVAL, card, error);
  for (guint i = 0; code == EEXIST && i < MOST; i++)
    {
      g_snprintf (name, IFNAMSIZ, VMH_MACVTAP_PREFIX "%u", i);
      link.name = name;
      code = if_nametoindex (name) != 0 ? EEXIST : vmh_rtnl_add_macvtap (&link);
    }
  return code == 0 || refuse (code, card, error);
}

static gboolean
is_node (int fd, dev_t number)
{
  struct stat facts;

  return fstat (fd, &facts) == 0 && S_ISCHR (facts.st_mode) && facts.st_rdev == number;
}

/* Where nothing makes nodes, or another device of that number was here before. */
static int
open_own_node (guint index, dev_t number)
{
  g_autofree char *path = g_strdup_printf (OUR_NODE, index);
  int fd = -1;

  unlink (path);
  if (mknod (path, S_IFCHR | 0600, number) == 0)
    {
      fd = open (path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
      unlink (path);
    }
  return fd;
}

static int
open_node (const char *name)
{
  guint index = if_nametoindex (name), major, minor;
  g_autofree char *place = g_strdup_printf ("tap%u/dev", index);
  g_autofree char *numbers = read_line (name, place);
  g_autofree char *path = g_strdup_printf (NODE, index);
  struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
  VMH_AUTOFD fd = -1;

  if (sscanf (numbers, "%u:%u", &major, &minor) != 2)
    return -1;
  fd = open (path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0 || !is_node (fd, makedev (major, minor)))
    {
      vmh_clear_fd (&fd);
      fd = open_own_node (index, makedev (major, minor));
    }
  if (fd < 0 || !is_node (fd, makedev (major, minor)) || ioctl (fd, TUNSETIFF, &request) < 0)
    return -1;
  return vmh_steal_fd (&fd);
}

/* Of a start, or a plug, that was cut off. Another machine's stays. */
static void
remove_leftover (const VmhMacvtap *card)
{
  g_autofree char *name = vmh_macvtap_dup_name (card->device, card->mac);
  g_autofree char *alias = name ? read_line (name, "ifalias") : NULL;
  g_autofree char *machine = vmh_macvtap_dup_machine (alias);

  if (name && (*machine == '\0' || g_str_equal (machine, card->machine)))
    vmh_rtnl_remove (name, NULL);
}

int
vmh_macvtap_open (const VmhMacvtap *card, GError **error)
{
  char name[IFNAMSIZ];
  int fd;

  if (!vmh_macvtap_check (FOLDER, card->device, error))
    return -1;
  remove_leftover (card);
  if (!make (card, name, error))
    return -1;
  fd = open_node (name);
  if (fd < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO,
                   _ ("The device of the network card on “%s” cannot be opened: %s."), card->device,
                   g_strerror (errno));
      vmh_rtnl_remove (name, NULL);
    }
  return fd;
}

/* ---- the end of one ---- */

static void
remove_name (const char *name)
{
  g_autoptr (GError) error = NULL;

  if (!vmh_rtnl_remove (name, &error))
    g_warning ("%s", error->message);
}

void
vmh_macvtap_remove (const char *device, const char *mac)
{
  g_autofree char *name = vmh_macvtap_dup_name (device, mac);

  if (name)
    remove_name (name);
}

void
vmh_macvtap_sweep (gboolean (*is_wanted) (const char *machine, const char *mac, gpointer data),
                   gpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (FOLDER, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *alias = NULL;
      g_autofree char *machine = NULL;
      g_autofree char *mac = NULL;

      if (!g_str_has_prefix (name, VMH_MACVTAP_PREFIX))
        continue;
      alias = read_line (name, "ifalias");
      machine = vmh_macvtap_dup_machine (alias);
      mac = read_line (name, "address");
      if (!is_wanted (machine, mac, data))
        remove_name (name);
    }
}
