/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as what a guest's QEMU says to vmm-screen, and as what a viewer does. A piece has a
 * byte for where it goes, two for how long it is, and so many: to the connection that QEMU is told
 * by, to the one on which it tells of its screen, to the pointer's, or one packet of a viewer's.
 * Both connections have been greeted before. */
#include "fuzz.h"

#include "screen/vmm-screen-private.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING "OK 0\r\nAGREE_UNIX_FD\r\n"

enum
{
  CONTROL,
  LISTENER,
  POINTER,
  VIEWER,
  N_PLACES,
};

void
screen_log (const char *format, ...)
{
}

static int
make_pair (int type, int *other)
{
  int pair[2];

  if (socketpair (AF_UNIX, type | SOCK_NONBLOCK, 0, pair) < 0)
    abort ();
  *other = pair[1];
  return pair[0];
}

/* What was sent to @place, as far as it is read at once. */
static void
turn (const int *places)
{
  int fds[2];
  bool writes[2];

  screen_qemu_get_fds (fds, writes);
  for (int i = 0; i < 2; i++)
    if (fds[i] >= 0)
      screen_qemu_on (fds[i], EPOLLIN | EPOLLOUT);
  if (screen_pointer_get_fd () >= 0)
    screen_pointer_on (EPOLLIN);
  (void)places;
}

/* The end of the connection that QEMU was given by RegisterListener; -1: it was not. What else it
 * was told is passed over. */
static int
take_listener (int control)
{
  char bytes[4096];
  struct iovec data = { bytes, sizeof bytes };
  union
  {
    struct cmsghdr header;
    char room[CMSG_SPACE (sizeof (int))];
  } room;
  struct msghdr message = {
    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room
  };
  int fd = -1;

  while (recvmsg (control, &message, MSG_DONTWAIT) > 0)
    {
      const struct cmsghdr *header = CMSG_FIRSTHDR (&message);

      if (header && fd < 0)
        memcpy (&fd, CMSG_DATA (header), sizeof fd);
      message.msg_controllen = sizeof room;
    }
  return fd;
}

/* “There is no such console”: then the first is taken. */
static void
refuse (int control, uint32_t serial)
{
  uint8_t error[24] = { WIRE_ENDIAN, WIRE_ERROR,        1, 1,   0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0,
                        0,           WIRE_REPLY_SERIAL, 1, 'u', 0 };

  memcpy (error + 20, &serial, sizeof serial);
  if (send (control, error, sizeof error, MSG_DONTWAIT) < 0)
    abort ();
}

static void
begin (int *places, int viewer)
{
  const struct inn_frames_packet look = { INN_FRAMES_LOOK, { 1 } };
  int control, pointer;

  places[CONTROL] = make_pair (SOCK_STREAM, &control);
  places[POINTER] = make_pair (SOCK_STREAM, &pointer);
  places[VIEWER] = viewer;
  screen_qemu_begin (control);
  screen_pointer_begin (pointer);
  if (send (places[CONTROL], GREETING, strlen (GREETING), 0) < 0 || send (viewer, &look, 8, 0) < 0)
    abort ();
  turn (places);
  refuse (places[CONTROL], 1);
  turn (places);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  int places[N_PLACES] = { -1, -1, -1, -1 };
  int ours, viewer = make_pair (SOCK_SEQPACKET, &ours), fds[SCREEN_MAX_VIEWERS];
  bool writes[SCREEN_MAX_VIEWERS];

  screen_viewers_add (ours);
  begin (places, viewer);
  screen_viewers_on (ours, EPOLLIN);
  turn (places);
  places[LISTENER] = take_listener (places[CONTROL]);
  if (places[LISTENER] < 0)
    abort (); /* nothing would be tried */
  if (send (places[LISTENER], GREETING, strlen (GREETING), 0) < 0)
    abort ();
  turn (places);
  while (size > 3)
    {
      const int place = data[0] % N_PLACES;
      const size_t wanted = (size_t)data[1] << 8 | data[2];
      const size_t length = wanted < size - 3 ? wanted : size - 3;

      if (send (places[place], data + 3, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        break;
      data += 3 + length;
      size -= 3 + length;
      for (int i = 0; i < 3; i++)
        turn (places);
      if (screen_viewers_list (fds, writes) > 0)
        screen_viewers_on (fds[0], EPOLLIN);
      screen_viewers_flush ();
    }
  screen_viewers_end ();
  screen_qemu_begin (-1);
  screen_pointer_begin (-1);
  screen_memory_drop (&screen_state.picture);
  screen_memory_drop (&screen_state.cursor);
  for (int i = 0; i < N_PLACES; i++)
    close (places[i]);
  return 0;
}
