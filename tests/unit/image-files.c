/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* See image-files.h. */

#include "image-files.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "../async.h"
#include "qemu/vmh-fd.h"

char *image_folder;

char *
image_folder_new (void)
{
  char *folder = g_dir_make_tmp ("vmh-image-XXXXXX", NULL);

  g_assert_nonnull (folder);
  return folder;
}

void
image_folder_free (char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_no_errno (g_remove (path));
    }
  g_assert_no_errno (g_rmdir (folder));
  g_free (folder);
}

char *
image_path (const char *folder, const char *name)
{
  return g_build_filename (folder, name, NULL);
}

char *
image_run (const char *folder, const char *program, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  const char *word;
  va_list list;

  g_ptr_array_add (argv, (gpointer)program);
  va_start (list, program);
  do
    {
      word = va_arg (list, const char *);
      g_ptr_array_add (argv, (gpointer)word);
    }
  while (word != NULL);
  va_end (list);
  g_subprocess_launcher_set_cwd (launcher, folder);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv->pdata, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  if (!g_subprocess_get_successful (process))
    g_error ("%s: %s", g_strjoinv (" ", (char **)argv->pdata), output);
  return output;
}

void
image_patch (const char *path, goffset offset, gconstpointer data, gsize size)
{
  VMH_AUTOFD fd = open (path, O_RDWR | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, data, size, offset), ==, size);
}

VmhImageInfo *
image_inspect_fd (int fd, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  vmh_image_inspect_async (fd, geteuid (), cancellable, async_on_ready, &result);
  return vmh_image_inspect_finish (async_wait (&result), error);
}

VmhImageInfo *
image_inspect (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = image_path (folder, name);
  VMH_AUTOFD fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  g_assert_cmpint (fd, >=, 0);
  return image_inspect_fd (fd, NULL, error);
}

static void
run_in_folder (gconstpointer test)
{
  image_folder = image_folder_new ();
  ((void (*) (void))test) ();
  g_clear_pointer (&image_folder, image_folder_free);
}

void
image_add (const char *path, void (*test) (void))
{
  g_test_add_data_func (path, test, run_in_folder);
}

char *
image_read_proc (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", pid, name);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

void
image_assert_line (const char *text, const char *pattern)
{
  if (!g_regex_match_simple (pattern, text, G_REGEX_MULTILINE, 0))
    g_error ("no “%s” in:\n%s", pattern, text);
}
