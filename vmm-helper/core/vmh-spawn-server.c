/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The spawn server: forks when it is told to, and tells which child has ended. It never has a file
 * of anybody's, so nothing that it closes or inherits can hold it up. System calls only. */
#include "vmh-spawn-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "vmh-wire.h"

static void
tell (int control, const VmhSpawnNews *news, int fd)
{
  if (vmh_wire_send (control, news, sizeof *news, fd, 0) < 0)
    _exit (0); /* nobody to serve */
}

static void
spawn (int control, int signals)
{
  VmhSpawnNews news = { 0 };
  int channel, pidfd = -1;
  char byte;
  pid_t pid;

  if (vmh_wire_receive (control, &byte, 1, &channel, MSG_CMSG_CLOEXEC) <= 0)
    _exit (0);
  pid = channel < 0 ? -1 : fork ();
  if (pid == 0)
    {
      close (control);
      close (signals);
      vmh_spawn_child (channel);
    }
  news.status = errno;
  if (pid > 0)
    pidfd = (int)syscall (SYS_pidfd_open, pid, 0);
  if (pidfd >= 0)
    news.pid = pid;
  else if (pid > 0)
    {
      news.status = errno;
      kill (pid, SIGKILL);
    }
  if (channel >= 0)
    close (channel);
  tell (control, &news, pidfd);
  if (pidfd >= 0)
    close (pidfd);
}

static void
reap (int control, int signals)
{
  struct signalfd_siginfo info;
  int status;
  pid_t pid;

  while (read (signals, &info, sizeof info) > 0)
    ;
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    tell (control, &(VmhSpawnNews){ pid, status, 1 }, -1);
}

static void
settle (int control)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  struct rlimit files;

  prctl (PR_SET_NAME, "vmm-spawn");
  /* A terminal's Ctrl+C is for the helper; who ends the helper ends us, by the socket's end. */
  setsid ();
  /* Or, where a thread of the helper's that hangs keeps the socket open, by its main thread's. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  signal (SIGTERM, SIG_IGN);
  for (int i = 0; i < 2; i++)
    dup2 (null, i);
  /* Of what was open, the errors' and our socket stay. */
  if (control != 3)
    dup3 (control, 3, O_CLOEXEC);
  close_range (4, ~0u, 0);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    {
      files.rlim_cur = files.rlim_max;
      setrlimit (RLIMIT_NOFILE, &files);
    }
}

void
vmh_spawn_serve (int control)
{
  struct pollfd fds[2] = { 0 };
  sigset_t child;

  settle (control);
  sigemptyset (&child);
  sigaddset (&child, SIGCHLD);
  sigprocmask (SIG_SETMASK, &child, NULL);
  fds[0] = (struct pollfd){ .fd = 3, .events = POLLIN };
  fds[1].fd = signalfd (-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  fds[1].events = POLLIN;
  for (;;)
    {
      if (poll (fds, 2, -1) < 0 && errno != EINTR)
        _exit (1);
      if (fds[1].revents != 0)
        reap (3, fds[1].fd);
      if (fds[0].revents != 0)
        spawn (3, fds[1].fd);
    }
}
