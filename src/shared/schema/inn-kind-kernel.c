/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A Linux kernel of the host, started without a boot loader. */
#include "inn-words.h"

static const InnField fields[] = {
  { .name = "kernel",
    .path = "os/kernel",
    .type = INN_TYPE_PATH,
    .label = N_ ("Kernel"),
    .help = N_ ("A Linux kernel file of this computer, started at once.") },
  { .name = "initrd",
    .path = "os/initrd",
    .type = INN_TYPE_PATH,
    .label = N_ ("Initial RAM disk"),
    .help = N_ ("The initramfs that goes with it.") },
  { .name = "cmdline",
    .path = "os/cmdline",
    .type = INN_TYPE_STRING,
    .max = 2048,
    .label = N_ ("Kernel options"),
    .help = N_ ("For example console=ttyS0.") },
  { NULL },
};

static gboolean
check (const InnElement *element, GError **error)
{
  return inn_rule (inn_element_has (element, "kernel") || (!inn_element_has (element, "initrd") &&
                                                           !inn_element_has (element, "cmdline")),
                   _ ("An initial RAM disk or options need a kernel. Choose one."), error);
}

static char *
summary (const InnElement *element)
{
  g_autofree char *path = inn_element_dup (element, "kernel");

  return path != NULL ? g_path_get_basename (path) : NULL;
}

const InnKind inn_kind_kernel = {
  .name = "kernel",
  .path = "",
  .label = N_ ("Direct kernel"),
  .icon = "system-run-symbolic",
  .fields = fields,
  .check = check,
  .summary = summary,
};
