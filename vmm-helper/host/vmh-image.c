/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Small questions about an open image: what it is, whether it is the same as another, whether
 * somebody uses it. Nothing here waits for the image's content. */

#include "vmh-image-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "shared/inn-errors.h"

/* QEMU's block/file-posix.c: a read lock on byte 100 + n: "I use permission n"; on 200 + n: "nobody
 * else may". The permissions (include/block/block-common.h): consistent read 0, write 1, write
 * unchanged 2, resize 3. */
#define QEMU_LOCK_USED     100
#define QEMU_LOCK_UNSHARED 200
#define QEMU_READ          0
#define QEMU_WRITE         1
#define QEMU_RESIZE        3

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

static void
fill_id (const struct stat *st, VmhImageId *out_id)
{
  out_id->device = S_ISBLK (st->st_mode) ? st->st_rdev : st->st_dev;
  out_id->inode = S_ISBLK (st->st_mode) ? 0 : st->st_ino;
}

gboolean
vmh_image_id_from_fd (int fd, VmhImageId *out_id)
{
  struct statx st;

  if (statx (fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &st) != 0)
    return FALSE;
  fill_id (&(struct stat){ .st_mode = st.stx_mode,
                           .st_dev = makedev (st.stx_dev_major, st.stx_dev_minor),
                           .st_rdev = makedev (st.stx_rdev_major, st.stx_rdev_minor),
                           .st_ino = st.stx_ino },
           out_id);
  return TRUE;
}

gboolean
vmh_image_id_from_path (const char *path, VmhImageId *out_id)
{
  struct stat st;

  if (stat (path, &st) != 0)
    return FALSE;
  fill_id (&st, out_id);
  return TRUE;
}

gboolean
vmh_image_id_equal (const VmhImageId *a, const VmhImageId *b)
{
  return a->device == b->device && a->inode == b->inode;
}

static gboolean
is_locked (int fd, off_t byte)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

  return fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

gboolean
vmh_image_in_use (int fd, gboolean writable)
{
  if (is_locked (fd, QEMU_LOCK_UNSHARED + QEMU_READ) || is_locked (fd, QEMU_LOCK_USED + QEMU_WRITE))
    return TRUE;
  return writable && (is_locked (fd, QEMU_LOCK_UNSHARED + QEMU_WRITE) ||
                      is_locked (fd, QEMU_LOCK_UNSHARED + QEMU_RESIZE) ||
                      is_locked (fd, QEMU_LOCK_USED + QEMU_RESIZE));
}
