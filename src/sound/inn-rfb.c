/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-rfb.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define VERSION   "RFB 003.008\n"
#define NONE      1 /* of the ways to prove who one is: the socket is the proof */
#define ENCODING  (-259)
#define QEMU      255 /* the extension's messages, both ways */
#define AUDIO     1
#define MAX_OTHER (1 << 20) /* bytes of what is not for us */

enum /* to the server */
{
  SET_ENCODINGS = 2,
};

enum /* of the server */
{
  FRAMEBUFFER_UPDATE = 0,
  BELL = 2,
  CUT_TEXT = 3,
};

enum /* of sound, to the server */
{
  ENABLE = 0,
  SET_FORMAT = 2,
  S16 = 3,
};

enum /* of sound, of the server */
{
  END = 0,
  BEGIN = 1,
  DATA = 2,
};

static bool
take (int fd, void *data, size_t size)
{
  for (char *at = data; size > 0;)
    {
      const ssize_t n = recv (fd, at, size, 0);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return false;
      at += n;
      size -= (size_t)n;
    }
  return true;
}

static bool
skip (int fd, size_t size)
{
  char rest[4096];

  if (size > MAX_OTHER)
    return false;
  while (size > 0)
    {
      const size_t n = size < sizeof rest ? size : sizeof rest;

      if (!take (fd, rest, n))
        return false;
      size -= n;
    }
  return true;
}

static bool
say (int fd, const void *data, size_t size)
{
  return send (fd, data, size, MSG_NOSIGNAL) == (ssize_t)size; /* a few bytes, on a new socket */
}

static bool
take_u32 (int fd, uint32_t *number)
{
  if (!take (fd, number, sizeof *number))
    return false;
  *number = ntohl (*number);
  return true;
}

/* ---- the beginning ---- */

static bool
let_in (int fd)
{
  static const uint8_t none = NONE, shared = 1;
  uint8_t ways[255], n_ways, init[20];
  char version[sizeof VERSION - 1];
  uint32_t refused, name;

  return take (fd, version, sizeof version) && strncmp (version, "RFB ", 4) == 0 &&
         say (fd, VERSION, sizeof VERSION - 1) && take (fd, &n_ways, 1) &&
         take (fd, ways, n_ways) && memchr (ways, NONE, n_ways) && say (fd, &none, 1) &&
         take_u32 (fd, &refused) && refused == 0 && say (fd, &shared, 1) &&
         take (fd, init, sizeof init) && take_u32 (fd, &name) && skip (fd, name);
}

int
inn_rfb_begin (int fd, uint32_t rate, uint8_t channels)
{
  const struct __attribute__ ((packed))
  {
    uint8_t type, padding;
    uint16_t count;
    int32_t encoding;
  } encodings = { SET_ENCODINGS, 0, htons (1), (int32_t)htonl ((uint32_t)ENCODING) };
  const struct __attribute__ ((packed))
  {
    uint8_t type, sort;
    uint16_t operation;
    uint8_t format, channels;
    uint32_t rate;
  } format = { QEMU, AUDIO, htons (SET_FORMAT), S16, channels, htonl (rate) };
  const struct __attribute__ ((packed))
  {
    uint8_t type, sort;
    uint16_t operation;
  } enable = { QEMU, AUDIO, htons (ENABLE) };

  return let_in (fd) && say (fd, &encodings, sizeof encodings) &&
                 say (fd, &format, sizeof format) && say (fd, &enable, sizeof enable)
             ? 0
             : -1;
}

/* ---- what comes ---- */

/* An empty picture that says that there is sound. */
static bool
take_update (int fd)
{
  struct __attribute__ ((packed))
  {
    uint8_t padding;
    uint16_t count;
  } head;

  if (!take (fd, &head, sizeof head))
    return false;
  for (uint16_t i = ntohs (head.count); i > 0; i--)
    {
      struct __attribute__ ((packed))
      {
        uint16_t x, y, width, height;
        uint32_t encoding;
      } area;

      if (!take (fd, &area, sizeof area) || ntohl (area.encoding) != (uint32_t)ENCODING)
        return false;
    }
  return true;
}

static bool
take_text (int fd)
{
  uint8_t padding[3];
  uint32_t size;

  return take (fd, padding, sizeof padding) && take_u32 (fd, &size) && skip (fd, size);
}

/* As inn_rfb_read(). */
static long
take_sound (int fd, void *data, size_t size)
{
  struct __attribute__ ((packed))
  {
    uint8_t sort;
    uint16_t operation;
  } head;
  uint32_t length;

  if (!take (fd, &head, sizeof head) || head.sort != AUDIO)
    return -1;
  switch (ntohs (head.operation))
    {
    case BEGIN:
    case END:
      return 0;
    case DATA:
      return take_u32 (fd, &length) && length <= size && take (fd, data, length) ? (long)length
                                                                                 : -1;
    default:
      return -1;
    }
}

long
inn_rfb_read (int fd, void *data, size_t size)
{
  uint8_t type;
  bool sane = true;

  while (sane && take (fd, &type, sizeof type))
    {
      if (type == QEMU)
        return take_sound (fd, data, size);
      sane = type == FRAMEBUFFER_UPDATE ? take_update (fd)
             : type == CUT_TEXT         ? take_text (fd)
                                        : type == BELL;
    }
  return -1;
}
