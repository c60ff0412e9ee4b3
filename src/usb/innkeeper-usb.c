/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* innkeeper-usb BUS DEVICE: hands the USB device with these numbers on to a guest, which is at the
 * other end of the socket 3, by usbredir's protocol. Ends with that, with the device, or when its
 * standard input does: who has started it has gone then.
 *
 * A program of its own, for what comes is the guest's: whatever that does to the library that reads
 * it, the window lives. Ends with one of InnUsbEnd. */
#include "usb/inn-usb-end.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <usbredirhost.h>

#define SOCKET   3
#define MAX_FDS  32 /* of libusb: a few timers and one for each device */
#define POLL_OWN 2

static libusb_context *context;
static bool pulled_out;

static int
end_of (int code)
{
  switch (code)
    {
    case LIBUSB_ERROR_ACCESS:
      return INN_USB_DENIED;
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
      return INN_USB_GONE;
    case LIBUSB_ERROR_BUSY:
      return INN_USB_BUSY;
    default:
      return INN_USB_FAILED;
    }
}

/* ---- usbredir's callbacks ---- */

static void
on_log (void *data, int level, const char *text)
{
  if (level <= usbredirparser_warning)
    fprintf (stderr, "innkeeper-usb: %s\n", text);
}

/* 0: not now; below: never again. */
static int
on_read (void *data, uint8_t *bytes, int count)
{
  ssize_t n = read (SOCKET, bytes, (size_t)count);

  if (n > 0)
    return (int)n;
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static int
on_write (void *data, uint8_t *bytes, int count)
{
  ssize_t n = write (SOCKET, bytes, (size_t)count);

  if (n >= 0)
    return (int)n;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* ---- the device ---- */

static int
open_device (uint8_t bus, uint8_t number, libusb_device_handle **handle)
{
  libusb_device **all;
  ssize_t n = libusb_get_device_list (context, &all);
  int code = LIBUSB_ERROR_NO_DEVICE;

  for (ssize_t i = 0; i < n; i++)
    if (libusb_get_bus_number (all[i]) == bus && libusb_get_device_address (all[i]) == number)
      code = libusb_open (all[i], handle);
  if (n >= 0)
    libusb_free_device_list (all, 1);
  return code;
}

/* One that nobody moves anything to or from tells by nothing else that it has gone. */
static int LIBUSB_CALL
on_left (libusb_context *owner, libusb_device *device, libusb_hotplug_event event, void *mine)
{
  pulled_out |= device == mine;
  return 0;
}

static void
watch_device (libusb_device_handle *handle)
{
  if (libusb_has_capability (LIBUSB_CAP_HAS_HOTPLUG))
    libusb_hotplug_register_callback (context, LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, 0,
                                      LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
                                      LIBUSB_HOTPLUG_MATCH_ANY, on_left, libusb_get_device (handle),
                                      NULL);
}

/* ---- moving ---- */

static nfds_t
list_fds (struct usbredirhost *host, struct pollfd *fds)
{
  const struct libusb_pollfd **more = libusb_get_pollfds (context);
  nfds_t n = POLL_OWN;

  fds[0] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
  fds[1] = (struct pollfd){ SOCKET, POLLIN, 0 };
  if (usbredirhost_has_data_to_write (host) > 0)
    fds[1].events |= POLLOUT;
  for (const struct libusb_pollfd **one = more; more != NULL && *one != NULL && n < MAX_FDS; one++)
    fds[n++] = (struct pollfd){ (*one)->fd, (*one)->events, 0 };
  libusb_free_pollfds (more);
  return n;
}

/* -1: it goes on. */
static int
move (struct usbredirhost *host, const struct pollfd *fds)
{
  struct timeval now = { 0, 0 };

  libusb_handle_events_timeout_completed (context, &now, NULL);
  if (pulled_out)
    return INN_USB_GONE;
  if (fds[0].revents != 0)
    return INN_USB_DONE;
  if (fds[1].revents != 0)
    switch (usbredirhost_read_guest_data (host))
      {
      case 0:
        break;
      case usbredirhost_read_device_lost:
        return INN_USB_GONE;
      case usbredirhost_read_device_rejected:
        return INN_USB_REJECTED;
      default:
        return INN_USB_DONE; /* the guest has ended */
      }
  if (usbredirhost_has_data_to_write (host) > 0 && usbredirhost_write_guest_data (host) < 0)
    return INN_USB_DONE;
  return -1;
}

static int
hand_on (libusb_device_handle *handle)
{
  /* Takes the handle over. */
  struct usbredirhost *host = usbredirhost_open (context, handle, on_log, on_read, on_write, NULL,
                                                 "innkeeper", usbredirparser_warning, 0);
  struct pollfd fds[MAX_FDS];
  int end = host != NULL ? -1 : INN_USB_BUSY;

  if (host != NULL)
    watch_device (handle);
  while (end < 0)
    {
      const nfds_t n = list_fds (host, fds);
      struct timeval left;
      const bool timed = libusb_get_next_timeout (context, &left) == 1;

      if (poll (fds, n, timed ? (int)(left.tv_sec * 1000 + left.tv_usec / 1000) : -1) < 0 &&
          errno != EINTR)
        end = INN_USB_FAILED;
      else
        end = move (host, fds);
    }
  if (host != NULL)
    usbredirhost_close (host); /* this computer's drivers have it again */
  return end;
}

int
main (int argc, char **argv)
{
  libusb_device_handle *handle = NULL;
  int code, end;

  if (argc != 3 || fcntl (SOCKET, F_SETFL, O_NONBLOCK) < 0)
    return INN_USB_FAILED;
  code = libusb_init (&context);
  if (code == 0)
    code = open_device ((uint8_t)atoi (argv[1]), (uint8_t)atoi (argv[2]), &handle);
  end = code == 0 ? hand_on (handle) : end_of (code);
  if (context != NULL)
    libusb_exit (context);
  return end;
}
