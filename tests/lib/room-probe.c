/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a process can do to files, sockets and other processes: says so, a line each, "OPENED" or
 * "DONE" where it could. Runs in QEMU's place, or beside it as its uid. Arguments: a path;
 * process=PID; room for the room itself. Knows nothing of who runs it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void
try_open (const char *path, int flags)
{
  int fd = open (path, flags | O_CLOEXEC, 0600);

  printf ("open %s %d: %s\n", path, flags, fd < 0 ? strerror (errno) : "OPENED");
  if (fd >= 0)
    close (fd);
}

static void
say (const char *what, int number, long result)
{
  printf ("%s %d: %s\n", what, number, result < 0 ? strerror (errno) : "DONE");
}

static void
list (const char *path)
{
  DIR *dir = opendir (path);
  struct dirent *entry;

  printf ("list %s:", path);
  while (dir && (entry = readdir (dir)))
    if (entry->d_name[0] != '.')
      printf (" %s", entry->d_name);
  printf ("\n");
  if (dir)
    closedir (dir);
}

static void
try_connect (const char *path)
{
  const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  strncpy (address.sun_path, path, sizeof address.sun_path - 1);
  for (int i = 0; i < 3; i++)
    {
      int fd = socket (AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      int result = fd < 0 ? -1 : connect (fd, (struct sockaddr *)&address, sizeof address);

      printf ("connect %s %d: %s\n", path, types[i], result < 0 ? strerror (errno) : "DONE");
      if (fd >= 0)
        close (fd);
    }
}

/* Its memory, what it has open, its control. */
static void
try_process (pid_t pid)
{
  static const char *const files[] = { "mem", "maps",   "environ", "root",      "cwd",     "exe",
                                       "fd",  "fdinfo", "ns/net",  "map_files", "syscall", "auxv" };
  char path[128], byte;
  struct iovec ours = { &byte, 1 }, theirs = { (void *)0x400000, 1 };
  struct rlimit limit;
  int pidfd;

  for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++)
    {
      snprintf (path, sizeof path, "/proc/%d/%s", pid, files[i]);
      try_open (path, O_RDONLY);
    }
  snprintf (path, sizeof path, "/proc/%d/mem", pid);
  try_open (path, O_RDWR);
  for (int fd = 0; fd < 64; fd++)
    {
      snprintf (path, sizeof path, "/proc/%d/fd/%d", pid, fd);
      try_open (path, O_RDONLY);
    }
  say ("signal 0", pid, kill (pid, 0));
  say ("signal CONT", pid, kill (pid, SIGCONT));
  say ("read", pid,
       process_vm_readv (pid, &ours, 1, &theirs, 1, 0) < 0 && errno == EFAULT
           ? 0
           : process_vm_readv (pid, &ours, 1, &theirs, 1, 0));
  say ("limits", pid, prlimit (pid, RLIMIT_NOFILE, NULL, &limit));
  say ("priority", pid, setpriority (PRIO_PROCESS, (id_t)pid, 19));
  pidfd = (int)syscall (SYS_pidfd_open, pid, 0);
  if (pidfd < 0)
    say ("pidfd", pid, -1); /* having one is no right yet */
  else
    {
      int fd = (int)syscall (SYS_pidfd_getfd, pidfd, 0, 0);

      say ("take fd", pid, fd);
      say ("signal by pidfd", pid, syscall (SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0));
      if (fd >= 0)
        close (fd);
      close (pidfd);
    }
  if (ptrace (PTRACE_SEIZE, pid, NULL, NULL) < 0)
    say ("trace", pid, -1);
  else
    {
      say ("trace", pid, 0);
      ptrace (PTRACE_INTERRUPT, pid, NULL, NULL);
      waitpid (pid, NULL, __WALL);
      ptrace (PTRACE_DETACH, pid, NULL, NULL);
    }
}

static void
try_path (const char *path)
{
  struct stat facts;

  try_open (path, O_RDONLY);
  try_open (path, O_RDWR);
  if (stat (path, &facts) < 0 || S_ISSOCK (facts.st_mode))
    try_connect (path);
}

static void
try_room (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (22),
                                 .sin_addr = { htonl (0x7f000001) } };
  int net;

  list ("/");
  list ("/dev");
  try_open ("/new", O_CREAT | O_WRONLY);
  try_open ("/dev/new", O_CREAT | O_WRONLY);
  try_open ("/usr/new", O_CREAT | O_WRONLY);
  say ("unshare", 0, unshare (CLONE_NEWUSER));
  say ("mount", 0, mount ("none", "/dev", "tmpfs", 0, NULL));
  say ("setuid", 0, setuid (0));
  printf ("ids: %d %d %d groups %d\n", getuid (), geteuid (), getpid (), getgroups (0, NULL));
  net = socket (AF_INET, SOCK_STREAM, 0);
  say ("connect", 22, net < 0 ? -1 : connect (net, (void *)&address, sizeof address));
  if (net >= 0)
    close (net);
  say ("kill parent", 0, kill (getppid () ? getppid () : 2, 0));
  printf ("fds:");
  for (int i = 0; i < 4096; i++)
    if (fcntl (i, F_GETFD) >= 0)
      printf (" %d", i);
  printf ("\n");
}

int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    {
      if (strcmp (argv[i], "room") == 0)
        try_room ();
      else if (strncmp (argv[i], "process=", 8) == 0)
        try_process (atoi (argv[i] + 8));
      else
        try_path (argv[i]);
    }
  printf ("END\n");
  return 0;
}
