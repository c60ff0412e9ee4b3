/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How swtpm is called on this host: the one place that knows its options. */
#include "vmh-host-private.h"

#include <unistd.h>

#define SWTPM "/usr/bin/swtpm"

gboolean
vmh_host_has_swtpm (VmhHost *host)
{
  g_autofree char *path = vmh_host_path (host, SWTPM);

  return access (path, X_OK) == 0;
}

/* Its system call filter is on unless it is told otherwise. It ends with its connection. */
char **
vmh_host_dup_swtpm (const char *version, const char *folder, int fd)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_autofree char *control = g_strdup_printf ("type=unixio,clientfd=%d", fd);
  g_autofree char *state = g_strdup_printf ("dir=%s,mode=0600", folder);

  g_strv_builder_add_many (command, SWTPM, "socket", "--terminate", "--ctrl", control, "--tpmstate",
                           state, NULL);
  if (!g_str_equal (version, "1.2"))
    g_strv_builder_add (command, "--tpm2");
  return g_strv_builder_end (command);
}
