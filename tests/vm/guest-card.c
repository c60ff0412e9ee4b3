/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs inside a guest and talks to its smart card reader (CCID, by the kernel's usbfs).
 *
 *   card status       "none", "card": whether there is one; "no reader"
 *   card HEX …        puts it under power and says what it answers: ATR first, then to each APDU
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of QEMU's dev-smartcard-reader.c; the messages' types and bits are those of CCID 1.1, 6. */
#define VENDOR     0x08e6
#define PRODUCT    0x4433
#define IN         0x82
#define OUT        0x03
#define HEAD       10
#define POWER_ON   0x62
#define GET_STATUS 0x65
#define TRANSFER   0x6f
#define NO_CARD    2    /* of the status' lowest two bits */
#define FAILED     0x40 /* of its highest two; 0x80: more time is asked for */
#define MAX        (HEAD + 65544)

static int reader = -1;
static uint8_t message[MAX];

static unsigned
read_number (const char *folder, const char *name, int base)
{
  char path[512], text[32] = "";
  int fd;

  snprintf (path, sizeof path, "/sys/bus/usb/devices/%s/%s", folder, name);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  if (read (fd, text, sizeof text - 1) < 0)
    text[0] = '\0';
  close (fd);
  return (unsigned)strtoul (text, NULL, base);
}

static void
open_reader (void)
{
  DIR *folder = opendir ("/sys/bus/usb/devices");
  unsigned interface = 0;
  char path[64];

  for (struct dirent *entry; folder != NULL && (entry = readdir (folder)) != NULL;)
    if (read_number (entry->d_name, "idVendor", 16) == VENDOR &&
        read_number (entry->d_name, "idProduct", 16) == PRODUCT)
      {
        snprintf (path, sizeof path, "/dev/bus/usb/%03u/%03u",
                  read_number (entry->d_name, "busnum", 10),
                  read_number (entry->d_name, "devnum", 10));
        reader = open (path, O_RDWR | O_CLOEXEC);
      }
  if (folder != NULL)
    closedir (folder);
  if (reader < 0 || ioctl (reader, USBDEVFS_CLAIMINTERFACE, &interface) != 0)
    {
      puts ("no reader");
      exit (1);
    }
}

static int
transfer (unsigned endpoint, size_t size)
{
  struct usbdevfs_bulktransfer bulk = { endpoint, (unsigned)size, 20000, message };

  return ioctl (reader, USBDEVFS_BULK, &bulk);
}

/* The answer is in message, its length is answered; -1: there is none. */
static int
ask (uint8_t type, const uint8_t *data, size_t size)
{
  static uint8_t sequence;
  int got;

  memset (message, 0, HEAD);
  message[0] = type;
  for (int i = 0; i < 4; i++)
    message[1 + i] = (uint8_t)(size >> 8 * i);
  message[6] = sequence++;
  if (size > 0)
    memcpy (message + HEAD, data, size);
  if (transfer (OUT, HEAD + size) < 0)
    return -1;
  do
    got = transfer (IN, sizeof message);
  while (got >= HEAD && (message[7] & 0xc0) == 0x80);
  if (got < HEAD || (message[7] & 0xc0) == FAILED)
    return -1;
  return got - HEAD;
}

static void
say (int size)
{
  if (size < 0)
    printf ("failed\n");
  for (int i = 0; i < size; i++)
    printf ("%02x%s", message[HEAD + i], i == size - 1 ? "\n" : "");
}

static void
send_hex (const char *hex)
{
  static uint8_t apdu[MAX];
  size_t size = 0;
  unsigned byte;

  for (; sscanf (hex, "%2x", &byte) == 1 && size < sizeof apdu - HEAD; hex += 2)
    apdu[size++] = (uint8_t)byte;
  say (ask (TRANSFER, apdu, size));
}

int
main (int argc, char **argv)
{
  open_reader ();
  if (argc == 2 && strcmp (argv[1], "status") == 0)
    {
      if (ask (GET_STATUS, NULL, 0) < 0 && (message[7] & 3) != NO_CARD)
        puts ("failed");
      else
        puts ((message[7] & 3) == NO_CARD ? "none" : "card");
      return 0;
    }
  say (ask (POWER_ON, NULL, 0));
  for (int i = 1; i < argc; i++)
    send_hex (argv[i]);
  return 0;
}
