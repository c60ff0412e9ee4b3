/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns what the room is made of (bubblewrap's options). Starts nothing. */
#include "qemu/vmh-sandbox.h"

#include "devices/vmh-plan.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>

#define BWRAP "/usr/bin/bwrap"

static void
add (GPtrArray *argv, const char *first, ...)
{
  va_list args;

  va_start (args, first);
  for (const char *arg = first; arg; arg = va_arg (args, const char *))
    g_ptr_array_add (argv, g_strdup (arg));
  va_end (args);
}

/* /lib, /lib64: links into /usr, or folders where the system has not merged them. */
static void
add_library_folder (GPtrArray *argv, const char *name)
{
  g_autofree char *path = g_strconcat ("/", name, NULL);
  g_autofree char *target = g_file_read_link (path, NULL);

  if (target)
    add (argv, "--symlink", target, path, NULL);
  else if (g_file_test (path, G_FILE_TEST_IS_DIR))
    add (argv, "--ro-bind", path, path, NULL);
}

/* What virtiofsd does for the guest's users it does as its own, who is all that there is here. The
 * last two it gives up when it has begun. */
static void
add_owner (GPtrArray *argv)
{
  static const char *const capabilities[] = { "CAP_CHOWN",     "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                                              "CAP_FSETID",    "CAP_SETGID",       "CAP_SETUID",
                                              "CAP_MKNOD",     "CAP_SETFCAP",      "CAP_SETPCAP",
                                              "CAP_SYS_CHROOT" };

  add (argv, "--uid", "0", "--gid", "0", "--proc", "/proc", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (capabilities); i++)
    add (argv, "--cap-add", capabilities[i], NULL);
}

/* libdrm looks a node up by its number, and Mesa at the card, for the driver that it needs. */
static void
add_render (GPtrArray *argv, const VmhRender *render)
{
  add (argv, "--dev-bind", render->node, render->node, NULL);
  if (render->device && render->place)
    add (argv, "--ro-bind", render->device, render->device, "--symlink", render->place,
         render->link, NULL);
}

void
vmh_sandbox_add_args (const VmhSandbox *sandbox, GPtrArray *argv)
{
  g_autofree char *info_fd = g_strdup_printf ("%d", sandbox->info_fd);

  /* --as-pid-1: the pid that bwrap tells is QEMU's own. Not --die-with-parent: guests outlive us.
   */
  add (argv, BWRAP, "--unshare-user", "--unshare-all", "--disable-userns", "--as-pid-1", NULL);
  if (sandbox->network)
    add (argv, "--share-net", "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf", NULL);
  if (sandbox->die_with_parent)
    add (argv, "--die-with-parent", NULL);
  if (sandbox->info_fd > 0)
    add (argv, "--info-fd", info_fd, NULL);
  add (argv, "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr", NULL);
  if (sandbox->share)
    add_owner (argv);
  if (sandbox->filter_fd > 0)
    {
      g_autofree char *filter = g_strdup_printf ("%d", sandbox->filter_fd);

      add (argv, "--seccomp", filter, NULL);
    }
  add_library_folder (argv, "lib");
  add_library_folder (argv, "lib64");
  for (const char *const *device =
           (const char *const[]){ "/dev/null", "/dev/zero", "/dev/urandom", NULL };
       *device; device++)
    add (argv, "--dev-bind", *device, *device, NULL);
  if (sandbox->kvm)
    add (argv, "--dev-bind", "/dev/kvm", "/dev/kvm", NULL);
  if (sandbox->vfio)
    add (argv, "--dev-bind", sandbox->vfio, VMH_PLAN_VFIO, NULL);
  if (sandbox->proc)
    add (argv, "--proc", "/proc", NULL);
  if (sandbox->render)
    add_render (argv, sandbox->render);
  if (sandbox->readers)
    add (argv, "--ro-bind-try", "/run/pcscd", "/run/pcscd", NULL);
  if (sandbox->program_fd > 0)
    {
      g_autofree char *program = g_strdup_printf ("%d", sandbox->program_fd);

      add (argv, "--perms", "0755", "--ro-bind-data", program, VMH_SANDBOX_PROGRAM, NULL);
    }
  if (sandbox->localtime)
    add (argv, "--ro-bind-try", "/etc/localtime", "/etc/localtime", NULL);
  if (sandbox->folder)
    add (argv, sandbox->readonly ? "--ro-bind" : "--bind", sandbox->folder, VMH_SANDBOX_FOLDER,
         NULL);
  if (sandbox->folder_fd > 0)
    {
      g_autofree char *opened = g_strdup_printf ("/proc/self/fd/%d", sandbox->folder_fd);

      add (argv, "--proc", "/proc", "--symlink", opened, VMH_SANDBOX_FOLDER, NULL);
    }
  for (guint i = 0; i < sandbox->n_copies; i++)
    {
      g_autofree char *fd = g_strdup_printf ("%d", sandbox->copies[i].fd);

      add (argv, "--ro-bind-data", fd, sandbox->copies[i].name, NULL);
    }
  add (argv, "--remount-ro", "/", "--chdir", "/", "--", NULL);
}

gid_t
vmh_sandbox_get_gid (const VmhSandbox *sandbox, uid_t uid)
{
  struct stat facts;

  if (sandbox->kvm && stat ("/dev/kvm", &facts) == 0 && facts.st_gid != 0)
    return facts.st_gid;
  return (gid_t)uid;
}

int
vmh_sandbox_open_program (const char *name, GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname (self ? self : "/");
  g_autofree char *beside = g_build_filename (folder, name, NULL);
  g_autofree char *installed = g_build_filename (VMH_LIBEXECDIR, name, NULL);
  const char *places[] = { beside, installed };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      int fd = open (places[i], O_RDONLY | O_CLOEXEC);

      if (fd >= 0)
        return fd;
    }
  g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND, _ ("%s is missing. Install Innkeeper again."),
               places[1]);
  return -1;
}

gboolean
vmh_sandbox_check (GError **error)
{
  if (access (BWRAP, X_OK) == 0)
    return TRUE;
  g_set_error_literal (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                       _ ("Machines run in a sandbox made by bubblewrap, which is not installed. "
                          "Install the package “bubblewrap” and start the machine again."));
  return FALSE;
}
