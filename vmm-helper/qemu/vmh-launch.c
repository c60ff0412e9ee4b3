/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What of a launch is not core/vmh-spawn's: the files are its own. */
#include "qemu/vmh-launch.h"

#include "core/vmh-stuck.h"
#include "qemu/vmh-fd.h"

typedef struct
{
  int fd;
  gboolean ours;
  uid_t user;
} File;

struct _VmhLaunch
{
  VmhSpawn *spawn;
  GArray *files; /* File */
};

static void
add_file (VmhLaunch *launch, int fd, gboolean ours, uid_t user)
{
  File file = { fd, ours, user };

  g_array_append_val (launch->files, file);
}

VmhLaunch *
vmh_launch_new (int program_fd, uid_t uid, gid_t gid)
{
  VmhLaunch *launch = g_new0 (VmhLaunch, 1);

  launch->spawn = vmh_spawn_new_for_fd (program_fd, uid);
  vmh_spawn_become (launch->spawn, uid, gid);
  launch->files = g_array_new (FALSE, FALSE, sizeof (File));
  add_file (launch, program_fd, TRUE, 0);
  return launch;
}

/* What is ours at once: a tap that stays open a little longer would keep its network. */
static void
close_all (VmhLaunch *launch)
{
  for (guint i = 0; i < launch->files->len; i++)
    {
      const File *file = &g_array_index (launch->files, File, i);

      if (file->ours)
        close (file->fd);
      else
        vmh_close_later (file->user, file->fd);
    }
  g_array_set_size (launch->files, 0);
}

void
vmh_launch_free (VmhLaunch *launch)
{
  close_all (launch);
  g_array_unref (launch->files);
  vmh_spawn_free (launch->spawn);
  g_free (launch);
}

void
vmh_launch_add_arg (VmhLaunch *launch, const char *arg)
{
  vmh_spawn_add_arg (launch->spawn, arg);
}

void
vmh_launch_set_fd (VmhLaunch *launch, int number, int fd)
{
  g_return_if_fail (number >= 2 && fd >= 0);
  vmh_spawn_pass_fd (launch->spawn, number, fd);
  add_file (launch, fd, TRUE, 0);
}

void
vmh_launch_set_file (VmhLaunch *launch, int number, int fd, uid_t user)
{
  g_return_if_fail (number >= 2 && fd >= 0);
  vmh_spawn_pass_fd (launch->spawn, number, fd);
  add_file (launch, fd, FALSE, user);
}

void
vmh_launch_add_group (VmhLaunch *launch, gid_t group)
{
  vmh_spawn_add_group (launch->spawn, group);
}

void
vmh_launch_lock_memory (VmhLaunch *launch, guint64 bytes)
{
  vmh_spawn_lock_memory (launch->spawn, bytes);
}

void
vmh_launch_bind (VmhLaunch *launch)
{
  vmh_spawn_bind (launch->spawn);
}

pid_t
vmh_launch_run (VmhLaunch *launch, VmhLaunchFunc func, gpointer data, GError **error)
{
  g_autoptr (VmhProcess) process = vmh_spawn_start (launch->spawn, func, data, error);

  close_all (launch);
  return process != NULL ? vmh_process_get_pid (process) : 0;
}
