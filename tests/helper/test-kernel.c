/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A kernel's copy in memory: what was in the file, for good, and never too much of it, whatever the
 * file's owner does meanwhile. */
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../async.h"
#include "machine/vmh-kernel.h"
#include "shared/inn-errors.h"

#define MIB (1024 * 1024)

typedef struct
{
  char *path;
  int fd; /* for writing */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->fd = g_file_open_tmp ("kernel-XXXXXX", &fixture->path, NULL);
  g_assert_cmpint (fixture->fd, >=, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  close (fixture->fd);
  g_free (fixture->path);
}

static void
begin (Fixture *fixture, GAsyncResult **result)
{
  int fd = open (fixture->path, O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  vmh_kernel_copy_async (fd, geteuid (), fixture->path, NULL, async_on_ready, result);
}

static int
end (GAsyncResult **result, GError **error)
{
  return vmh_kernel_copy_finish (async_wait (result), error);
}

static void
test_sealed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  char text[16] = { 0 };
  int fd;

  g_assert_cmpint (write (fixture->fd, "kernel", 6), ==, 6);
  begin (fixture, &result);
  fd = end (&result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pwrite (fixture->fd, "KERNEL", 6, 0), ==, 6);
  g_assert_cmpint (read (fd, text, sizeof text), ==, 6);
  g_assert_cmpstr (text, ==, "kernel");
  g_assert_cmpint (pwrite (fd, "x", 1, 0), <, 0);
  g_assert_cmpint (ftruncate (fd, 0), <, 0);
  close (fd);
}

static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (ftruncate (fixture->fd, 257 * MIB), ==, 0);
  begin (fixture, &result);
  g_assert_cmpint (end (&result, &error), ==, -1);
  g_assert_error (error, INN_ERROR, INN_ERROR_LIMIT);
}

static void
test_grows (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  /* To copy so much takes a while, to grow does not. */
  g_assert_cmpint (ftruncate (fixture->fd, 256 * MIB), ==, 0);
  begin (fixture, &result);
  g_assert_cmpint (ftruncate (fixture->fd, 300 * MIB), ==, 0);
  g_assert_cmpint (end (&result, &error), ==, -1);
  g_assert_error (error, INN_ERROR, INN_ERROR_LIMIT);
}

static void
test_no_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  vmh_kernel_copy_async (fd, geteuid (), "/dev/null", NULL, async_on_ready, &result);
  g_assert_cmpint (end (&result, &error), ==, -1);
  g_assert_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function)                                                                        \
  g_test_add ("/helper/kernel/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("sealed", test_sealed);
  ADD ("too-large", test_too_large);
  ADD ("grows", test_grows);
  ADD ("no-file", test_no_file);
  return g_test_run ();
}
