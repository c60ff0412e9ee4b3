/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What calls-inside.c asks of calls-outside.c: one system call, with an fd or without. */

#pragma once

#include <linux/openat2.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CALLS_SOCKET "INN_TEST_CALLS"

typedef struct
{
  long number;
  long value; /* a pid or a signal */
  struct open_how how;
  char path[4096];
} CallsOrder;

typedef struct
{
  long result; /* 0, with an fd where there is one to give */
  int error;
} CallsAnswer;

typedef union
{
  struct cmsghdr header;
  char bytes[CMSG_SPACE (sizeof (int))];
} CallsControl;

static inline long
calls_send (int socket, void *data, size_t size, int fd)
{
  CallsControl control = { 0 };
  struct iovec part = { data, size };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      message.msg_control = &control;
      message.msg_controllen = sizeof control;
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
    }
  return sendmsg (socket, &message, MSG_NOSIGNAL);
}

static inline long
calls_receive (int socket, void *data, size_t size, int *fd)
{
  CallsControl control = { 0 };
  struct iovec part = { data, size };
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  long got = recvmsg (socket, &message, MSG_CMSG_CLOEXEC);
  struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR (&message) : NULL;

  *fd = -1;
  if (header != NULL && header->cmsg_type == SCM_RIGHTS)
    memcpy (fd, CMSG_DATA (header), sizeof *fd);
  return got;
}
