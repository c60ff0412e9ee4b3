/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* vmm-screen VIEWERS CONTROL COMMAND…: becomes COMMAND, a guest's QEMU, and leaves beside it what
 * has its screen for all who look at it.
 *
 * QEMU's D-Bus display has one viewer, grows without bound when that does not read, and stands
 * still when it does not answer. So this reads it, at once and always, into memory that viewers
 * share: a picture is copied once, however many look, and a window that hangs holds nobody up. It
 * is in QEMU's room because QEMU believes nobody whose pid it does not see. Its end of the display
 * comes by the socket CONTROL, viewers by VIEWERS; the helper alone can reach their names, and
 * hands viewers' connections on. What QEMU says is the guest's, and bounded. Ends with QEMU. */
#include "vmm-screen-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/vmh-wire.h"

#define PIECE_US  1000 /* after one, in which another may come */
#define PIECES_US 6000 /* and after the first */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error "What the kernel calls this architecture (linux/audit.h) is to be told here."
#endif

void
screen_log (const char *format, ...)
{
  static unsigned said;
  va_list args;

  if (said++ >= 100) /* a guest's log is not filled by it */
    return;
  fputs ("vmm-screen: ", stderr);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
}

static void
on_viewer (int listener)
{
  int fd;

  while ((fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
    screen_viewers_add (fd);
}

/* The helper hands QEMU the other ends of connections that were made here: QEMU believes who has
 * made them. They take the place of what was there before: the D-Bus display first, then VNC. */
static void
on_control (int listener)
{
  static void (*const begin[]) (int fd) = { screen_qemu_begin, screen_pointer_begin };
  const int to = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  int pair[2];

  for (int i = 0; to >= 0 && i < 2; i++)
    {
      if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        break;
      if (vmh_wire_send (to, "", 1, pair[1], 0) == 1)
        begin[i](pair[0]);
      else
        close (pair[0]);
      close (pair[1]);
    }
  if (to >= 0)
    close (to);
}

/* ---- what it may do from here on ---- */

/* What is not in the list is refused: no file is opened, nothing is begun, and no other process is
 * reached, QEMU's own neither. */
static void
lock (void)
{
  static const unsigned allowed[] = {
    SYS_read,
    SYS_write,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_fcntl,
    SYS_ftruncate,
    SYS_recvmsg,
    SYS_recvfrom,
    SYS_sendmsg,
    SYS_sendto,
    SYS_accept4,
    SYS_socketpair,
    SYS_memfd_create,
    SYS_ppoll,
    SYS_getuid,
    SYS_futex,
    SYS_exit_group,
    SYS_clock_gettime,
    SYS_rt_sigreturn,
    SYS_exit,
#ifdef SYS_poll
    SYS_poll,
#endif
    SYS_restart_syscall,
  };
  enum
  {
    N = sizeof allowed / sizeof allowed[0]
  };
  struct sock_filter code[N + 6];
  const struct sock_fprog program = { N + 6, code };
  unsigned at = 0;

  /* Another architecture's numbers mean others. */
  code[at++] =
      (struct sock_filter)BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch));
  code[at++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
  code[at++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  code[at++] =
      (struct sock_filter)BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr));
  for (unsigned i = 0; i < N; i++)
    code[at++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
                                               (unsigned char)(N - i), 0);
  code[at++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  code[at++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
      prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
    {
      screen_log ("it cannot be locked in: %s", strerror (errno));
      exit (EXIT_FAILURE);
    }
}

/* Few, and each turn anew. */
static unsigned
list (struct pollfd *fds, int viewers, int control)
{
  int some[SCREEN_MAX_VIEWERS];
  bool writes[SCREEN_MAX_VIEWERS];
  const bool room = screen_qemu_has_room ();
  unsigned n = 0, looking;

  fds[n++] = (struct pollfd){ viewers, POLLIN, 0 };
  fds[n++] = (struct pollfd){ control, POLLIN, 0 };
  screen_qemu_get_fds (some, writes);
  for (unsigned i = 0; i < 2; i++)
    if (some[i] >= 0)
      fds[n++] = (struct pollfd){ some[i], (short)(POLLIN | (writes[i] ? POLLOUT : 0)), 0 };
  if (screen_pointer_get_fd () >= 0)
    fds[n++] = (struct pollfd){ screen_pointer_get_fd (), POLLIN, 0 };
  looking = screen_viewers_list (some, writes);
  for (unsigned i = 0; i < looking; i++)
    fds[n++] =
        (struct pollfd){ some[i], (short)((room ? POLLIN : 0) | (writes[i] ? POLLOUT : 0)), 0 };
  return n;
}

static uint32_t
to_epoll (short events)
{
  return (events & POLLIN ? (uint32_t)EPOLLIN : 0) | (events & POLLOUT ? (uint32_t)EPOLLOUT : 0) |
         (events & (POLLHUP | POLLERR | POLLNVAL) ? (uint32_t)EPOLLHUP : 0);
}

static void
dispatch (int fd, uint32_t events)
{
  if (fd == screen_pointer_get_fd ())
    screen_pointer_on (events);
  else if (!screen_viewers_on (fd, events))
    screen_qemu_on (fd, events);
}

static int64_t
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* One look of QEMU's at the guest's screen comes in pieces. A window that is told of the first
 * draws it, and the others a sixtieth of a second later: viewers are told when none has come for a
 * moment, or for so long. Answers the microseconds until then; -1: there is nothing to tell. */
static int64_t
get_pause (unsigned *pieces)
{
  static int64_t first, last;
  static unsigned known;
  const int64_t time = now ();
  int64_t left;

  if (*pieces == 0)
    return -1;
  if (known == 0)
    first = time;
  if (*pieces != known)
    last = time;
  known = *pieces;
  left = (last + PIECE_US < first + PIECES_US ? last + PIECE_US : first + PIECES_US) - time;
  if (left > 0)
    return left;
  *pieces = known = 0;
  return 0;
}

static void __attribute__ ((noreturn)) serve (int viewers, int control)
{
  struct pollfd fds[5 + SCREEN_MAX_VIEWERS];
  int64_t pause = -1;

  signal (SIGPIPE, SIG_IGN);
  fcntl (viewers, F_SETFL, O_NONBLOCK);
  fcntl (control, F_SETFL, O_NONBLOCK);
  lock ();
  for (;;)
    {
      const unsigned n = list (fds, viewers, control);
      const int delay = screen_qemu_get_delay ();
      int64_t wait = delay < 0 ? -1 : (int64_t)delay * 1000;
      struct timespec time;

      if (pause >= 0 && (wait < 0 || pause < wait))
        wait = pause;
      time = (struct timespec){ .tv_sec = wait / 1000000, .tv_nsec = wait % 1000000 * 1000 };
      if (ppoll (fds, n, wait < 0 ? NULL : &time, NULL) < 0 && errno != EINTR)
        exit (EXIT_FAILURE);
      screen_qemu_due ();
      if (fds[0].revents)
        on_viewer (viewers);
      for (unsigned i = 2; i < n; i++)
        if (fds[i].revents)
          dispatch (fds[i].fd, to_epoll (fds[i].revents));
      if (fds[1].revents)
        on_control (control);
      pause = get_pause (&screen_state.pieces);
      if (pause <= 0)
        screen_viewers_flush ();
    }
}

/* Nothing of QEMU's is open here, and nothing of ours there: a disk, a line or a socket would look
 * as if it were still in use when QEMU has ended. */
static void
close_others (int one, int other)
{
  const unsigned low = (unsigned)(one < other ? one : other);
  const unsigned high = (unsigned)(one < other ? other : one);

  if (low > 3)
    close_range (3, low - 1, 0);
  if (high > low + 1)
    close_range (low + 1, high - 1, 0);
  close_range (high + 1, ~0u, 0);
}

int
main (int argc, char **argv)
{
  const int viewers = argc > 3 ? atoi (argv[1]) : -1, control = argc > 3 ? atoi (argv[2]) : -1;

  if (viewers < 3 || control < 3)
    {
      fputs ("vmm-screen: which sockets, and what is to be begun?\n", stderr);
      return EXIT_FAILURE;
    }
  switch (fork ())
    {
    case 0:
      close_others (viewers, control);
      serve (viewers, control);
    case -1:
      fputs ("vmm-screen: there is no process more\n", stderr);
      break;
    default:
      break;
    }
  close (viewers);
  close (control);
  execv (argv[3], argv + 3);
  fprintf (stderr, "vmm-screen: cannot run %s: %s\n", argv[3], strerror (errno));
  return 127;
}
