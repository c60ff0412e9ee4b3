/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* See store-folder.h. */
#include "store-folder.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <sys/stat.h>

#include "machine/vmh-store.h"
#include "machine/vmh-trash.h"
#include "qemu/vmh-fd.h"

char *
store_folder_new (void)
{
  char *folder = g_dir_make_tmp ("inn-store-XXXXXX", NULL);

  g_assert_nonnull (folder);
  g_setenv ("XDG_DATA_HOME", folder, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", folder, TRUE);
  return folder;
}

void
store_folder_free (char *folder)
{
  g_autofree char *name = g_path_get_basename (folder);
  VMH_AUTOFD tmp = open (g_get_tmp_dir (), O_DIRECTORY | O_RDONLY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;

  vmh_remove_tree (tmp, name, &error);
  g_assert_no_error (error);
  g_free (folder);
}

void
store_folder_open (void)
{
  g_autoptr (GError) error = NULL;

  umask (0077);
  vmh_store_open (FALSE, &error);
  g_assert_no_error (error);
}
