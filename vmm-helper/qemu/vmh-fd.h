/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* File descriptors that close themselves; GLib has the like only from 2.76 on. */
#pragma once

#include <glib.h>
#include <unistd.h>

static inline void
vmh_clear_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static inline int
vmh_steal_fd (int *fd)
{
  int stolen = *fd;

  *fd = -1;
  return stolen;
}

/** VMH_AUTOFD: declares an int that is closed when it goes out of scope; -1 is none. */
#define VMH_AUTOFD __attribute__ ((cleanup (vmh_clear_fd))) int
