/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What runs beside guests as their owner, on this host: the one place that knows virtiofsd's
 * options. */
#include "vmh-host-private.h"

#include "qemu/vmh-fd.h"
#include "qemu/vmh-sandbox.h"

#include <unistd.h>

/* The one in Rust; and the one in C, which came with QEMU up to 7.2. */
#define VIRTIOFSD     "/usr/libexec/virtiofsd"
#define OLD_VIRTIOFSD "/usr/lib/qemu/virtiofsd"

static gboolean
has (VmhHost *host, const char *program)
{
  g_autofree char *path = vmh_host_path (host, program);

  return access (path, X_OK) == 0;
}

gboolean
vmh_host_has_virtiofsd (VmhHost *host)
{
  return has (host, VIRTIOFSD) || has (host, OLD_VIRTIOFSD);
}

/* Ours, where Innkeeper was built with libcacard. */
gboolean
vmh_host_has_cards (void)
{
  VMH_AUTOFD fd = vmh_sandbox_open_program (VMH_CARD_PROGRAM, NULL);

  return fd >= 0;
}

/* In its room it locks itself into the folder. It ends with its connection. */
char **
vmh_host_dup_virtiofsd (VmhHost *host, const char *folder, int fd)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_autofree char *socket = g_strdup_printf ("--fd=%d", fd);
  g_autofree char *source = g_strdup_printf ("source=%s", folder);

  if (has (host, VIRTIOFSD))
    g_strv_builder_add_many (command, VIRTIOFSD, socket, "--shared-dir", folder, "--sandbox",
                             "chroot", "--inode-file-handles=never", "--rlimit-nofile=0",
                             "--log-level=warn", NULL);
  else
    g_strv_builder_add_many (command, OLD_VIRTIOFSD, socket, "-o", source, "-o", "sandbox=chroot",
                             "-o", "log_level=warn", "--rlimit-nofile=0", NULL);
  return g_strv_builder_end (command);
}
