/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Stands where libusb is, for a QEMU that is to have a USB device where there is none: any file
 * that begins with "device" is one, without endpoints, whose transfers are never answered. Just
 * what QEMU 7.2 calls, as libusb.h declares it; that header need not be installed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERROR_IO        (-1)
#define ERROR_NOT_FOUND (-5)
#define SPEED_HIGH      3

static char device[1]; /* whatever points here is it */

#define STUB(name, type, value)                                                                    \
  type name (void);                                                                                \
  type name (void)                                                                                 \
  {                                                                                                \
    return value;                                                                                  \
  }

STUB (libusb_alloc_streams, int, 0)
STUB (libusb_attach_kernel_driver, int, 0)
STUB (libusb_cancel_transfer, int, ERROR_NOT_FOUND)
STUB (libusb_claim_interface, int, 0)
STUB (libusb_clear_halt, int, 0)
STUB (libusb_detach_kernel_driver, int, 0)
STUB (libusb_free_streams, int, 0)
STUB (libusb_get_active_config_descriptor, int, ERROR_NOT_FOUND)
STUB (libusb_get_bus_number, uint8_t, 1)
STUB (libusb_get_config_descriptor, int, ERROR_NOT_FOUND)
STUB (libusb_get_device, void *, device)
STUB (libusb_get_device_address, uint8_t, 2)
STUB (libusb_get_device_list, ptrdiff_t, 0)
STUB (libusb_get_device_speed, int, SPEED_HIGH)
STUB (libusb_get_pollfds, const void *, NULL)
STUB (libusb_get_port_numbers, int, 0)
STUB (libusb_get_ss_endpoint_companion_descriptor, int, ERROR_NOT_FOUND)
STUB (libusb_get_string_descriptor_ascii, int, 0)
STUB (libusb_handle_events_timeout, int, 0)
STUB (libusb_kernel_driver_active, int, 0)
STUB (libusb_open, int, ERROR_NOT_FOUND)
STUB (libusb_ref_device, void *, device)
STUB (libusb_release_interface, int, 0)
STUB (libusb_reset_device, int, 0)
STUB (libusb_set_configuration, int, 0)
STUB (libusb_set_interface_alt_setting, int, 0)
STUB (libusb_set_option, int, 0)
STUB (libusb_submit_transfer, int, ERROR_IO)
STUB (libusb_close, void, (void)0)
STUB (libusb_free_config_descriptor, void, (void)0)
STUB (libusb_free_device_list, void, (void)0)
STUB (libusb_free_ss_endpoint_companion_descriptor, void, (void)0)
STUB (libusb_free_transfer, void, (void)0)
STUB (libusb_set_pollfd_notifiers, void, (void)0)
STUB (libusb_transfer_set_stream_id, void, (void)0)
STUB (libusb_unref_device, void, (void)0)

void *libusb_alloc_transfer (int packets);
int libusb_init (void **context);
int libusb_wrap_sys_device (void *context, intptr_t fd, void **handle);
int libusb_get_device_descriptor (void *it, void *descriptor);

void *
libusb_alloc_transfer (int packets)
{
  return calloc (1, 256 + 64 * (size_t)packets);
}

int
libusb_init (void **context)
{
  *context = device;
  return 0;
}

int
libusb_wrap_sys_device (void *context, intptr_t fd, void **handle)
{
  char text[6];

  (void)context;
  if (pread ((int)fd, text, sizeof text, 0) != sizeof text || memcmp (text, "device", 6) != 0)
    return ERROR_IO;
  *handle = device;
  return 0;
}

/* Of USB 2, with one configuration. */
int
libusb_get_device_descriptor (void *it, void *descriptor)
{
  static const uint8_t bytes[18] = { 18,   1,    0,    2, 0, 0, 0, 64, 0x81,
                                     0x07, 0x81, 0x55, 0, 1, 0, 0, 0,  1 };

  (void)it;
  memcpy (descriptor, bytes, sizeof bytes);
  return 0;
}
