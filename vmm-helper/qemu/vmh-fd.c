/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how a descriptor travels over a socket. */
#include "qemu/vmh-fd.h"

#include <string.h>
#include <sys/socket.h>

ssize_t
vmh_send_fd (int socket, const void *bytes, size_t length, int fd, int flags)
{
  struct iovec part = { (void *)bytes, length };
  union
  {
    struct cmsghdr align;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      struct cmsghdr *header;

      message.msg_control = control.space;
      message.msg_controllen = sizeof control.space;
      header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (header), &fd, sizeof (int));
    }
  return sendmsg (socket, &message, flags | MSG_NOSIGNAL);
}
