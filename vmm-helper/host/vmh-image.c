/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Small questions about an open image: what it is, whether somebody uses it. Nothing here waits for
 * the image's content. */

#include "vmh-image-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/vmh-errand.h"
#include "shared/inn-errors.h"
#include "vmh-host.h"

/* QEMU's block/file-posix.c: a read lock on byte 100 + n: "I use permission n"; on 200 + n: "nobody
 * else may". The permissions (include/block/block-common.h): consistent read 0, write 1. */
#define QEMU_USED_WRITE    101
#define QEMU_UNSHARED_READ 200

char *
vmh_image_program (const char *name)
{
  const char *folder = g_getenv ("VMH_LIBEXECDIR");
  g_autofree char *self = NULL;
  g_autofree char *own_folder = NULL;
  g_autofree char *path = NULL;

  if (folder != NULL)
    return g_build_filename (folder, name, NULL);
  self = g_file_read_link ("/proc/self/exe", NULL);
  own_folder = g_path_get_dirname (self != NULL ? self : VMH_LIBEXECDIR "/vmm-helper");
  path = g_build_filename (own_folder, name, NULL);
  if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&path);
  return g_build_filename (VMH_LIBEXECDIR, name, NULL);
}

char *
vmh_image_describe (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);
  g_autofree char *name = path != NULL ? g_path_get_basename (path) : NULL;

  return g_utf8_make_valid (name != NULL ? name : _ ("The image"), -1);
}

gboolean
vmh_image_check_fd (int fd, gboolean writing, GError **error)
{
  struct statx st;
  int flags = fcntl (fd, F_GETFL);

  /* As the kernel remembers it: a file system that hangs is not asked. */
  if (flags < 0 || statx (fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   _ ("The image is no open file: %s."), g_strerror (errno));
      return FALSE;
    }
  if (!S_ISREG (st.stx_mode) && !S_ISBLK (st.stx_mode))
    {
      g_autofree char *name = vmh_image_describe (fd);

      g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                   _ ("“%s” is neither a file nor a disk. Choose a disk image or a medium."), name);
      return FALSE;
    }
  if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY ||
      (writing && (flags & O_ACCMODE) != O_RDWR))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   writing ? _ ("The image must be open for reading and writing.")
                           : _ ("The image must be open for reading."));
      return FALSE;
    }
  return TRUE;
}

gboolean
vmh_image_check_name (const char *name, GError **error)
{
  if (*name != '\0' && *name != '-' && strchr (name, '/') == NULL && !g_str_equal (name, ".") &&
      !g_str_equal (name, "..") && strlen (name) <= 255)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
               _ ("“%s” cannot be the name of a disk image."), name);
  return FALSE;
}

void
vmh_image_in_use_async (int fd,
                        uid_t user,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  static const char *const offsets[] = { G_STRINGIFY (QEMU_UNSHARED_READ),
                                         G_STRINGIFY (QEMU_USED_WRITE), NULL };

  vmh_errand_locked_async (user, fd, offsets, cancellable, callback, data);
}

gboolean
vmh_image_in_use_finish (GAsyncResult *result, gboolean *out_used, GError **error)
{
  int found;

  if (!vmh_errand_finish (result, &found, error))
    return FALSE;
  *out_used = found >= 0;
  return TRUE;
}

gboolean
vmh_image_finish_unused (GAsyncResult *result, const char *name, GError **error)
{
  g_autoptr (GError) failure = NULL;
  gboolean used;

  if (!vmh_image_in_use_finish (result, &used, &failure))
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” could not be read (%s). Check the disk or network connection it is on."),
                 name, failure->message);
  else if (used)
    g_set_error (
        error, INN_ERROR, INN_ERROR_IN_USE,
        _ ("“%s” is being written by another program or machine. Stop that, then try again."),
        name);
  else
    return TRUE;
  return FALSE;
}

/* Any QEMU can do it; the computer's own kind first. */
const char *
vmh_image_find_emulator (GError **error)
{
  VmhHost *host = vmh_host_get_default ();
  g_autoptr (GVariant) arch = g_variant_ref_sink (vmh_host_get_fact (host, "Architecture"));
  g_autoptr (GVariant) all = g_variant_ref_sink (vmh_host_get_fact (host, "Emulators"));
  const VmhEmulator *emulator =
      vmh_host_get_emulator (host, g_variant_get_string (arch, NULL), error);
  const char *other;

  if (emulator == NULL && g_variant_n_children (all) > 0)
    {
      g_clear_error (error);
      g_variant_get_child (all, 0, "(&s&s&s)", &other, NULL, NULL);
      emulator = vmh_host_get_emulator (host, other, error);
    }
  return emulator != NULL ? emulator->path : NULL;
}

/* ---- steps of a copier ---- */

void
vmh_image_end_copier (gpointer context)
{
  g_clear_pointer ((VmhCopier **)context, vmh_copier_free);
}

void
vmh_image_start_target (gpointer context,
                        VmhJob *job,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  vmh_copier_open_target_async (*(VmhCopier **)context, cancellable, callback, data);
}

gboolean
vmh_image_finish_target (gpointer context, GAsyncResult *result, GError **error)
{
  return vmh_copier_open_target_finish (*(VmhCopier **)context, result, error);
}

gboolean
vmh_image_finish_format (gpointer context, GAsyncResult *result, GError **error)
{
  return vmh_copier_open_format_finish (*(VmhCopier **)context, result, error);
}

void
vmh_image_start_quit (gpointer context,
                      VmhJob *job,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  vmh_copier_quit_async (*(VmhCopier **)context, cancellable, callback, data);
}
