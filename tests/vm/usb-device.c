/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Stands where libusb is, and has one device that answers what a system asks of a new one: who made
 * it, what it is, and a serial number. It is bus 1, number 7, there as long as the file NODE is.
 * Just what usbredirhost and innkeeper-usb call. */
#include <errno.h>
#include <fcntl.h>
#include <libusb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NODE   "dev/bus/usb/001/007" /* below INN_USB_ROOT */
#define BUS    1
#define NUMBER 7
#define QUEUE  64

static char the_device[1], the_handle[1], the_context[1];
static struct libusb_transfer *queue[QUEUE];
static int n_queued, ready = -1;
static struct libusb_pollfd event = { -1, POLLIN };
static const struct libusb_pollfd *events[] = { &event, NULL };

static const uint8_t device_bytes[] = { 18,   1,    0,    2,    0xff, 0, 0, 64, 0xfe,
                                        0xca, 0x0d, 0xf0, 0x34, 0x12, 1, 2, 3,  1 };
static const uint8_t config_bytes[] = { 9, 2, 18, 0, 1, 1,    0, 0x80, 50, /* and its interface: */
                                        9, 4, 0,  0, 0, 0xff, 0, 0,    0 };
static const char *const strings[] = { NULL, "Innkeeper", "Redirected device", "SERIAL-31415" };

static const char *
get_node (void)
{
  static char path[4096];

  snprintf (path, sizeof path, "%s/" NODE, getenv ("INN_USB_ROOT"));
  return path;
}

static int
is_there (void)
{
  return access (get_node (), F_OK) == 0;
}

/* ---- what it answers ---- */

static int
fill (uint8_t *to, int room, const void *from, int size)
{
  memcpy (to, from, (size_t)(size < room ? size : room));
  return size < room ? size : room;
}

static int
fill_string (uint8_t *to, int room, int index)
{
  uint8_t bytes[64] = { 4, 3 };
  int size = 2;

  if (index > 3)
    return -1;
  if (index == 0)
    {
      bytes[size++] = 9; /* English */
      bytes[size++] = 4;
    }
  else
    {
      for (const char *at = strings[index]; *at != '\0'; at++, size += 2)
        bytes[size] = (uint8_t)*at;
      bytes[0] = (uint8_t)size;
    }
  return fill (to, room, bytes, size);
}

/* The length; -1: it stalls. */
static int
answer (const uint8_t *setup, uint8_t *to)
{
  const int room = setup[6] | setup[7] << 8;

  if (setup[0] == 0x80 && setup[1] == LIBUSB_REQUEST_GET_STATUS)
    return fill (to, room, "\0\0", 2);
  if (setup[0] != 0x80 || setup[1] != LIBUSB_REQUEST_GET_DESCRIPTOR)
    return -1;
  switch (setup[3])
    {
    case LIBUSB_DT_DEVICE:
      return fill (to, room, device_bytes, sizeof device_bytes);
    case LIBUSB_DT_CONFIG:
      return fill (to, room, config_bytes, sizeof config_bytes);
    case LIBUSB_DT_STRING:
      return fill_string (to, room, setup[2]);
    default:
      return -1;
    }
}

static void
complete (struct libusb_transfer *transfer)
{
  int length = -1;

  if (!is_there ())
    transfer->status = LIBUSB_TRANSFER_NO_DEVICE;
  else
    {
      length = answer (transfer->buffer, transfer->buffer + LIBUSB_CONTROL_SETUP_SIZE);
      transfer->status = length < 0 ? LIBUSB_TRANSFER_STALL : LIBUSB_TRANSFER_COMPLETED;
    }
  transfer->actual_length = length < 0 ? 0 : length;
  transfer->callback (transfer);
}

/* ---- events ---- */

static libusb_hotplug_callback_fn on_left;
static void *on_left_data;

static int
handle (void)
{
  uint64_t count;

  if (on_left != NULL && !is_there ())
    {
      on_left ((libusb_context *)the_context, (libusb_device *)the_device,
               LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT, on_left_data);
      on_left = NULL;
    }
  while (read (ready, &count, sizeof count) > 0 || n_queued > 0)
    {
      struct libusb_transfer *transfer = queue[0];

      if (n_queued == 0)
        break;
      memmove (queue, queue + 1, (size_t)--n_queued * sizeof *queue);
      complete (transfer);
    }
  return 0;
}

int
libusb_handle_events_timeout (libusb_context *context, struct timeval *time)
{
  return handle ();
}

int
libusb_handle_events_timeout_completed (libusb_context *context, struct timeval *time, int *done)
{
  return handle ();
}

int
libusb_submit_transfer (struct libusb_transfer *transfer)
{
  if (!is_there ())
    return LIBUSB_ERROR_NO_DEVICE;
  if (n_queued == QUEUE)
    return LIBUSB_ERROR_BUSY;
  queue[n_queued++] = transfer;
  eventfd_write (ready, 1);
  return 0;
}

const struct libusb_pollfd **
libusb_get_pollfds (libusb_context *context)
{
  return events;
}

void
libusb_free_pollfds (const struct libusb_pollfd **list)
{
}

int
libusb_get_next_timeout (libusb_context *context, struct timeval *time)
{
  *time = (struct timeval){ 0, 200000 }; /* whether it is there still is looked at by transfers */
  return 1;
}

/* ---- the device ---- */

int
libusb_init (libusb_context **context)
{
  ready = event.fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  *context = (libusb_context *)the_context;
  return 0;
}

void
libusb_exit (libusb_context *context)
{
}

ssize_t
libusb_get_device_list (libusb_context *context, libusb_device ***list)
{
  *list = calloc (2, sizeof **list);
  (*list)[0] = is_there () ? (libusb_device *)the_device : NULL;
  return is_there ();
}

void
libusb_free_device_list (libusb_device **list, int unref)
{
  free (list);
}

uint8_t
libusb_get_bus_number (libusb_device *device)
{
  return BUS;
}

uint8_t
libusb_get_device_address (libusb_device *device)
{
  return NUMBER;
}

int
libusb_open (libusb_device *device, libusb_device_handle **handle)
{
  int fd = open (get_node (), O_RDWR | O_CLOEXEC);

  if (fd < 0)
    return errno == EACCES ? LIBUSB_ERROR_ACCESS : LIBUSB_ERROR_NO_DEVICE;
  close (fd);
  *handle = (libusb_device_handle *)the_handle;
  return 0;
}

void
libusb_close (libusb_device_handle *handle)
{
}

libusb_device *
libusb_get_device (libusb_device_handle *handle)
{
  return (libusb_device *)the_device;
}

int
libusb_get_device_speed (libusb_device *device)
{
  return LIBUSB_SPEED_HIGH;
}

int
libusb_get_device_descriptor (libusb_device *device, struct libusb_device_descriptor *to)
{
  memcpy (to, device_bytes, sizeof device_bytes);
  return 0;
}

int
libusb_get_active_config_descriptor (libusb_device *device, struct libusb_config_descriptor **to)
{
  static const struct libusb_interface_descriptor setting = { .bLength = 9,
                                                              .bDescriptorType = 4,
                                                              .bInterfaceClass = 0xff };
  static const struct libusb_interface one = { &setting, 1 };
  static struct libusb_config_descriptor config = { .bLength = 9,
                                                    .bDescriptorType = 2,
                                                    .wTotalLength = sizeof config_bytes,
                                                    .bNumInterfaces = 1,
                                                    .bConfigurationValue = 1,
                                                    .bmAttributes = 0x80,
                                                    .MaxPower = 50,
                                                    .interface = &one };

  *to = &config;
  return 0;
}

int
libusb_get_config_descriptor (libusb_device *device,
                              uint8_t index,
                              struct libusb_config_descriptor **to)
{
  return libusb_get_active_config_descriptor (device, to);
}

void
libusb_free_config_descriptor (struct libusb_config_descriptor *config)
{
}

struct libusb_transfer *
libusb_alloc_transfer (int packets)
{
  return calloc (1, sizeof (struct libusb_transfer) +
                        (size_t)packets * sizeof (struct libusb_iso_packet_descriptor));
}

void
libusb_free_transfer (struct libusb_transfer *transfer)
{
  if (transfer != NULL && (transfer->flags & LIBUSB_TRANSFER_FREE_BUFFER) != 0)
    free (transfer->buffer);
  free (transfer);
}

int
libusb_has_capability (uint32_t capability)
{
  return capability == LIBUSB_CAP_HAS_HOTPLUG;
}

int
libusb_hotplug_register_callback (libusb_context *context,
                                  int of,
                                  int flags,
                                  int vendor,
                                  int product,
                                  int class,
                                  libusb_hotplug_callback_fn callback,
                                  void *data,
                                  libusb_hotplug_callback_handle *handle)
{
  on_left = callback;
  on_left_data = data;
  return 0;
}

#define STUB(name, type, value, ...)                                                               \
  type name (__VA_ARGS__)                                                                          \
  {                                                                                                \
    return value;                                                                                  \
  }

STUB (libusb_alloc_streams,
      int,
      LIBUSB_ERROR_NOT_SUPPORTED,
      libusb_device_handle *a,
      uint32_t b,
      unsigned char *c,
      int d)
STUB (libusb_free_streams, int, 0, libusb_device_handle *a, unsigned char *b, int c)
STUB (libusb_attach_kernel_driver, int, 0, libusb_device_handle *a, int b)
STUB (libusb_detach_kernel_driver, int, 0, libusb_device_handle *a, int b)
STUB (libusb_set_auto_detach_kernel_driver, int, 0, libusb_device_handle *a, int b)
STUB (libusb_cancel_transfer, int, LIBUSB_ERROR_NOT_FOUND, struct libusb_transfer *a)
STUB (libusb_claim_interface, int, 0, libusb_device_handle *a, int b)
STUB (libusb_release_interface, int, 0, libusb_device_handle *a, int b)
STUB (libusb_clear_halt, int, 0, libusb_device_handle *a, unsigned char b)
STUB (libusb_error_name, const char *, "an error", int a)
STUB (libusb_reset_device, int, 0, libusb_device_handle *a)
STUB (libusb_set_configuration, int, 0, libusb_device_handle *a, int b)
STUB (libusb_set_interface_alt_setting, int, 0, libusb_device_handle *a, int b, int c)
STUB (libusb_get_ss_endpoint_companion_descriptor,
      int,
      LIBUSB_ERROR_NOT_FOUND,
      libusb_context *a,
      const struct libusb_endpoint_descriptor *b,
      struct libusb_ss_endpoint_companion_descriptor **c)

void
libusb_free_ss_endpoint_companion_descriptor (struct libusb_ss_endpoint_companion_descriptor *a)
{
}

void
libusb_transfer_set_stream_id (struct libusb_transfer *a, uint32_t b)
{
}

int
libusb_set_option (libusb_context *context, enum libusb_option option, ...)
{
  return 0;
}
