/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the folder "shmem" in the runtime folder, which is ours alone. A file in it is for all: QEMU
 * opens it anew by its own fd, as the guest's uid, and nobody else can get to it. */
#include "vmh-shmem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"
#include "vmh-manager.h"
#include "vmh-store.h"
#include "vmh-verbs.h"

#define FOLDER "shmem"

static int
open_folder (gboolean make)
{
  int runtime = vmh_store_get_runtime_fd ();

  if (make && mkdirat (runtime, FOLDER, 0700) != 0 && errno != EEXIST)
    return -1;
  return openat (runtime, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Another user's of the same name is another one. */
static char *
dup_file_name (uid_t owner, const char *name)
{
  return g_strdup_printf ("%u-%s", (guint)owner, name);
}

static int
fail (const char *name, GError **error)
{
  if (errno == ENOSPC)
    g_set_error (error, INN_ERROR, INN_ERROR_NO_SPACE,
                 _ ("There is no room for the shared memory “%s” in this computer's memory. Choose "
                    "a smaller size, or turn other machines off."),
                 name);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_IO, _ ("The shared memory “%s” cannot be made: %s."),
                 name, g_strerror (errno));
  return -1;
}

/* One that a killed helper has just made is empty yet, or not all there: that is done again. */
int
vmh_shmem_open (VmhBundle *bundle, const char *name, guint64 size, GError **error)
{
  g_autofree char *file = dup_file_name (vmh_bundle_get_owner (bundle), name);
  VMH_AUTOFD folder = open_folder (TRUE);
  VMH_AUTOFD fd = -1;
  struct stat facts;

  if (folder >= 0)
    fd = openat (folder, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0 || fstat (fd, &facts) != 0)
    return fail (name, error);
  if (facts.st_size != 0 && (guint64)facts.st_size != size)
    {
      g_autofree char *there = g_format_size_full ((guint64)facts.st_size, G_FORMAT_SIZE_IEC_UNITS);

      g_set_error (error, INN_ERROR, INN_ERROR_CONFLICT,
                   _ ("The shared memory “%s” is there already, with %s. Choose that size, or turn "
                      "off the machines that have it."),
                   name, there);
      return -1;
    }
  /* All of it now: a guest that writes where there is no more room would end its QEMU. */
  errno = posix_fallocate (fd, 0, (off_t)size);
  if (errno != 0 || fchmod (fd, 0666) != 0)
    {
      fail (name, error);
      vmh_clear_fd (&fd);
      vmh_shmem_sweep ();
      return -1;
    }
  return vmh_steal_fd (&fd);
}

static gboolean
names (InnDomain *domain, const char *name)
{
  g_autofree char *id = g_strconcat ("shmem:", name, NULL);
  g_autoptr (InnElement) element = domain ? inn_domain_find (domain, id) : NULL;

  return element != NULL;
}

/* What is just plugged in stands in the definition before it is in what runs. */
static gboolean
is_wanted (GPtrArray *machines, const char *file)
{
  for (guint i = 0; i < machines->len; i++)
    {
      VmhMachine *machine = machines->pdata[i];
      g_autofree char *prefix = dup_file_name (vmh_machine_get_owner (machine), "");
      const char *name = file + strlen (prefix);

      if (g_str_has_prefix (file, prefix) &&
          (vmh_machine_get_state (machine) == VMH_STATE_STARTING ||
           vmh_life_get_pid (machine) != 0) &&
          (names (vmh_machine_get_live (machine), name) ||
           names (vmh_machine_get_domain (machine), name)))
        return TRUE;
    }
  return FALSE;
}

void
vmh_shmem_sweep (void)
{
  g_autoptr (GPtrArray) machines = NULL;
  int fd = open_folder (FALSE);
  DIR *folder = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  if (!folder)
    {
      vmh_clear_fd (&fd);
      return;
    }
  machines = vmh_manager_list (vmh_manager_get ());
  while ((entry = readdir (folder)))
    if (entry->d_name[0] != '.' && !is_wanted (machines, entry->d_name))
      unlinkat (dirfd (folder), entry->d_name, 0);
  closedir (folder);
}
