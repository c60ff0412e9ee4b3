/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Programs beside the guest that each are a device of it, as its security chip: started before
 * QEMU, with a socket to it, and never again: QEMU takes no second one. They end with that socket;
 * a guest's end is told when they have ended, too, for the next start wants what they hold. */
#include "vmm-shim-private.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS    64
#define MAX_FDS     4
#define PATIENCE_MS 500 /* less than the helper waits for us */
#define MILLISECOND 1000

struct beside
{
  const char *name;
  char *command[MAX_ARGS + 1];
  int fds[MAX_FDS];
  int n_args, n_fds;
  pid_t child; /* 0: none runs */
};

static struct beside programs[SHIM_MAX_BESIDE];
static int n_programs;

void
shim_beside_add (const char *name)
{
  if (!name || n_programs == SHIM_MAX_BESIDE)
    shim_fail ("bad or too many programs beside the guest");
  programs[n_programs++].name = name;
}

static struct beside *
last (void)
{
  if (n_programs == 0)
    shim_fail ("there is no --beside before it");
  return &programs[n_programs - 1];
}

void
shim_beside_add_arg (char *arg)
{
  struct beside *program = last ();

  if (!arg || program->n_args == MAX_ARGS)
    shim_fail ("bad or too many arguments of %s", program->name);
  program->command[program->n_args++] = arg;
}

void
shim_beside_add_fd (int fd)
{
  struct beside *program = last ();

  if (program->n_fds == MAX_FDS)
    shim_fail ("too many files of %s", program->name);
  program->fds[program->n_fds++] = fd;
}

static bool
has_fd (const struct beside *program, int fd)
{
  for (int i = 0; i < program->n_fds; i++)
    if (program->fds[i] == fd)
      return true;
  return false;
}

/* In the child: nothing but its own, at the numbers that its arguments name. */
static void __attribute__ ((noreturn)) run (struct beside *program)
{
  int top = 2;

  for (int i = 0; i < program->n_fds; i++)
    if (program->fds[i] > top)
      top = program->fds[i];
  for (int fd = 3; fd <= top; fd++)
    if (!has_fd (program, fd))
      close (fd);
    else if (fcntl (fd, F_SETFD, 0) < 0)
      _exit (126);
  close_range ((unsigned)top + 1, ~0u, 0);
  setpgid (0, 0); /* so that all of it can be ended */
  execv (program->command[0], program->command);
  dprintf (2, "vmm-shim: cannot run %s: %s\n", program->command[0], strerror (errno));
  _exit (127);
}

void
shim_beside_start (void)
{
  for (int i = 0; i < n_programs; i++)
    {
      if (programs[i].n_args == 0)
        shim_fail ("--beside without --beside-arg");
      programs[i].child = shim_fork ();
      if (programs[i].child < 0)
        shim_fail ("fork: %s", strerror (errno));
      if (programs[i].child == 0)
        run (&programs[i]);
    }
}

static struct beside *
find (pid_t child)
{
  for (int i = 0; i < n_programs; i++)
    if (programs[i].child == child)
      return &programs[i];
  return NULL;
}

bool
shim_beside_reap (pid_t child, int status)
{
  struct beside *program = find (child);

  if (!program)
    return false;
  program->child = 0;
  shim_log (
      "vmm-shim: %s, which is the machine's device %s, has ended (%s %d). The device is there "
      "again when the machine has been switched off and on.\n",
      program->command[0], program->name, WIFSIGNALED (status) ? "signal" : "exit status",
      WIFSIGNALED (status) ? WTERMSIG (status) : WEXITSTATUS (status));
  return true;
}

static bool
any_runs (void)
{
  for (int i = 0; i < n_programs; i++)
    if (programs[i].child > 0)
      return true;
  return false;
}

void
shim_beside_end (void)
{
  int waited = 0;

  for (pid_t ended = 0; any_runs (); ended = waitpid (-1, NULL, WNOHANG))
    {
      struct beside *program = ended > 0 ? find (ended) : NULL;

      if (program)
        program->child = 0;
      else if (ended < 0 || waited == PATIENCE_MS)
        break;
      else if (ended == 0)
        {
          usleep (MILLISECOND);
          waited++;
        }
    }
  for (int i = 0; i < n_programs; i++)
    if (programs[i].child > 0) /* ours, and not yet reaped: the number is still its own */
      {
        kill (-programs[i].child, SIGKILL);
        waitpid (programs[i].child, NULL, 0);
      }
}
