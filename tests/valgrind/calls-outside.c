/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * calls-outside PID: says the path of a socket, and until the process PID has ended makes the calls
 * there that valgrind cannot. See calls-inside.c. */

#include "calls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void
serve (int client)
{
  static CallsOrder order;
  CallsAnswer answer = { 0 };
  int fd, made = -1;

  if (calls_receive (client, &order, sizeof order, &fd) == sizeof order)
    {
      if (order.number == SYS_openat2)
        made = (int)(answer.result =
                         syscall (SYS_openat2, fd, order.path, &order.how, sizeof order.how));
      else if (order.number == SYS_pidfd_open)
        made = (int)(answer.result = syscall (SYS_pidfd_open, order.value, 0));
      else
        answer.result = syscall (SYS_pidfd_send_signal, fd, order.value, NULL, 0);
      answer.error = answer.result < 0 ? errno : 0;
      calls_send (client, &answer, sizeof answer, made);
    }
  if (made >= 0)
    close (made);
  if (fd >= 0)
    close (fd);
  close (client);
}

int
main (int argc, char **argv)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timespec now;
  int listener = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  int until = argc > 1 ? (int)syscall (SYS_pidfd_open, atoi (argv[1]), 0) : -1;
  struct pollfd polled[] = { { listener, POLLIN, 0 }, { until, POLLIN, 0 } };

  clock_gettime (CLOCK_REALTIME, &now);
  snprintf (address.sun_path, sizeof address.sun_path, "/tmp/inn-calls-%d-%lx", (int)getpid (),
            now.tv_nsec);
  unlink (address.sun_path);
  if (until < 0 || bind (listener, (struct sockaddr *)&address, sizeof address) < 0 ||
      listen (listener, 64) < 0)
    return 1;
  /* What waits for the path goes on; the one that waits for children has none of us. */
  if (fork () != 0)
    {
      puts (address.sun_path);
      fflush (stdout);
      _exit (0);
    }
  for (int fd = 0; fd < 3; fd++)
    close (fd);
  while (poll (polled, 2, -1) >= 0 || errno == EINTR)
    {
      if (polled[0].revents != 0)
        serve (accept4 (listener, NULL, NULL, SOCK_CLOEXEC));
      if (polled[1].revents != 0)
        break;
    }
  unlink (address.sun_path);
  return 0;
}
