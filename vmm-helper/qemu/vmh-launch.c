/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What of a launch is not core/vmh-spawn's: the files are its own. */
#include "qemu/vmh-launch.h"

#include "core/vmh-stuck.h"
#include "qemu/vmh-fd.h"

struct _VmhLaunch
{
  VmhSpawn *spawn;
  uid_t uid;
  GArray *files; /* int */
};

VmhLaunch *
vmh_launch_new (int program_fd, uid_t uid, gid_t gid)
{
  VmhLaunch *launch = g_new0 (VmhLaunch, 1);

  launch->spawn = vmh_spawn_new_for_fd (program_fd, uid);
  vmh_spawn_become (launch->spawn, uid, gid);
  launch->uid = uid;
  launch->files = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_append_val (launch->files, program_fd);
  return launch;
}

/* A disk of a user's, or ours: nobody waits for its file system. */
static void
close_all (VmhLaunch *launch)
{
  for (guint i = 0; i < launch->files->len; i++)
    vmh_close_later (launch->uid, g_array_index (launch->files, int, i));
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
  g_array_append_val (launch->files, fd);
}

pid_t
vmh_launch_run (VmhLaunch *launch, VmhLaunchFunc func, gpointer data, GError **error)
{
  g_autoptr (VmhProcess) process = vmh_spawn_start (launch->spawn, func, data, error);

  close_all (launch);
  return process != NULL ? vmh_process_get_pid (process) : 0;
}
