/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* vmm-shim: the parent of one guest's QEMU. Outlives the helper, and holds what must not end with
 * it: the guest's serial lines with their viewers, the log, the exit status. Runs as the guest's
 * own uid; knows nothing of QEMU, and opens no file: everything comes as an inherited fd.
 *
 *   vmm-shim --control FD --peer UID --exit FD --log FD --old-log FD [--line NAME FD]…
 *            [--net NAME FD]… [--net-command ARG]… [--hold FD]
 *            [--beside NAME [--beside-fd FD]… [--beside-arg ARG]…]… -- COMMAND…
 *
 * What is to be held is kept open and nothing else.
 * Every other inherited fd goes to COMMAND alone. */
#include "vmm-shim-private.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CONTROLS 8
#define LOG_SIZE     (1024 * 1024)

static struct shim_source controls[MAX_CONTROLS];
static struct shim_source listener = { SHIM_LISTEN, -1, 0 }, log_pipe = { SHIM_LOG, -1, 0 },
                          signals = { SHIM_SIGNAL, -1, 0 };
static int poller = -1, exit_fd = -1, log_fd = -1, old_log_fd = -1, log_writer = -1, held_fd = -1;
static uid_t peer_uid;
static off_t log_size;

void
shim_fail (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  fputs ("vmm-shim: ", stderr);
  vfprintf (stderr, format, args);
  fputc ('\n', stderr);
  va_end (args);
  exit (1);
}

void
shim_watch (struct shim_source *source, uint32_t events)
{
  struct epoll_event event = { .events = events, .data.ptr = source };

  if (source->events == events)
    return;
  if (epoll_ctl (poller, source->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, source->fd, &event) < 0)
    shim_fail ("epoll_ctl: %s", strerror (errno));
  source->events = events;
}

void
shim_drop (struct shim_source *source)
{
  if (source->fd < 0)
    return;
  /* Whoever passed it may still hold it, and then closing alone would not take it out. */
  if (source->events)
    epoll_ctl (poller, EPOLL_CTL_DEL, source->fd, NULL);
  close (source->fd);
  source->fd = -1;
  source->events = 0;
}

/* ---- log ---- */

/* One old generation is kept: the log is copied over it and begins anew. */
static void
log_rotate (void)
{
  char buffer[SHIM_CHUNK];
  off_t at = 0;
  ssize_t n;

  if (ftruncate (old_log_fd, 0) < 0)
    return;
  while ((n = pread (log_fd, buffer, sizeof buffer, at)) > 0)
    {
      if (pwrite (old_log_fd, buffer, (size_t)n, at) != n)
        break;
      at += n;
    }
  if (ftruncate (log_fd, 0) == 0)
    log_size = 0;
}

/* A full disk costs log lines, never the guest. */
static void
log_append (const char *text, ssize_t n)
{
  if (log_size + n > LOG_SIZE)
    log_rotate ();
  if (log_size + n > LOG_SIZE)
    return;
  n = pwrite (log_fd, text, (size_t)n, log_size);
  if (n > 0)
    log_size += n;
}

void
shim_log (const char *format, ...)
{
  char text[512];
  va_list args;
  int n;

  va_start (args, format);
  n = vsnprintf (text, sizeof text, format, args);
  va_end (args);
  if (n > 0)
    log_append (text, n < (int)sizeof text ? n : (int)sizeof text - 1);
}

static void
on_log (void)
{
  char buffer[SHIM_CHUNK];
  ssize_t n = read (log_pipe.fd, buffer, sizeof buffer);

  if (shim_is_again (n))
    return;
  if (n <= 0)
    {
      shim_drop (&log_pipe);
      return;
    }
  log_append (buffer, n);
}

/* ---- control ---- */

/* The one fd that a request comes with; with more or fewer, all are closed. */
static int
take_fd (struct msghdr *message)
{
  struct cmsghdr *header = CMSG_FIRSTHDR (message);
  int fds[4] = { -1, -1, -1, -1 };
  size_t n;

  if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
    return -1;
  n = (header->cmsg_len - CMSG_LEN (0)) / sizeof (int);
  memcpy (fds, CMSG_DATA (header), (n < 4 ? n : 4) * sizeof (int));
  if (n == 1 && !(message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
    return fds[0];
  for (int i = 0; i < 4; i++)
    if (fds[i] >= 0)
      close (fds[i]);
  return -1;
}

static void
on_control (struct shim_source *control)
{
  struct vmm_shim_request request;
  union
  {
    struct cmsghdr align;
    char space[CMSG_SPACE (sizeof (int))]; /* holds two, by its alignment */
  } space;
  struct iovec part = { &request, sizeof request };
  struct msghdr message = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = space.space,
                            .msg_controllen = sizeof space.space };
  ssize_t n = recvmsg (control->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  int32_t answer = EINVAL;
  int fd;

  if (shim_is_again (n))
    return;
  if (n <= 0)
    {
      shim_drop (control);
      return;
    }
  fd = take_fd (&message);
  if (n == sizeof request && fd >= 0 && memchr (request.name, '\0', sizeof request.name))
    answer = request.flags == VMM_SHIM_FLAG_NET     ? shim_net_plug (&request, fd)
             : request.flags == VMM_SHIM_FLAG_COUNT ? shim_net_count (&request, fd)
             : request.flags == VMM_SHIM_FLAG_LIMIT ? shim_net_limit (&request, fd)
                                                    : shim_lines_view (&request, fd);
  if (answer != 0 && fd >= 0)
    close (fd);
  if (send (control->fd, &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof answer)
    shim_drop (control);
}

static void
on_listen (void)
{
  int fd = accept4 (listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct ucred peer = { .uid = (uid_t)-1 };
  socklen_t size = sizeof peer;

  if (fd < 0)
    return;
  for (int i = 0; i < MAX_CONTROLS; i++)
    if (controls[i].fd < 0 && getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
        peer.uid == peer_uid)
      {
        controls[i] = (struct shim_source){ SHIM_CONTROL, fd, 0 };
        shim_watch (&controls[i], EPOLLIN);
        return;
      }
  close (fd);
}

/* ---- the child ---- */

/* What QEMU said last must be in the log, and on the lines, before its end is told. */
static void
drain (void)
{
  /* bounded: something may still hold the pipe and write */
  for (int i = 0; i < LOG_SIZE / SHIM_CHUNK && log_pipe.fd >= 0; i++)
    on_log ();
  shim_lines_drain ();
}

static void
on_signal (pid_t child)
{
  struct signalfd_siginfo info;
  char text[64 + VMM_SHIM_TAIL];
  int status, length;
  pid_t ended = 0;

  if (read (signals.fd, &info, sizeof info) < 0)
    return;
  while (ended != child && (ended = waitpid (-1, &status, WNOHANG)) > 0)
    if (!shim_net_reap (ended, status))
      shim_beside_reap (ended, status);
  if (ended != child)
    return;
  shim_net_end ();
  shim_beside_end ();
  drain ();
  if (WIFEXITED (status))
    length = snprintf (text, sizeof text, "exit %d\n", WEXITSTATUS (status));
  else
    length = snprintf (text, sizeof text, "signal %d\n", WTERMSIG (status));
  length += (int)shim_lines_tail (text + length, VMM_SHIM_TAIL);
  if (pwrite (exit_fd, text, (size_t)length, 0) != length)
    shim_fail ("cannot write the exit status: %s", strerror (errno));
  exit (0);
}

pid_t
shim_fork (void)
{
  sigset_t none;
  pid_t child = fork ();

  if (child != 0)
    return child;
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
  if (dup2 (log_writer, 1) < 0 || dup2 (log_writer, 2) < 0)
    _exit (126);
  return 0;
}

static pid_t
spawn (char **command)
{
  int pipe_fds[2];
  pid_t child;

  if (pipe2 (pipe_fds, O_CLOEXEC) < 0)
    shim_fail ("pipe: %s", strerror (errno));
  log_pipe.fd = pipe_fds[0];
  log_writer = pipe_fds[1];
  shim_beside_start ();
  child = shim_fork ();
  if (child < 0)
    shim_fail ("fork: %s", strerror (errno));
  if (child == 0)
    {
      execv (command[0], command);
      dprintf (2, "vmm-shim: cannot run %s: %s\n", command[0], strerror (errno));
      _exit (127);
    }
  return child;
}

static int
compare_fds (const void *a, const void *b)
{
  return *(const int *)a - *(const int *)b;
}

/* The guest's disks and sockets are not ours to hold: a socket would look alive after QEMU died. */
static void
close_others (void)
{
  int keep[SHIM_MAX_LINES + SHIM_MAX_NETS + 8], n = shim_lines_get_fds (keep);
  int from = 3;

  n += shim_net_get_fds (keep + n);
  keep[n++] = listener.fd;
  keep[n++] = log_pipe.fd;
  keep[n++] = log_writer;
  keep[n++] = exit_fd;
  keep[n++] = log_fd;
  keep[n++] = old_log_fd;
  if (held_fd >= 0)
    keep[n++] = held_fd;
  qsort (keep, (size_t)n, sizeof keep[0], compare_fds);
  for (int i = 0; i < n; i++)
    {
      if (keep[i] > from)
        close_range ((unsigned)from, (unsigned)keep[i] - 1, 0);
      from = keep[i] + 1;
    }
  close_range ((unsigned)from, ~0u, 0);
}

/* ---- start ---- */

static int
parse_number (const char *text)
{
  char *end;
  long value;

  errno = 0;
  value = text ? strtol (text, &end, 10) : -1;
  if (!text || errno || end == text || *end || value < 0 || value > INT32_MAX)
    shim_fail ("not a number: %s", text ? text : "(nothing)");
  return (int)value;
}

static int
parse_fd (const char *text)
{
  int fd = parse_number (text);

  if (fd < 3 || fcntl (fd, F_SETFD, FD_CLOEXEC) < 0)
    shim_fail ("not an open file: %s", text);
  return fd;
}

static char **
parse (char **argv)
{
  char **arg = argv + 1;

  for (; *arg && strcmp (*arg, "--") != 0; arg += 2)
    {
      if (strcmp (*arg, "--control") == 0)
        listener.fd = parse_fd (arg[1]);
      else if (strcmp (*arg, "--peer") == 0)
        peer_uid = (uid_t)strtoul (arg[1] ? arg[1] : "", NULL, 10);
      else if (strcmp (*arg, "--exit") == 0)
        exit_fd = parse_fd (arg[1]);
      else if (strcmp (*arg, "--log") == 0)
        log_fd = parse_fd (arg[1]);
      else if (strcmp (*arg, "--old-log") == 0)
        old_log_fd = parse_fd (arg[1]);
      else if (strcmp (*arg, "--hold") == 0)
        held_fd = parse_fd (arg[1]);
      else if (strcmp (*arg, "--line") == 0)
        {
          shim_lines_add (arg[1], parse_fd (arg[1] ? arg[2] : NULL));
          arg++;
        }
      else if (strcmp (*arg, "--net") == 0)
        {
          shim_net_add (arg[1], parse_fd (arg[1] ? arg[2] : NULL));
          arg++;
        }
      else if (strcmp (*arg, "--net-command") == 0)
        shim_net_add_arg (arg[1]);
      else if (strcmp (*arg, "--beside") == 0)
        shim_beside_add (arg[1]);
      else if (strcmp (*arg, "--beside-arg") == 0)
        shim_beside_add_arg (arg[1]);
      else if (strcmp (*arg, "--beside-fd") == 0)
        shim_beside_add_fd (parse_fd (arg[1]));
      else
        shim_fail ("unknown option %s", *arg);
    }
  if (!*arg || !arg[1])
    shim_fail ("no command");
  if (listener.fd < 0 || exit_fd < 0 || log_fd < 0 || old_log_fd < 0)
    shim_fail ("--control, --exit, --log and --old-log are needed");
  return arg + 1;
}

static void
dispatch (struct epoll_event *event, pid_t child)
{
  struct shim_source *source = event->data.ptr;

  switch (source->kind)
    {
    case SHIM_LISTEN:
      on_listen ();
      break;
    case SHIM_CONTROL:
      on_control (source);
      break;
    case SHIM_LINE:
      shim_on_line (source, event->events);
      break;
    case SHIM_VIEWER:
      shim_on_viewer (source, event->events);
      break;
    case SHIM_NET:
      shim_on_net (source, event->events);
      break;
    case SHIM_LOG:
      on_log ();
      break;
    case SHIM_SIGNAL:
      on_signal (child);
      break;
    default:
      break;
    }
}

int
main (int argc __attribute__ ((unused)), char **argv)
{
  char **command = parse (argv);
  struct epoll_event event;
  struct stat facts;
  sigset_t set;
  pid_t child;

  for (int i = 0; i < MAX_CONTROLS; i++)
    controls[i].fd = -1;
  if (fstat (log_fd, &facts) == 0)
    log_size = facts.st_size;
  signal (SIGPIPE, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  sigprocmask (SIG_BLOCK, &set, NULL);
  child = spawn (command);
  close_others ();
  signals.fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  poller = epoll_create1 (EPOLL_CLOEXEC);
  if (signals.fd < 0 || poller < 0)
    shim_fail ("cannot wait for anything: %s", strerror (errno));
  fcntl (listener.fd, F_SETFL, O_NONBLOCK);
  listen (listener.fd, MAX_CONTROLS); /* again: SO_PEERCRED names us, and not who made it */
  fcntl (log_pipe.fd, F_SETFL, O_NONBLOCK);
  shim_watch (&listener, EPOLLIN);
  shim_watch (&log_pipe, EPOLLIN);
  shim_watch (&signals, EPOLLIN);
  shim_lines_start ();
  for (;;)
    {
      int n;

      shim_net_start_due ();
      /* One at a time, so that what a handler closes cannot come up in the same batch. */
      n = epoll_wait (poller, &event, 1, shim_net_get_timeout ());
      if (n == 1)
        dispatch (&event, child);
      else if (n < 0 && errno != EINTR)
        shim_fail ("epoll_wait: %s", strerror (errno));
    }
}
