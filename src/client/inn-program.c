/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-program.h"

char *
inn_program_dup (const char *folder, const char *name)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *own = g_path_get_dirname (self != NULL ? self : "/");
  char *beside = g_build_filename (own, "..", folder, name, NULL);

  if (g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    return beside;
  g_free (beside);
  return g_build_filename (INN_LIBEXECDIR, name, NULL);
}
