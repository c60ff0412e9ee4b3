/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How every target begins. libFuzzer knows no SIGTRAP, which GLib ends a program by whose error is
 * fatal, and would keep nothing of the input; and what the code says on the way to a refusal would
 * be most of the time. */
#include "fuzz.h"

#include <glib.h>
#include <signal.h>
#include <stdlib.h>

static void
on_trap (int number)
{
  abort ();
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) == 0)
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_standard_streams (level, fields, n_fields, data);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  signal (SIGTRAP, on_trap);
  signal (SIGPIPE, SIG_IGN);
  g_log_set_writer_func (write_log, NULL, NULL);
  return 0;
}
