/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One machine's folder: what is in it is opened beneath its fd, saved whole or not at all, and made
 * or unmade by one rename. Knows no XML. */
#include "vmh-bundle-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/vmh-save.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-domain.h"
#include "shared/inn-errors.h"
#include "vmh-store.h"

#define VMH_MACHINE_XML "machine.xml"
#define MAX_TIME        (G_GINT64_CONSTANT (1) << 40) /* s; of no file */

/* Made with each bundle. */
static const char *const folders[] = { VMH_DISKS, VMH_TPM, "snapshots", "log" };

static VmhBundle *
bundle_new (const char *prefix, const char *uuid)
{
  VmhBundle *bundle = g_new0 (VmhBundle, 1);

  g_ref_count_init (&bundle->refs);
  bundle->uuid = g_strdup (uuid);
  bundle->entry = g_strconcat (prefix, uuid, NULL);
  bundle->path = g_build_filename (vmh_store_get_machines_path (), uuid, NULL);
  bundle->runtime_path = g_build_filename (vmh_store_get_runtime_path (), uuid, NULL);
  bundle->fd = -1;
  bundle->runtime_fd = -1;
  bundle->owner = geteuid ();
  bundle->created = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  bundle->making = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  bundle->kept = g_new0 (char *, 1);
  bundle->erased = g_new0 (char *, 1);
  return bundle;
}

VmhBundle *
vmh_bundle_ref (VmhBundle *bundle)
{
  g_ref_count_inc (&bundle->refs);
  return bundle;
}

void
vmh_bundle_unref (VmhBundle *bundle)
{
  if (!g_ref_count_dec (&bundle->refs))
    return;
  vmh_bundle_forget_uid (bundle);
  if (bundle->fd >= 0)
    close (bundle->fd);
  if (bundle->runtime_fd >= 0)
    close (bundle->runtime_fd);
  g_hash_table_unref (bundle->created);
  g_hash_table_unref (bundle->making);
  g_strfreev (bundle->kept);
  g_strfreev (bundle->erased);
  g_free (bundle->uuid);
  g_free (bundle->entry);
  g_free (bundle->path);
  g_free (bundle->runtime_path);
  g_free (bundle->moved_from);
  g_free (bundle->crash);
  g_free (bundle);
}

static gboolean
open_folders (VmhBundle *bundle, GError **error)
{
  bundle->fd =
      vmh_open_beneath (vmh_store_get_machines_fd (), bundle->entry, O_DIRECTORY | O_RDONLY, error);
  if (bundle->fd < 0)
    return FALSE;
  /* A copy may have come without its empty folders. */
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    if (mkdirat (bundle->fd, folders[i], 0700) < 0 && errno != EEXIST)
      {
        vmh_set_errno (error, errno, folders[i]);
        return FALSE;
      }
  return TRUE;
}

/* The uuid becomes a file name. */
static gboolean
check_uuid (const char *uuid, GError **error)
{
  if (g_uuid_string_is_valid (uuid))
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT, _ ("“%s” is no uuid."), uuid);
  return FALSE;
}

VmhBundle *
vmh_bundle_create (const char *uuid, uid_t owner, GError **error)
{
  g_autoptr (VmhBundle) bundle = NULL;
  int machines = vmh_store_get_machines_fd ();
  struct stat st;
  int code = 0;

  if (!check_uuid (uuid, error))
    return NULL;
  bundle = bundle_new (VMH_STORE_NEW, uuid);
  bundle->owner = owner;
  if (fstatat (machines, uuid, &st, AT_SYMLINK_NOFOLLOW) == 0)
    code = EEXIST;
  else if (mkdirat (machines, bundle->entry, 0700) < 0)
    code = errno;
  if (code == EEXIST)
    g_set_error (error, INN_ERROR, INN_ERROR_EXISTS,
                 _ ("There is a machine with the uuid %s already."), uuid);
  else if (code != 0)
    vmh_set_errno (error, code, bundle->path);
  else if (open_folders (bundle, error))
    return g_steal_pointer (&bundle);
  else
    vmh_remove_tree (machines, bundle->entry, NULL); /* else the uuid would be taken */
  return NULL;
}

static gboolean
move_entry (VmhBundle *bundle, const char *entry)
{
  int machines = vmh_store_get_machines_fd ();

  if (renameat2 (machines, bundle->entry, machines, entry, RENAME_NOREPLACE) < 0)
    return FALSE;
  g_free (bundle->entry);
  bundle->entry = g_strdup (entry);
  return TRUE;
}

/* On failure it has the name that it had: one that is nowhere on disk for certain is no answer. */
static gboolean
rename_entry (VmhBundle *bundle, const char *prefix, GError **error)
{
  g_autofree char *entry = g_strconcat (prefix, bundle->uuid, NULL);
  g_autofree char *before = g_strdup (bundle->entry);
  gboolean moved = move_entry (bundle, entry);

  if (moved && fsync (vmh_store_get_machines_fd ()) == 0)
    return TRUE;
  vmh_set_errno (error, errno, bundle->path);
  if (moved && !move_entry (bundle, before))
    g_warning ("%s is now called %s: %s", before, entry, g_strerror (errno));
  return FALSE;
}

gboolean
vmh_bundle_commit (VmhBundle *bundle, GError **error)
{
  return rename_entry (bundle, "", error);
}

gboolean
vmh_bundle_throw_away (VmhBundle *bundle, GError **error)
{
  return rename_entry (bundle, VMH_STORE_TRASH, error);
}

void
vmh_bundle_discard (VmhBundle *bundle)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (bundle->entry[0] == '.');
  if (!vmh_remove_tree (vmh_store_get_runtime_fd (), bundle->uuid, &error))
    g_warning ("%s: %s", bundle->runtime_path, error->message);
  g_clear_error (&error);
  /* A removal that is killed half-way may have taken the state file first: from here on nothing in
   * it is to be kept, and its name says so. */
  if (g_str_has_prefix (bundle->entry, VMH_STORE_TRASH) &&
      !rename_entry (bundle, VMH_STORE_NEW, &error))
    g_warning ("What is left of %s: %s", bundle->uuid, error->message);
  else if (!vmh_remove_tree (vmh_store_get_machines_fd (), bundle->entry, &error))
    g_warning ("What is left of %s: %s", bundle->uuid, error->message);
}

static VmhBundle *
open_bundle (const char *prefix, const char *uuid, GError **error)
{
  g_autoptr (VmhBundle) bundle = NULL;

  if (!check_uuid (uuid, error))
    return NULL;
  bundle = bundle_new (prefix, uuid);
  if (!open_folders (bundle, error))
    return NULL;
  vmh_save_sweep (bundle->fd);
  if (!vmh_bundle_load_state (bundle, error))
    return NULL;
  return g_steal_pointer (&bundle);
}

VmhBundle *
vmh_bundle_open (const char *uuid, GError **error)
{
  return open_bundle ("", uuid, error);
}

VmhBundle *
vmh_bundle_open_damaged (const char *uuid)
{
  g_autoptr (VmhBundle) bundle = bundle_new ("", uuid);

  return open_folders (bundle, NULL) ? g_steal_pointer (&bundle) : NULL;
}

VmhBundle *
vmh_bundle_open_trash (const char *uuid, GError **error)
{
  return open_bundle (VMH_STORE_TRASH, uuid, error);
}

const char *
vmh_bundle_get_uuid (VmhBundle *bundle)
{
  return bundle->uuid;
}

int
vmh_bundle_get_fd (VmhBundle *bundle)
{
  return bundle->fd;
}

const char *
vmh_bundle_get_path (VmhBundle *bundle)
{
  return bundle->path;
}

static int
get_runtime_fd (VmhBundle *bundle, GError **error)
{
  int base = vmh_store_get_runtime_fd ();

  if (bundle->runtime_fd < 0)
    {
      if (mkdirat (base, bundle->uuid, 0700) < 0 && errno != EEXIST)
        vmh_set_errno (error, errno, bundle->runtime_path);
      else
        bundle->runtime_fd = vmh_open_beneath (base, bundle->uuid, O_DIRECTORY | O_RDONLY, error);
    }
  return bundle->runtime_fd;
}

const char *
vmh_bundle_get_runtime_path (VmhBundle *bundle)
{
  g_autoptr (GError) error = NULL;

  if (get_runtime_fd (bundle, &error) < 0)
    g_warning ("%s", error->message);
  return bundle->runtime_path;
}

uid_t
vmh_bundle_get_owner (VmhBundle *bundle)
{
  return bundle->owner;
}

static int
open_in (int folder, const char *name, int flags, GError **error)
{
  if ((flags & O_CREAT) != 0 && (flags & O_TRUNC) == 0)
    flags |= O_EXCL;
  return vmh_open_beneath (folder, name, flags, error);
}

int
vmh_bundle_open_file (VmhBundle *bundle, const char *name, int flags, GError **error)
{
  return open_in (bundle->fd, name, flags, error);
}

gboolean
vmh_bundle_is_image (const char *name)
{
  const char *base = g_str_has_prefix (name, VMH_DISKS "/") ? name + strlen (VMH_DISKS "/") : "";

  return *base != '\0' && strchr (base, '/') == NULL && !g_str_equal (base, ".") &&
         !g_str_equal (base, "..");
}

int
vmh_bundle_open_image (VmhBundle *bundle, const char *name, int flags, GError **error)
{
  struct stat st;
  int fd;

  /* Nobody but us and the session's own user can exchange it after this look. */
  if (!vmh_bundle_is_image (name) ||
      (fstatat (bundle->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG (st.st_mode)))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_DENIED,
                   _ ("“%s/%s” cannot be opened for a machine: of its own folder, only files in "
                      "“%s” can. Choose one of them, or one from elsewhere."),
                   bundle->path, name, VMH_DISKS);
      return -1;
    }
  fd = vmh_bundle_open_file (bundle, name, flags | O_NONBLOCK, error);
  if (fd >= 0)
    fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

gboolean
vmh_bundle_has_runtime (VmhBundle *bundle)
{
  return faccessat (vmh_store_get_runtime_fd (), bundle->uuid, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int
vmh_bundle_open_runtime (VmhBundle *bundle, const char *name, int flags, GError **error)
{
  int folder = get_runtime_fd (bundle, error);

  return folder < 0 ? -1 : open_in (folder, name, flags, error);
}

gboolean
vmh_bundle_save (VmhBundle *bundle,
                 const char *name,
                 const char *data,
                 gssize length,
                 VmhBundleSave how,
                 GError **error)
{
  g_autofree char *folder_name = g_path_get_dirname (name);
  g_autofree char *base = g_path_get_basename (name);
  gsize size = length < 0 ? strlen (data) : (gsize)length;
  int folder = vmh_open_beneath (bundle->fd, folder_name, O_DIRECTORY | O_RDONLY, error);
  gboolean good;

  if (folder < 0)
    return FALSE;
  if (how == VMH_BUNDLE_PUT) /* ext4 writes out at once what is renamed over another file */
    unlinkat (folder, base, 0);
  good = vmh_save (folder, base, data, size, how == VMH_BUNDLE_SYNC);
  if (!good)
    {
      g_autofree char *path = g_build_filename (bundle->path, name, NULL);

      vmh_set_errno (error, errno, path);
    }
  close (folder);
  return good;
}

gboolean
vmh_bundle_save_runtime (VmhBundle *bundle, const char *name, const char *text, GError **error)
{
  int folder = get_runtime_fd (bundle, error);

  if (folder < 0)
    return FALSE;
  if (vmh_save (folder, name, text, strlen (text), FALSE))
    return TRUE;
  vmh_set_errno (error, errno, name);
  return FALSE;
}

char *
vmh_bundle_load_runtime (VmhBundle *bundle, const char *name, gsize max_size)
{
  VMH_AUTOFD fd = vmh_bundle_open_runtime (bundle, name, O_RDONLY | O_NONBLOCK, NULL);
  g_autofree char *text = g_malloc0 (max_size + 1);
  gsize length = 0;
  ssize_t n;

  while (fd >= 0 && length < max_size && (n = read (fd, text + length, max_size - length)) > 0)
    length += (gsize)n;
  return length > 0 ? g_steal_pointer (&text) : NULL;
}

void
vmh_bundle_remove_runtime (VmhBundle *bundle, const char *name)
{
  g_autofree char *path = g_build_filename (vmh_bundle_get_runtime_path (bundle), name, NULL);

  if (unlink (path) < 0 && errno != ENOENT)
    g_warning ("%s: %s", path, g_strerror (errno));
}

GBytes *
vmh_bundle_load (VmhBundle *bundle, const char *name, gsize max_size, GError **error)
{
  g_autofree char *data = NULL;
  gsize length = 0;
  struct stat st;
  ssize_t n = 0;
  int fd = vmh_open_beneath (bundle->fd, name, O_RDONLY | O_NONBLOCK, error);

  if (fd < 0)
    return NULL;
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode) || (guint64)st.st_size > max_size)
    {
      close (fd);
      g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
                   _ ("“%s” in “%s” is no file, or larger than it can be."), name, bundle->path);
      return NULL;
    }
  data = g_malloc ((gsize)st.st_size + 1);
  while (length < (gsize)st.st_size)
    {
      n = read (fd, data + length, (gsize)st.st_size - length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      length += (gsize)n;
    }
  if (n < 0)
    vmh_set_errno (error, errno, name);
  close (fd);
  return n < 0 ? NULL : g_bytes_new_take (g_steal_pointer (&data), length);
}

guint64
vmh_bundle_get_generation (VmhBundle *bundle)
{
  return bundle->generation;
}

gboolean
vmh_bundle_save_definition (VmhBundle *bundle, const char *xml, GError **error)
{
  /* Clocks are set back, and files come from computers whose clocks are ahead. */
  guint64 time = MAX ((guint64)g_get_real_time (), bundle->generation + 1);

  if (!vmh_save_at (bundle->fd, VMH_MACHINE_XML, xml, strlen (xml), (gint64)time))
    {
      g_autofree char *path = g_build_filename (bundle->path, VMH_MACHINE_XML, NULL);

      vmh_set_errno (error, errno, path);
      return FALSE;
    }
  bundle->generation = time;
  return TRUE;
}

GBytes *
vmh_bundle_load_definition (VmhBundle *bundle, GError **error)
{
  struct stat st;

  if (fstatat (bundle->fd, VMH_MACHINE_XML, &st, AT_SYMLINK_NOFOLLOW) == 0)
    bundle->generation = (guint64)CLAMP (st.st_mtim.tv_sec, 0, MAX_TIME) * G_USEC_PER_SEC +
                         (guint64)st.st_mtim.tv_nsec / 1000;
  return vmh_bundle_load (bundle, VMH_MACHINE_XML, INN_DOMAIN_MAX_XML, error);
}

GStrv
vmh_bundle_list_disks (VmhBundle *bundle, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) all = vmh_list_folder (bundle->fd, VMH_DISKS, error);

  if (all == NULL)
    return NULL;
  for (guint i = 0; all[i] != NULL; i++)
    {
      g_autofree char *name = g_build_filename (VMH_DISKS, all[i], NULL);

      g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

const char *
vmh_bundle_relative (VmhBundle *bundle, const char *path)
{
  gsize length = strlen (bundle->path);

  if (strncmp (path, bundle->path, length) != 0 || path[length] != '/' || path[length + 1] == '\0')
    return NULL;
  return path + length + 1;
}
