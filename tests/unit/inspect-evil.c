/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into vmm-inspect: a parser that has been taken over and opens a file. */

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t pread (int fd, void *buffer, size_t size, off_t offset);

ssize_t
pread (int fd, void *buffer, size_t size, off_t offset)
{
  return open ("/etc/passwd", O_RDONLY);
}
