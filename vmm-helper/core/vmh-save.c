/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how a file takes another's place. Knows no file. */
#include "vmh-save.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "."
#define SUFFIX ".new"

static gboolean
write_all (int fd, const char *data, gsize length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      length -= (gsize)n;
    }
  return TRUE;
}

static gboolean
sync_all (int fd)
{
  int result;

  do
    result = fsync (fd);
  while (result < 0 && errno == EINTR);
  return result == 0;
}

/* Who is told that nothing was saved must not find it after the next start: what was there before
 * is kept until the folder is known to be on disk, and comes back if it is not. */
static gboolean
put_for_good (int folder, const char *temporary, const char *name)
{
  gboolean exchanged = renameat2 (folder, temporary, folder, name, RENAME_EXCHANGE) == 0;
  gboolean first = !exchanged && errno == ENOENT;
  int code;

  /* Not every file system can exchange. */
  if (!exchanged && renameat (folder, temporary, folder, name) < 0)
    return FALSE;
  if (sync_all (folder))
    {
      if (exchanged)
        unlinkat (folder, temporary, 0);
      return TRUE;
    }
  code = errno;
  if (exchanged)
    renameat (folder, temporary, folder, name);
  else if (first)
    unlinkat (folder, name, 0);
  errno = code;
  return FALSE;
}

static gboolean
set_time (int fd, gint64 time)
{
  struct timespec both[2] = { { .tv_nsec = UTIME_OMIT } };

  both[1].tv_sec = time / G_USEC_PER_SEC;
  both[1].tv_nsec = time % G_USEC_PER_SEC * 1000;
  return futimens (fd, both) == 0;
}

/* @time 0: now. */
static gboolean
save (int folder, const char *name, const char *data, gsize length, gboolean sync, gint64 time)
{
  g_autofree char *temporary = g_strconcat (PREFIX, name, SUFFIX, NULL);
  gboolean good;
  int fd, code;

  unlinkat (folder, temporary, 0); /* of one that was killed */
  fd = openat (folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return FALSE;
  good = write_all (fd, data, length) && (time == 0 || set_time (fd, time)) &&
         (!sync || sync_all (fd)) &&
         (sync ? put_for_good (folder, temporary, name)
               : renameat (folder, temporary, folder, name) == 0);
  code = errno;
  if (!good)
    unlinkat (folder, temporary, 0);
  close (fd);
  errno = code;
  return good;
}

gboolean
vmh_save (int folder, const char *name, const char *data, gsize length, gboolean sync)
{
  return save (folder, name, data, length, sync, 0);
}

gboolean
vmh_save_at (int folder, const char *name, const char *data, gsize length, gint64 time)
{
  return save (folder, name, data, length, TRUE, time);
}

void
vmh_save_sweep (int folder)
{
  int copy = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = copy >= 0 ? fdopendir (copy) : NULL;
  struct dirent *entry;

  if (stream == NULL)
    {
      if (copy >= 0)
        close (copy);
      return; /* the next start sweeps */
    }
  while ((entry = readdir (stream)) != NULL)
    if (g_str_has_prefix (entry->d_name, PREFIX) && g_str_has_suffix (entry->d_name, SUFFIX))
      unlinkat (folder, entry->d_name, 0);
  closedir (stream);
}
