/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A child of the spawn server: takes its order and its files over its socket, becomes who it is to
 * be, and then runs a program, or opens, removes or looks at files that may never answer. Whatever
 * holds it up holds up nobody else. */
#include "vmh-spawn-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "vmh-wire.h"

G_STATIC_ASSERT (RLIM_INFINITY == G_MAXUINT64);

#define MAX_FILES     4096 /* open files of a program */
#define MAX_PROCESSES 4096 /* threads of its uid, where that is its own: vCPUs, I/O workers */

/* The only child there is here. */
static int channel;
static VmhSpawnOrder order;
static char bytes[VMH_SPAWN_MAX_BYTES + 1];
static char *texts[VMH_SPAWN_MAX_TEXTS + 1];
static gint32 numbers[VMH_SPAWN_MAX_FDS];

static void G_GNUC_NORETURN
answer (int code, int found, int fd)
{
  VmhSpawnAnswer said = { code, found };

  _exit (vmh_wire_send (channel, &said, sizeof said, fd, 0) < 0 || code != 0 ? 127 : 0);
}

/* Why a program was not started: for the helper, and for the program's own log. */
static void G_GNUC_NORETURN
die (const char *what)
{
  int code = errno;

  dprintf (2, "%s: %s\n", what, strerrordesc_np (code));
  answer (code, -1, -1);
}

/* ---- taking the order ---- */

static size_t
receive (void *buffer, size_t size, int *out_fd)
{
  ssize_t n = vmh_wire_receive (channel, buffer, size, out_fd, 0);

  if (n <= 0) /* the helper changed its mind, or is dead */
    _exit (125);
  return (size_t)n;
}

static void
receive_texts (void)
{
  size_t have = 0;
  char *at = bytes;

  if (order.n_bytes > VMH_SPAWN_MAX_BYTES || order.n_texts > VMH_SPAWN_MAX_TEXTS)
    _exit (126);
  while (have < order.n_bytes)
    have += receive (bytes + have, order.n_bytes - have, NULL);
  for (guint i = 0; i < order.n_texts; i++)
    {
      texts[i] = at;
      at = memchr (at, '\0', (size_t)(bytes + have - at));
      if (at++ == NULL)
        _exit (126);
    }
}

/* Each fd arrives at the very number it is to have, for all below are taken: none has to be moved,
 * which would close it at its first place, and to close a file may take for ever. What fills the
 * numbers is not passed on. */
static void
receive_fds (void)
{
  const int last = order.n_fds > 0 ? MAX (numbers[order.n_fds - 1], 2) : 2;
  int null, next = 3;

  channel = fcntl (channel, F_DUPFD_CLOEXEC, last + 2);
  null = channel < 0 ? -1 : fcntl (0, F_DUPFD_CLOEXEC, last + 1);
  if (null < 0)
    _exit (126);
  close_range (3, (guint)last, 0);
  dup2 (null, 2);
  for (guint i = 0; i < order.n_fds; i++)
    {
      char byte;
      int fd;

      for (; next < numbers[i]; next++)
        dup3 (null, next, O_CLOEXEC);
      if (numbers[i] < 3)
        close (numbers[i]);
      receive (&byte, 1, &fd);
      if (fd != numbers[i])
        _exit (126);
      next = MAX (fd + 1, 3);
    }
  close (null);
}

/* ---- becoming ---- */

static void
limit (int resource, rlim_t most)
{
  struct rlimit now;

  if (getrlimit ((__rlimit_resource_t)resource, &now) < 0)
    return;
  now.rlim_max = MIN (now.rlim_max, most);
  now.rlim_cur = now.rlim_max;
  setrlimit ((__rlimit_resource_t)resource, &now);
}

/* The one that was named, or none. */
static int
set_groups (void)
{
  const gid_t group = order.group;

  return setgroups (group != 0, &group);
}

static void
become (void)
{
  const struct passwd *person = NULL;

  if (order.who == VMH_SPAWN_PERSON)
    {
      person = getpwuid (order.uid);
      if (person == NULL)
        answer (ESRCH, -1, -1);
      order.gid = person->pw_gid;
    }
  if (order.who == VMH_SPAWN_SELF)
    return;
  if (order.who == VMH_SPAWN_NUMBER && order.act == VMH_SPAWN_RUN)
    limit (RLIMIT_NPROC, MAX_PROCESSES);
  if (order.locks > 0) /* where that is refused the program says that it cannot lock */
    setrlimit (RLIMIT_MEMLOCK, &(struct rlimit){ order.locks, order.locks });
  if ((person != NULL ? initgroups (person->pw_name, person->pw_gid) : set_groups ()) < 0 ||
      setresgid (order.gid, order.gid, order.gid) < 0 ||
      setresuid (order.uid, order.uid, order.uid) < 0)
    die ("Cannot become another user");
}

/* ---- doing ---- */

static void G_GNUC_NORETURN
run (void)
{
  static char *const environment[] = { (char *)"PATH=/usr/bin", (char *)"LC_ALL=C.UTF-8", NULL };

  limit (RLIMIT_CORE, 0); /* a core is the guest's memory */
  limit (RLIMIT_NOFILE, MAX_FILES);
  if (order.memory > 0)
    limit (RLIMIT_AS, order.memory);
  become ();
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    die ("Cannot give up new privileges");
  if (order.flags < 0)
    execve (texts[0], texts + 1, environment);
  else if (fcntl (order.flags, F_SETFD, FD_CLOEXEC) == 0)
    syscall (SYS_execveat, order.flags, "", texts, environment, AT_EMPTY_PATH);
  die ("Cannot run the program");
}

/* Looks before it opens: to open a tape drive or a fifo has effects of its own. */
static void G_GNUC_NORETURN
open_image (const char *path, int flags)
{
  int look = open (path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW));
  struct stat st;
  char magic[32];
  int fd;

  if (look < 0 || fstat (look, &st) < 0)
    answer (errno, -1, -1);
  if (S_ISDIR (st.st_mode))
    answer (EISDIR, -1, -1);
  if (!S_ISREG (st.st_mode) && !S_ISBLK (st.st_mode))
    answer (ENOTBLK, -1, -1);
  snprintf (magic, sizeof magic, "/proc/self/fd/%d", look);
  fd = open (magic, (flags & ~O_NOFOLLOW) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    answer (errno, -1, -1);
  fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
  answer (0, -1, fd);
}

/* Who is told that a file is gone does not find it again after a power cut. Answers errno. */
static int
sync_folder_of (const char *path)
{
  g_autofree char *name = g_path_get_dirname (path);
  int folder = open (name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  /* One that its user may write and not read cannot be synced; not every file system syncs one. */
  if (folder < 0)
    return errno == EACCES || errno == ENOENT ? 0 : errno;
  return fsync (folder) < 0 && errno != EINVAL ? errno : 0;
}

static void G_GNUC_NORETURN
unlink_image (const char *path)
{
  struct stat st;
  int code;

  if (lstat (path, &st) < 0)
    code = errno;
  else if (!S_ISREG (st.st_mode))
    code = ENOTBLK;
  else
    code = unlink (path) < 0 ? errno : 0;
  /* One that is not there may have been removed just before the power went. */
  if (code == 0 || code == ENOENT)
    code = sync_folder_of (path);
  answer (code, -1, -1);
}

static gboolean
same_file (const struct stat *a, const struct stat *b)
{
  if (S_ISBLK (a->st_mode) || S_ISBLK (b->st_mode))
    return S_ISBLK (a->st_mode) && S_ISBLK (b->st_mode) && a->st_rdev == b->st_rdev;
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void G_GNUC_NORETURN
find (void)
{
  struct stat file, other;

  if (fstat (3, &file) < 0)
    answer (errno, -1, -1);
  for (guint i = 0; i < order.n_texts; i++)
    if (stat (texts[i], &other) == 0 && same_file (&file, &other))
      answer (0, (int)i, -1);
  answer (0, -1, -1);
}

static void G_GNUC_NORETURN
look_for_locks (void)
{
  for (guint i = 0; i < order.n_texts; i++)
    {
      struct flock lock = { .l_type = F_WRLCK, .l_start = atol (texts[i]), .l_len = 1 };

      if (fcntl (3, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
        answer (0, (int)i, -1);
    }
  answer (0, -1, -1);
}

void
vmh_spawn_child (int socket)
{
  sigset_t none;

  channel = socket;
  prctl (PR_SET_NAME, "vmm-spawned");
  for (int i = 1; i < NSIG; i++)
    signal (i, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  if (setsid () < 0 || chdir ("/") < 0)
    _exit (126);
  umask (0077);
  if (receive (&order, sizeof order, NULL) != sizeof order)
    _exit (126);
  receive_texts ();
  if (order.n_fds > VMH_SPAWN_MAX_FDS)
    _exit (126);
  if (order.n_fds > 0)
    receive (numbers, order.n_fds * sizeof numbers[0], NULL);
  receive_fds ();
  if (order.act == VMH_SPAWN_RUN)
    run ();
  become ();
  if (order.act == VMH_SPAWN_OPEN)
    open_image (texts[0], order.flags);
  if (order.act == VMH_SPAWN_UNLINK)
    unlink_image (texts[0]);
  if (order.act == VMH_SPAWN_FIND)
    find ();
  if (order.act == VMH_SPAWN_LOCKED)
    look_for_locks ();
  if (order.act == VMH_SPAWN_DRIVER)
    answer (vmh_spawn_set_driver (channel, texts, order.n_texts), -1, -1);
  _exit (126);
}
