/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmh-memory-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/inn-errors.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static void
set_error (GError **error)
{
  g_set_error (error, INN_ERROR, INN_ERROR_LIMIT, "memfd: %s", g_strerror (errno));
}

int
vmh_memory_file_new (const char *name, GError **error)
{
  int fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd < 0)
    set_error (error);
  return fd;
}

gboolean
vmh_memory_file_seal (int fd)
{
  return fcntl (fd, F_ADD_SEALS, SEALS) == 0;
}

int
vmh_memory_file (const char *name, gconstpointer data, gsize length, GError **error)
{
  int fd = vmh_memory_file_new (name, error);
  gsize done = 0;

  while (fd >= 0 && done < length)
    {
      ssize_t n = write (fd, (const char *)data + done, length - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        break;
      done += (gsize)n;
    }
  if (fd >= 0 && done == length && vmh_memory_file_seal (fd))
    return fd;
  if (fd >= 0)
    {
      set_error (error);
      close (fd);
    }
  return -1;
}
