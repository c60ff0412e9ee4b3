/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The guest's pointer. QEMU 7.2 tells of it on the D-Bus display when the guest changes it and
 * never again, so whoever comes later has none; over VNC (RFC 6143) it tells whoever asks, and of
 * each change, without a picture being asked for. */
#include "vmm-screen-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION      "RFB 003.008\n"
#define NONE         1      /* of the ways to prove who one is: the socket is the proof */
#define ALPHA_CURSOR (-314) /* as QEMU sends it: the pixels as they are */
#define MAX_OTHER    4096   /* bytes of what is not for us */

enum
{
  UPDATE = 0,
  BELL = 2,
  CUT_TEXT = 3,
};

static int server = -1;
static size_t have, need;
static uint16_t rects;                 /* that are to come */
static struct screen_rect next;        /* the pointer that is on its way: hot spot and size */
static bool (*step) (const uint8_t *); /* when what is needed has come */
static uint8_t buffer[INN_FRAMES_MAX_CURSOR * INN_FRAMES_MAX_CURSOR * 4 + 4];

static bool
wait_for (size_t bytes, bool (*then) (const uint8_t *))
{
  need = bytes;
  step = then;
  return bytes <= sizeof buffer;
}

static bool
say (const void *data, size_t size)
{
  return send (server, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

static uint32_t
number (const uint8_t *data)
{
  uint32_t value;

  memcpy (&value, data, sizeof value);
  return ntohl (value);
}

static uint16_t
small (const uint8_t *data)
{
  return (uint16_t)(data[0] << 8 | data[1]);
}

/* ---- what comes then ---- */

static bool on_message (const uint8_t *data);

static bool
on_next (void)
{
  return wait_for (1, on_message);
}

static bool on_rect (const uint8_t *data);

static bool
on_pixels (const uint8_t *data)
{
  struct screen_memory *cursor = &screen_state.cursor;

  /* Always new memory: a viewer may still look at the old. */
  if (number (data) != 0 || !screen_memory_make (cursor, next.width, next.height))
    return false;
  memcpy (cursor->data, data + 4, need - 4);
  cursor->hot_x = next.x < next.width ? next.x : next.width - 1;
  cursor->hot_y = next.y < next.height ? next.y : next.height - 1;
  screen_viewers_tell_cursor ();
  return rects > 0 ? wait_for (12, on_rect) : on_next ();
}

static bool
on_rect (const uint8_t *data)
{
  rects--;
  next = (struct screen_rect){ small (data), small (data + 2), small (data + 4), small (data + 6) };
  return (int32_t)number (data + 8) == ALPHA_CURSOR && next.width >= 1 && next.height >= 1 &&
         next.width <= INN_FRAMES_MAX_CURSOR && next.height <= INN_FRAMES_MAX_CURSOR &&
         wait_for (4 + (size_t)next.width * 4 * (size_t)next.height, on_pixels);
}

static bool
on_update (const uint8_t *data)
{
  rects = small (data + 1);
  return rects > 0 ? wait_for (12, on_rect) : on_next ();
}

static bool
on_text (const uint8_t *data)
{
  (void)data;
  return on_next ();
}

static bool
on_text_size (const uint8_t *data)
{
  const uint32_t size = number (data + 3);

  if (size == 0)
    return on_next ();
  return size <= MAX_OTHER && wait_for (size, on_text);
}

static bool
on_message (const uint8_t *data)
{
  switch (*data)
    {
    case UPDATE:
      return wait_for (3, on_update);
    case BELL:
      return on_next ();
    case CUT_TEXT:
      return wait_for (7, on_text_size);
    default:
      return false;
    }
}

/* ---- the greeting ---- */

static bool
on_name (const uint8_t *data)
{
  const struct __attribute__ ((packed))
  {
    uint8_t type, padding;
    uint16_t count;
    uint32_t encoding;
  } encodings = { 2, 0, htons (1), htonl ((uint32_t)ALPHA_CURSOR) };

  (void)data;
  return say (&encodings, sizeof encodings) && on_next ();
}

static bool
on_init (const uint8_t *data)
{
  const uint32_t name = number (data + 20);

  return name == 0 ? on_name (data) : name <= MAX_OTHER && wait_for (name, on_name);
}

static bool
on_result (const uint8_t *data)
{
  static const uint8_t shared = 1;

  return number (data) == 0 && say (&shared, 1) && wait_for (24, on_init);
}

static bool
on_ways (const uint8_t *data)
{
  static const uint8_t none = NONE;

  return memchr (data, NONE, need) && say (&none, 1) && wait_for (4, on_result);
}

static bool
on_count (const uint8_t *data)
{
  return *data > 0 && wait_for (*data, on_ways);
}

static bool
on_version (const uint8_t *data)
{
  return strncmp ((const char *)data, "RFB ", 4) == 0 && say (VERSION, sizeof VERSION - 1) &&
         wait_for (1, on_count);
}

/* ---- the loop's ---- */

static void
end (void)
{
  if (server >= 0)
    close (server);
  server = -1;
}

void
screen_pointer_begin (int fd)
{
  end ();
  server = fd;
  have = 0;
  wait_for (sizeof VERSION - 1, on_version);
}

int
screen_pointer_get_fd (void)
{
  return server;
}

void
screen_pointer_on (uint32_t events)
{
  ssize_t n;

  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
    return;
  n = recv (server, buffer + have, need - have, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n > 0)
    {
      have += (size_t)n;
      if (have < need)
        return;
      have = 0;
      if (step (buffer))
        return;
      screen_log ("QEMU's pointer makes no sense");
    }
  end ();
}
