/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns fork and exec. Between the two only system calls are made: other threads of GLib's may hold
 * any lock when we fork. */
#include "qemu/vmh-launch.h"

#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MAX_FILES     4096 /* open files of the program */
#define MAX_PROCESSES 4096 /* threads of its uid, where that is its own: vCPUs, I/O workers */

typedef struct
{
  int number, fd;
} Slot;

struct _VmhLaunch
{
  int program;
  uid_t uid;
  gid_t gid;
  GPtrArray *args;
  GArray *slots; /* Slot */
};

VmhLaunch *
vmh_launch_new (int program_fd, uid_t uid, gid_t gid)
{
  VmhLaunch *launch = g_new0 (VmhLaunch, 1);

  launch->program = program_fd;
  launch->uid = uid;
  launch->gid = gid;
  launch->args = g_ptr_array_new_with_free_func (g_free);
  launch->slots = g_array_new (FALSE, FALSE, sizeof (Slot));
  return launch;
}

static void
close_all (VmhLaunch *launch)
{
  for (guint i = 0; i < launch->slots->len; i++)
    vmh_clear_fd (&g_array_index (launch->slots, Slot, i).fd);
  vmh_clear_fd (&launch->program);
}

void
vmh_launch_free (VmhLaunch *launch)
{
  close_all (launch);
  g_ptr_array_unref (launch->args);
  g_array_unref (launch->slots);
  g_free (launch);
}

void
vmh_launch_add_arg (VmhLaunch *launch, const char *arg)
{
  g_ptr_array_add (launch->args, g_strdup (arg));
}

void
vmh_launch_set_fd (VmhLaunch *launch, int number, int fd)
{
  Slot slot = { number, fd };

  g_return_if_fail (number >= 2 && fd >= 0);
  g_array_append_val (launch->slots, slot);
}

static int
compare_slots (gconstpointer a, gconstpointer b)
{
  return ((const Slot *)a)->number - ((const Slot *)b)->number;
}

/* ---- in the child ---- */

static void __attribute__ ((noreturn)) die (const char *what)
{
  const char *why = strerrordesc_np (errno); /* a constant: takes no lock, allocates nothing */

  if (write (2, what, strlen (what)) < 0 || write (2, ": ", 2) < 0 ||
      write (2, why, strlen (why)) < 0 || write (2, "\n", 1) < 0)
    _exit (126);
  _exit (127);
}

/* Every fd to its number, all others closed. Slots are sorted. */
static void
child_files (Slot *slots, guint n, int *program)
{
  int last = n > 0 ? MAX (slots[n - 1].number, 2) : 2;
  int null, next = 3;

  /* First out of the way of all numbers, then each to its own. */
  *program = fcntl (*program, F_DUPFD_CLOEXEC, last + 1);
  for (guint i = 0; i < n; i++)
    slots[i].fd = fcntl (slots[i].fd, F_DUPFD_CLOEXEC, last + 1);
  null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i <= 2; i++)
    if (dup2 (null, i) < 0)
      _exit (126);
  for (guint i = 0; i < n; i++)
    {
      if (slots[i].number > next)
        close_range ((guint)next, (guint)slots[i].number - 1, 0);
      if (dup2 (slots[i].fd, slots[i].number) < 0)
        die ("Cannot pass a file");
      next = MAX (slots[i].number + 1, 3);
    }
  close_range ((guint)last + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  if (*program < 0)
    die ("Too many files");
}

static void
child_limit (int resource, rlim_t most)
{
  struct rlimit limit;

  if (getrlimit (resource, &limit) < 0)
    return;
  limit.rlim_max = MIN (limit.rlim_max, most);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (resource, &limit);
}

/* glibc's own wrappers would signal the other threads, which are not here. */
static void
child_become (const VmhLaunch *launch, gboolean root)
{
  child_limit (RLIMIT_CORE, 0); /* a core is the guest's memory */
  child_limit (RLIMIT_NOFILE, MAX_FILES);
  if (root && launch->uid != 0)
    {
      child_limit (RLIMIT_NPROC, MAX_PROCESSES);
      if (syscall (SYS_setgroups, 0, NULL) < 0 ||
          syscall (SYS_setresgid, launch->gid, launch->gid, launch->gid) < 0 ||
          syscall (SYS_setresuid, launch->uid, launch->uid, launch->uid) < 0)
        die ("Cannot become the machine's own user");
    }
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    die ("Cannot give up new privileges");
}

static void __attribute__ ((noreturn)) child (VmhLaunch *launch, int go, gboolean root)
{
  static char *const environment[] = { (char *)"PATH=/usr/bin", (char *)"LC_ALL=C.UTF-8", NULL };
  sigset_t none;
  char byte;
  int program = launch->program;

  for (int i = 1; i < NSIG; i++)
    signal (i, SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  if (setsid () < 0 || chdir ("/") < 0)
    _exit (126);
  umask (0077);
  if (read (go, &byte, 1) != 1) /* the parent changed its mind, or is dead */
    _exit (125);
  child_files ((Slot *)(void *)launch->slots->data, launch->slots->len, &program);
  child_become (launch, root);
  syscall (SYS_execveat, program, "", launch->args->pdata, environment, AT_EMPTY_PATH);
  die ("Cannot run the shim");
}

/* ---- in the parent ---- */

pid_t
vmh_launch_run (VmhLaunch *launch, VmhLaunchFunc func, gpointer data, GError **error)
{
  VMH_AUTOFD go_read = -1;
  VMH_AUTOFD go_write = -1;
  sigset_t all, before;
  int fds[2];
  pid_t pid;

  g_ptr_array_add (launch->args, NULL);
  g_array_sort (launch->slots, compare_slots);
  if (pipe2 (fds, O_CLOEXEC) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "pipe: %s", g_strerror (errno));
      return 0;
    }
  go_read = fds[0];
  go_write = fds[1];
  sigfillset (&all); /* a handler of ours must not run in the child */
  pthread_sigmask (SIG_SETMASK, &all, &before);
  pid = fork ();
  if (pid == 0)
    {
      close (go_write);
      child (launch, go_read, geteuid () == 0);
    }
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  close_all (launch);
  if (pid < 0)
    g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
                 _ ("Cannot start another process: %s. End some programs and try again."),
                 g_strerror (errno));
  else if (!func || func (pid, data, error))
    {
      if (write (go_write, "", 1) == 1)
        return pid;
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "pipe: %s", g_strerror (errno));
    }
  return 0;
}
