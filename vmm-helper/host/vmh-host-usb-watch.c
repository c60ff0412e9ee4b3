/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how we hear of USB devices that come and go: the kernel makes and removes their nodes below
 * /dev/bus/usb, with udevd and without, and udevd changes whose they are. That something has
 * happened is all that is taken from it; what, sysfs tells. */
#include "vmh-host-usb.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include "core/vmh-limits.h"
#include "host/vmh-host-ids.h"
#include "qemu/vmh-fd.h"

#define COMES_OR_GOES (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR)

static int watch_fd = -1;
static guint watch_source, later_source;
static void (*watch_func) (void);

static gboolean
watch (const char *path, guint32 mask)
{
  return inotify_add_watch (watch_fd, path, mask) >= 0;
}

/* Where there is no bus yet: the folder in which it will be. Watching one twice is once. */
static void
add_watches (void)
{
  g_autofree char *buses = vmh_ids_dup_path ("/dev/bus/usb");
  g_autofree char *above = g_path_get_dirname (buses);
  g_autofree char *top = g_path_get_dirname (above);
  g_autoptr (GDir) folder = NULL;
  const char *name;

  if (!watch (buses, COMES_OR_GOES) && !watch (above, COMES_OR_GOES))
    watch (top, COMES_OR_GOES);
  folder = g_dir_open (buses, 0, NULL);
  for (guint i = 0; folder && i < VMH_MAX_USB_BUSES && (name = g_dir_read_name (folder)); i++)
    {
      g_autofree char *path = g_build_filename (buses, name, NULL);

      watch (path, COMES_OR_GOES | IN_ATTRIB);
    }
}

static gboolean
on_later (gpointer data)
{
  later_source = 0;
  if (!watch_func)
    return G_SOURCE_REMOVE;
  add_watches ();
  watch_func ();
  return G_SOURCE_REMOVE;
}

static gboolean
on_event (int fd, GIOCondition condition, gpointer data)
{
  char events[4096] G_GNUC_UNUSED;

  while (read (fd, events, sizeof events) > 0)
    ;
  if (later_source == 0)
    later_source = g_timeout_add (VMH_REPLUG_MS, on_later, NULL);
  return G_SOURCE_CONTINUE;
}

void
vmh_usb_watch (void (*func) (void))
{
  watch_func = func;
  if (!func)
    {
      g_clear_handle_id (&watch_source, g_source_remove);
      g_clear_handle_id (&later_source, g_source_remove);
      vmh_clear_fd (&watch_fd);
    }
  else if (watch_fd < 0)
    {
      watch_fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
      if (watch_fd < 0)
        {
          g_warning ("inotify: %s", g_strerror (errno));
          return;
        }
      watch_source = g_unix_fd_add (watch_fd, G_IO_IN, on_event, NULL);
      add_watches ();
    }
}
