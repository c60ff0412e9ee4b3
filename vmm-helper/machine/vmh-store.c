/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The folders of all machines, and files opened beneath them. Knows no machine. */
#include "vmh-store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "core/vmh-save.h"
#include "core/vmh-spawn.h"
#include "shared/inn-errors.h"

/* A helper that has just been told to end lets go of the lock within this time. */
#define LOCK_WAIT_MS 5000

#define SYSTEM_DATA    "/var/lib/innkeeper"
#define SYSTEM_RUNTIME "/run/innkeeper"
#define KEPT           "Kept disks"

static struct
{
  gboolean system;
  char *data, *machines, *runtime;
  int data_fd, machines_fd, runtime_fd, lock_fd;
} store = { .data_fd = -1, .machines_fd = -1, .runtime_fd = -1, .lock_fd = -1 };

void
vmh_set_errno (GError **error, int code, const char *what)
{
  g_autoptr (GError) raw =
      g_error_new_literal (G_IO_ERROR, (int)g_io_error_from_errno (code), g_strerror (code));

  if (code == ELOOP || code == EXDEV)
    g_set_error (error, INN_ERROR, INN_ERROR_DENIED,
                 _ ("%s: a link in the machine's folder is not followed"), what);
  else
    g_propagate_error (error, inn_error_from_io (raw, what));
}

int
vmh_open_beneath (int folder, const char *name, int flags, GError **error)
{
  struct open_how how = {
    /* openat2() wants nothing beside O_PATH that has no meaning there. */
    .flags = (guint64)(flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NOCTTY)),
    .mode = (flags & O_CREAT) != 0 ? 0600 : 0,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  int fd;

  do
    fd = (int)syscall (SYS_openat2, folder, name, &how, sizeof how);
  while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  if (fd < 0)
    vmh_set_errno (error, errno, name);
  return fd;
}

static int
make_folder (const char *path, mode_t mode, GError **error)
{
  int fd = -1;

  if (g_mkdir_with_parents (path, (int)mode) == 0)
    fd = open (path, O_DIRECTORY | O_CLOEXEC | O_RDONLY);
  if (fd < 0)
    vmh_set_errno (error, errno, path);
  return fd;
}

/* What is put into a new folder is as sure as the folder's own name. */
static int
make_beneath (int folder, const char *name, mode_t mode, GError **error)
{
  int result = mkdirat (folder, name, mode);

  if (result == 0)
    result = fsync (folder);
  if (result < 0 && errno != EEXIST)
    {
      vmh_set_errno (error, errno, name);
      return -1;
    }
  return vmh_open_beneath (folder, name, O_DIRECTORY | O_RDONLY, error);
}

static gboolean
take_lock (GError **error)
{
  store.lock_fd = vmh_open_beneath (store.data_fd, "lock", O_RDWR | O_CREAT, error);
  if (store.lock_fd < 0)
    return FALSE;
  for (int waited = 0; waited < LOCK_WAIT_MS; waited += 50)
    {
      if (flock (store.lock_fd, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
      g_usleep (50 * 1000);
    }
  g_set_error (error, INN_ERROR, INN_ERROR_IN_USE,
               _ ("Another helper works with the machines in “%s”. End it first."), store.data);
  return FALSE;
}

gboolean
vmh_store_open (gboolean system_mode, GError **error)
{
  /* Everybody may walk through to what is theirs (kept disks); nobody may list. */
  mode_t through = system_mode ? 0711 : 0700;

  store.system = system_mode;
  store.data = system_mode ? g_strdup (SYSTEM_DATA)
                           : g_build_filename (g_get_user_data_dir (), "innkeeper", NULL);
  store.runtime = system_mode ? g_strdup (SYSTEM_RUNTIME)
                              : g_build_filename (g_get_user_runtime_dir (), "innkeeper", NULL);
  store.machines = g_build_filename (store.data, "machines", NULL);
  store.data_fd = make_folder (store.data, 0700, error);
  if (store.data_fd < 0)
    return FALSE;
  store.runtime_fd = make_folder (store.runtime, 0700, error);
  if (store.runtime_fd < 0)
    return FALSE;
  if (fchmod (store.data_fd, through) < 0 || fchmod (store.runtime_fd, through) < 0)
    {
      vmh_set_errno (error, errno, store.data);
      return FALSE;
    }
  store.machines_fd = make_beneath (store.data_fd, "machines", 0700, error);
  if (store.machines_fd < 0 || !take_lock (error))
    return FALSE;
  vmh_save_sweep (store.data_fd);
  vmh_save_sweep (store.runtime_fd);
  return TRUE;
}

void
vmh_store_entrust (void)
{
  vmh_spawn_entrust (store.lock_fd);
}

static void
clear_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

void
vmh_store_close (void)
{
  clear_fd (&store.machines_fd);
  clear_fd (&store.runtime_fd);
  clear_fd (&store.data_fd);
  clear_fd (&store.lock_fd);
  g_clear_pointer (&store.data, g_free);
  g_clear_pointer (&store.machines, g_free);
  g_clear_pointer (&store.runtime, g_free);
}

gboolean
vmh_store_is_system (void)
{
  return store.system;
}

const char *
vmh_store_get_machines_path (void)
{
  return store.machines;
}

const char *
vmh_store_get_runtime_path (void)
{
  return store.runtime;
}

int
vmh_store_get_machines_fd (void)
{
  return store.machines_fd;
}

int
vmh_store_get_runtime_fd (void)
{
  return store.runtime_fd;
}

int
vmh_store_open_kept (uid_t owner, char **out_path, GError **error)
{
  g_autofree char *user = g_strdup_printf ("%u", (guint)owner);
  int kept = make_beneath (store.data_fd, KEPT, store.system ? 0711 : 0700, error);
  int fd;

  if (kept < 0 || !store.system)
    {
      *out_path = g_build_filename (store.data, KEPT, NULL);
      return kept;
    }
  /* The umask is tight; what is not ours to list is still to be walked through. */
  if (fchmod (kept, 0711) < 0)
    g_warning ("%s: %s", KEPT, g_strerror (errno));
  fd = make_beneath (kept, user, 0700, error);
  close (kept);
  if (fd >= 0 && fchown (fd, owner, (gid_t)-1) < 0)
    {
      vmh_set_errno (error, errno, KEPT);
      clear_fd (&fd);
    }
  *out_path = g_build_filename (store.data, KEPT, user, NULL);
  return fd;
}

GStrv
vmh_list_folder (int folder, const char *name, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  int fd = vmh_open_beneath (folder, name, O_DIRECTORY | O_RDONLY, error);
  DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  if (stream == NULL)
    {
      if (fd >= 0)
        {
          vmh_set_errno (error, errno, name);
          close (fd);
        }
      return NULL;
    }
  while (errno = 0, (entry = readdir (stream)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      g_strv_builder_add (names, entry->d_name);
  if (errno != 0)
    {
      vmh_set_errno (error, errno, name);
      closedir (stream);
      return NULL;
    }
  closedir (stream);
  return g_strv_builder_end (names);
}

GStrv
vmh_store_list (const char *prefix, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) all = vmh_list_folder (store.machines_fd, ".", error);

  if (all == NULL)
    return NULL;
  for (guint i = 0; all[i] != NULL; i++)
    if (g_str_has_prefix (all[i], prefix) && g_uuid_string_is_valid (all[i] + strlen (prefix)))
      g_strv_builder_add (names, all[i] + strlen (prefix));
  return g_strv_builder_end (names);
}

/* Enough for any bundle; a deeper one was not made by us. */
#define MAX_TREE_DEPTH 32

static gboolean
remove_beneath (int parent, const char *name, guint depth, GError **error)
{
  g_auto (GStrv) names = NULL;
  gboolean good = TRUE;
  int folder;

  if (unlinkat (parent, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  if ((errno != EISDIR && errno != EPERM) || depth == 0)
    {
      vmh_set_errno (error, errno, name);
      return FALSE;
    }
  folder = vmh_open_beneath (parent, name, O_DIRECTORY | O_RDONLY, error);
  if (folder < 0)
    return FALSE;
  names = vmh_list_folder (folder, ".", error);
  for (guint i = 0; good && names != NULL && names[i] != NULL; i++)
    good = remove_beneath (folder, names[i], depth - 1, error);
  close (folder);
  if (names == NULL || !good)
    return FALSE;
  if (unlinkat (parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
    return TRUE;
  vmh_set_errno (error, errno, name);
  return FALSE;
}

gboolean
vmh_remove_tree (int folder, const char *name, GError **error)
{
  return remove_beneath (folder, name, MAX_TREE_DEPTH, error);
}
