/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded under valgrind: the calls that Debian 12's valgrind does not know, and answers ENOSYS
 * to, are made by calls-outside.c, which hands over the fd. */

#include "calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

long syscall (long number, ...);

static long
ask (CallsOrder *order, int fd)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const char *path = getenv (CALLS_SOCKET);
  CallsAnswer answer = { -1, ENOSYS };
  int given = -1, to = path == NULL ? -1 : socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  if (to >= 0)
    {
      strncpy (address.sun_path, path, sizeof address.sun_path - 1);
      if (connect (to, (struct sockaddr *)&address, sizeof address) == 0 &&
          calls_send (to, order, sizeof *order, fd) > 0)
        calls_receive (to, &answer, sizeof answer, &given);
      close (to);
    }
  errno = answer.error;
  return answer.error != 0 ? -1 : given >= 0 ? given : answer.result;
}

long
syscall (long number, ...)
{
  static long (*real) (long, ...);
  CallsOrder order = { .number = number };
  long a[6];
  va_list list;

  va_start (list, number);
  for (int i = 0; i < 6; i++)
    a[i] = va_arg (list, long);
  va_end (list);
  if (getenv (CALLS_SOCKET) != NULL)
    switch (number)
      {
      case SYS_openat2:
        strncpy (order.path, (const char *)a[1], sizeof order.path - 1);
        memcpy (&order.how, (void *)a[2], sizeof order.how);
        return ask (&order, (int)a[0]);
      case SYS_pidfd_open:
        order.value = a[0];
        return ask (&order, -1);
      case SYS_pidfd_send_signal:
        order.value = a[1];
        return ask (&order, (int)a[0]);
      default:
        break;
      }
  if (real == NULL)
    *(void **)&real = dlsym (RTLD_NEXT, "syscall");
  return real (number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
