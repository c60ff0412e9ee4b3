/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as what a guest's QEMU says on the socket of its network card, through the shim's door.
 * What comes out at the other side are whole frames that came in, in their order, and none goes to
 * an address that means this host. The first byte says in how many pieces it is read. */
#include "fuzz.h"

/* The door has no other way in than the shim's whole loop. */
#include "shim/vmm-shim-net.c"

#include <stdarg.h>

/* ---- what the door asks of the shim ---- */

void
shim_fail (const char *format, ...)
{
  abort ();
}

void
shim_watch (struct shim_source *source, uint32_t events)
{
  source->events = events;
}

void
shim_drop (struct shim_source *source)
{
  if (source->fd >= 0)
    close (source->fd);
  source->fd = -1;
  source->events = 0;
}

void
shim_log (const char *format, ...)
{
}

pid_t
shim_fork (void)
{
  abort (); /* nobody starts a program here */
}

/* ---- the two sides ---- */

static void
require (bool condition)
{
  if (!condition)
    abort ();
}

/* As the packet's standards say it, and not as the door reads it. */
static bool
is_forbidden (const uint8_t *frame, size_t size)
{
  unsigned int type = size >= 14 ? (unsigned int)frame[12] << 8 | frame[13] : 0;
  bool mapped = true;

  if (type == 0x0800 && size >= 14 + 20)
    return frame[14 + 16] == 127 || frame[14 + 16] == 0;
  if (type != 0x86dd || size < 14 + 40)
    return false;
  for (int i = 0; i < 10; i++)
    mapped = mapped && frame[14 + 24 + i] == 0;
  return mapped && ((frame[14 + 34] == 0 && frame[14 + 35] == 0) ||
                    (frame[14 + 34] == 0xff && frame[14 + 35] == 0xff));
}

/* What must come out of @data: written to @out; returns how much. */
static size_t
expect (const uint8_t *data, size_t size, uint8_t *out)
{
  size_t at = 0, length = 0;

  while (size - at >= HEAD)
    {
      size_t frame = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
                     (size_t)data[at + 2] << 8 | data[at + 3];

      if (frame > MAX_FRAME || size - at - HEAD < frame)
        break;
      if (!is_forbidden (data + at + HEAD, frame))
        {
          memcpy (out + length, data + at, HEAD + frame);
          length += HEAD + frame;
        }
      at += HEAD + frame;
    }
  return length;
}

/* Answers how much there is now. */
static size_t
take (int fd, uint8_t *buffer, size_t length, size_t size)
{
  ssize_t n = recv (fd, buffer + length, size - length, MSG_DONTWAIT);

  return n > 0 ? length + (size_t)n : length;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static uint8_t wanted[BUFFER_SIZE], got[BUFFER_SIZE + 1];
  size_t pieces = size > 0 ? data[0] % 8 + 1u : 1, length = 0, at = 0;
  int guest[2], host[2];
  struct net *net = &nets[0];

  if (size < 2 || size > BUFFER_SIZE / 2)
    return 0;
  data++;
  size--;
  require (socketpair (AF_UNIX, SOCK_STREAM, 0, guest) == 0);
  require (socketpair (AF_UNIX, SOCK_STREAM, 0, host) == 0);
  n_nets = 0;
  shim_net_add ("net0", guest[0]);
  net->host.source.fd = host[0];
  net_update (net);
  for (size_t i = 0; i < pieces && net->guest.source.fd >= 0; i++)
    {
      size_t part = i + 1 < pieces ? size / pieces : size - at;

      if (part > 0)
        require (send (guest[1], data + at, part, MSG_NOSIGNAL) == (ssize_t)part);
      at += part;
      shim_on_net (&net->guest.source, part > 0 ? EPOLLIN : 0);
      length = take (host[1], got, length, sizeof got);
    }
  close (guest[1]);
  if (net->guest.source.fd >= 0)
    shim_on_net (&net->guest.source, EPOLLIN | EPOLLRDHUP);
  length = take (host[1], got, length, sizeof got);
  require (length == expect (data, size, wanted) && memcmp (got, wanted, length) == 0);
  require (net->guest.source.fd < 0 && net->host.source.fd < 0);
  close (host[1]);
  return 0; /* the next card in this place has its buffers */
}
