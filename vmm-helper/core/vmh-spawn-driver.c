/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* In a child of the spawn server: a PCI device gets another driver, by sysfs alone. A driver may
 * take its time to let go of a device, and cannot be interrupted in that. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "vmh-spawn-wire.h"

#define LOOKS   100 /* for the driver to be there, */
#define LOOK_US 20000

static int
write_to (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  int code;

  if (fd < 0)
    return errno;
  code = write (fd, text, strlen (text)) < 0 ? errno : 0;
  close (fd);
  return code;
}

static int
write_below (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return write_to (path, text);
}

/* "": none. */
static char *
dup_driver (const char *device)
{
  g_autofree char *path = g_build_filename (device, "driver", NULL);
  g_autofree char *target = g_file_read_link (path, NULL);

  return target ? g_path_get_basename (target) : g_strdup ("");
}

static gboolean
has_driver (const char *device, const char *driver, guint looks)
{
  for (;;)
    {
      g_autofree char *now = dup_driver (device);

      if (g_str_equal (now, driver))
        return TRUE;
      if (looks-- <= 1)
        return FALSE;
      g_usleep (LOOK_US);
    }
}

static int
let_go (const char *device, const char *address)
{
  g_autofree char *now = dup_driver (device);
  int code = *now ? write_below (device, "driver/unbind", address) : 0;

  return code == ENOENT ? 0 : code; /* it has gone by itself */
}

/* By the kernel's own choice, and where that is another one, by its name. */
static int
give_back (const char *bus, const char *device, const char *address, const char *driver)
{
  int code = write_below (device, "driver_override", "\n");
  g_autofree char *bind = g_build_filename ("drivers", driver, "bind", NULL);

  if (code == 0 && !has_driver (device, driver, 1))
    code = let_go (device, address);
  if (code != 0 || !*driver || has_driver (device, driver, 1))
    return code;
  write_below (bus, "drivers_probe", address);
  if (has_driver (device, driver, 5))
    return 0;
  code = write_below (bus, bind, address);
  return code != 0 || has_driver (device, driver, LOOKS) ? code : ENODEV;
}

static int
take (const char *bus, const char *device, const char *address, const char *driver)
{
  g_autofree char *before = dup_driver (device);
  int code;

  if (g_str_equal (before, driver))
    return 0;
  code = write_below (device, "driver_override", driver);
  if (code == 0)
    code = let_go (device, address);
  if (code == 0)
    code = write_below (bus, "drivers_probe", address);
  if (code == 0 && !has_driver (device, driver, LOOKS))
    code = ENODEV;
  if (code != 0)
    give_back (bus, device, address, before);
  return code;
}

/* The lock is for the helper after one that was killed: its errand waits for the one that is under
 * way, and one that comes too late does nothing. */
static int
lock (int channel, const char *device)
{
  g_autofree char *path = g_build_filename (device, "driver_override", NULL);
  struct pollfd helper = { .fd = channel, .events = POLLRDHUP };
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd < 0 || flock (fd, LOCK_EX) < 0)
    return errno;
  return poll (&helper, 1, 0) > 0 && (helper.revents & (POLLHUP | POLLRDHUP)) != 0 ? ECANCELED : 0;
}

int
vmh_spawn_set_driver (int channel, char **texts, guint n_texts)
{
  g_autofree char *device = NULL;
  int code;

  if (n_texts != 4)
    return EINVAL;
  device = g_build_filename (texts[0], "devices", texts[1], NULL);
  code = lock (channel, device);
  if (code != 0)
    return code;
  return *texts[3] ? take (texts[0], device, texts[1], texts[2])
                   : give_back (texts[0], device, texts[1], texts[2]);
}
