/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how a descriptor travels over a socket. */
#include "vmh-wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

typedef union
{
  struct cmsghdr header;
  char space[CMSG_SPACE (sizeof (int))];
} Room;

ssize_t
vmh_wire_send (int socket, const void *bytes, size_t size, int fd, int flags)
{
  struct iovec part = { (void *)bytes, size };
  Room room = { .header = { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS } };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  ssize_t sent;

  if (fd >= 0)
    {
      message.msg_control = &room;
      message.msg_controllen = sizeof room;
      memcpy (CMSG_DATA (&room.header), &fd, sizeof (int));
    }
  do
    sent = sendmsg (socket, &message, flags | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t
vmh_wire_receive (int socket, void *bytes, size_t size, int *out_fd, int flags)
{
  struct iovec part = { bytes, size };
  Room room = { 0 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  ssize_t got;

  if (out_fd != NULL)
    {
      *out_fd = -1;
      message.msg_control = &room;
      message.msg_controllen = sizeof room;
    }
  do
    got = recvmsg (socket, &message, flags);
  while (got < 0 && errno == EINTR);
  if (got >= 0 && out_fd != NULL && message.msg_controllen >= CMSG_LEN (sizeof (int)) &&
      room.header.cmsg_level == SOL_SOCKET && room.header.cmsg_type == SCM_RIGHTS)
    memcpy (out_fd, CMSG_DATA (&room.header), sizeof (int));
  return got;
}
