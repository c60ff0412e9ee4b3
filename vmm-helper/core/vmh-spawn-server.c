/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The spawn server: forks when it is told to, and tells which child has ended. It never has a file
 * of anybody's, so nothing that it closes or inherits can hold it up. When the helper ends, it ends
 * what is bound to it. System calls only. */
#include "vmh-spawn-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "vmh-wire.h"

#define END_MS 2000 /* for the bound ones; what hangs in the kernel is left to it */

/* ---- what ends with the helper ---- */

static pid_t bound[VMH_SPAWN_MAX_BOUND];
static int n_bound;

/* Each of our children leads a session, in which whatever it starts is: bubblewrap and QEMU make no
 * other. Those without a parent are our children, too (PR_SET_CHILD_SUBREAPER). */
static gboolean
is_bound (pid_t child, pid_t only)
{
  const pid_t session = getsid (child);

  for (int i = 0; i < n_bound; i++)
    if ((only == 0 || bound[i] == only) && (bound[i] == child || bound[i] == session))
      return TRUE;
  return FALSE;
}

/* All, or @only one's; FALSE where there was none. No pid here can have come to mean another
 * process: until it is reaped it stays a child's. */
static gboolean
kill_bound (pid_t only)
{
  static char text[256 * 1024]; /* a guest is a child as well */
  int file = open ("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  gboolean found = FALSE;
  size_t length = 0;
  ssize_t n;
  char *at = text, *end;

  while (file >= 0 && (n = read (file, text + length, sizeof text - 1 - length)) > 0)
    length += (size_t)n;
  if (file >= 0)
    close (file);
  text[length] = '\0';
  for (long pid = strtol (at, &end, 10); end != at; pid = strtol (at, &end, 10))
    {
      at = end;
      if (is_bound ((pid_t)pid, only) && kill ((pid_t)pid, SIGKILL) == 0)
        found = TRUE;
    }
  return found;
}

/* A child that a killed one leaves comes to us, and is seen in the next round. */
static void
end_bound (void)
{
  for (int waited = 0; n_bound > 0 && kill_bound (0) && waited < END_MS; waited++)
    {
      usleep (1000);
      while (waitpid (-1, NULL, WNOHANG) > 0)
        ;
    }
}

static void
forget_bound (pid_t ended)
{
  for (int i = 0; i < n_bound; i++)
    if (bound[i] == ended)
      {
        kill_bound (ended); /* what it has left */
        bound[i] = bound[--n_bound];
      }
}

/* ---- its life ---- */

/* What the helper wants to be let go when it is killed. */
static int kept[VMH_SPAWN_MAX_KEPT];
static int n_kept;

static void
let_go (void)
{
  for (int i = 0; i < n_kept; i++)
    if (shutdown (kept[i], SHUT_RDWR) < 0)
      flock (kept[i], LOCK_UN);
}

static void G_GNUC_NORETURN
leave (void)
{
  for (int i = 0; i < n_kept; i++)
    close (kept[i]);
  end_bound ();
  _exit (0);
}

static void
tell (int control, const VmhSpawnNews *news, int fd)
{
  if (vmh_wire_send (control, news, sizeof *news, fd, 0) < 0)
    leave (); /* nobody to serve */
}

static void
spawn (int control, int signals, int channel, gboolean bind)
{
  VmhSpawnNews news = { 0 };
  int pidfd = -1;
  pid_t pid = -1;

  errno = EAGAIN;
  if (channel >= 0 && (!bind || n_bound < VMH_SPAWN_MAX_BOUND))
    pid = fork ();
  if (pid == 0)
    {
      for (int i = 0; i < n_kept; i++)
        close (kept[i]);
      close (control);
      close (signals);
      vmh_spawn_child (channel);
    }
  news.status = errno;
  if (pid > 0 && bind)
    bound[n_bound++] = pid;
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
obey (int control, int signals)
{
  char byte;
  int fd;

  if (vmh_wire_receive (control, &byte, 1, &fd, MSG_CMSG_CLOEXEC) <= 0)
    leave ();
  if (byte == *VMH_SPAWN_FORK || byte == *VMH_SPAWN_BIND)
    spawn (control, signals, fd, byte == *VMH_SPAWN_BIND);
  else if (fd >= 0 && n_kept < VMH_SPAWN_MAX_KEPT)
    kept[n_kept++] = fd;
}

static void
see_signals (int control, int signals, pid_t helper)
{
  struct signalfd_siginfo info;
  int status;
  pid_t pid;

  while (read (signals, &info, sizeof info) > 0)
    if (info.ssi_signo == SIGTERM && info.ssi_pid == (guint32)helper)
      {
        let_go ();
        leave ();
      }
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    {
      forget_bound (pid);
      tell (control, &(VmhSpawnNews){ pid, status, 1 }, -1);
    }
}

static void
settle (int control)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  struct rlimit files;

  prctl (PR_SET_NAME, "vmm-spawn");
  /* A terminal's Ctrl+C is for the helper; who ends the helper ends us, by the socket's end. */
  setsid ();
  /* Or, where a thread of the helper's hangs and keeps the socket open, its main thread's end. That
   * is then the signal's sender. */
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  prctl (PR_SET_CHILD_SUBREAPER, 1);
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
  pid_t helper = getppid ();
  sigset_t wanted;

  sigemptyset (&wanted);
  sigaddset (&wanted, SIGCHLD);
  sigaddset (&wanted, SIGTERM);
  sigprocmask (SIG_SETMASK, &wanted, NULL);
  settle (control);
  fds[0] = (struct pollfd){ .fd = 3, .events = POLLIN };
  fds[1].fd = signalfd (-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  fds[1].events = POLLIN;
  for (;;)
    {
      if (poll (fds, 2, -1) < 0 && errno != EINTR)
        _exit (1);
      if (fds[1].revents != 0)
        see_signals (3, fds[1].fd, helper);
      if (fds[0].revents != 0)
        obey (3, fds[1].fd);
    }
}
