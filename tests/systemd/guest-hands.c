/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Runs inside test_kvm.py's guest and does what its busybox cannot.
 *
 *   hands send PORT TEXT   to the computer, by vsock; prints the answer
 *   hands answer PORT      one caller of the computer, by vsock, with what it says, twice
 *   hands cpuid            what the processor says of the hypervisor
 *   hands hold N           N times nine tenths of a processor for ever: Linux then lets none go
 */
#include <cpuid.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/vm_sockets.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
fail (const char *what)
{
  perror (what);
  return 1;
}

static int
send_text (unsigned port, const char *text)
{
  const struct sockaddr_vm host = { .svm_family = AF_VSOCK,
                                    .svm_port = port,
                                    .svm_cid = VMADDR_CID_HOST };
  const int fd = socket (AF_VSOCK, SOCK_STREAM, 0);
  char answer[256];
  ssize_t length;

  if (fd < 0 || connect (fd, (const struct sockaddr *)&host, sizeof host) != 0)
    return fail ("connect");
  if (write (fd, text, strlen (text)) < 0 || (length = read (fd, answer, sizeof answer - 1)) < 0)
    return fail ("talk");
  answer[length] = '\0';
  puts (answer);
  return 0;
}

static int
answer_one (unsigned port)
{
  const struct sockaddr_vm here = { .svm_family = AF_VSOCK,
                                    .svm_port = port,
                                    .svm_cid = VMADDR_CID_ANY };
  const int listener = socket (AF_VSOCK, SOCK_STREAM, 0);
  struct sockaddr_vm caller;
  socklen_t size = sizeof caller;
  char said[128], answer[256];
  ssize_t length;
  int fd;

  if (listener < 0 || bind (listener, (const struct sockaddr *)&here, sizeof here) != 0 ||
      listen (listener, 1) != 0)
    return fail ("listen");
  fd = accept (listener, (struct sockaddr *)&caller, &size);
  if (fd < 0 || (length = read (fd, said, sizeof said - 1)) < 0)
    return fail ("accept");
  said[length] = '\0';
  snprintf (answer, sizeof answer, "%s%s", said, said);
  printf ("CALLER %u\n", caller.svm_cid);
  return write (fd, answer, strlen (answer)) < 0 ? fail ("answer") : 0;
}

/* What a deadline was promised for is kept free: offlining a processor would break the promise. */
static int
hold (unsigned count)
{
  struct sched_attr promise = { .size = sizeof promise,
                                .sched_policy = SCHED_DEADLINE,
                                .sched_runtime = 90000000,
                                .sched_deadline = 100000000,
                                .sched_period = 100000000 };

  for (unsigned i = 0; i < count; i++)
    if (fork () == 0)
      {
        if (syscall (SYS_sched_setattr, 0, &promise, 0) != 0)
          return fail ("sched_setattr");
        puts ("HELD");
        fflush (stdout);
        for (;;)
          pause ();
      }
  return 0;
}

static int
tell_cpuid (void)
{
  for (unsigned leaf = 0x40000000; leaf < 0x40000006; leaf++)
    {
      unsigned a, b, c, d;

      __cpuid (leaf, a, b, c, d);
      printf ("%x: %08x %08x %08x %08x\n", leaf, a, b, c, d);
    }
  return 0;
}

int
main (int argc, char *argv[])
{
  const char *verb = argc > 2 ? argv[1] : "";
  const unsigned number = argc > 2 ? (unsigned)strtoul (argv[2], NULL, 10) : 0;

  if (argc == 2 && strcmp (argv[1], "cpuid") == 0)
    return tell_cpuid ();
  if (strcmp (verb, "send") == 0 && argc > 3)
    return send_text (number, argv[3]);
  if (strcmp (verb, "answer") == 0)
    return answer_one (number);
  if (strcmp (verb, "hold") == 0)
    return hold (number);
  return 2;
}
