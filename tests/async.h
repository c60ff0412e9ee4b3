/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* An asynchronous function's end, waited for in the main loop. */
#pragma once

#include <gio/gio.h>

/** async_on_ready: a callback whose data is a GAsyncResult *, NULL until it is called. */
static inline void
async_on_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

/** async_wait: *@result, which the caller unrefs, once async_on_ready() has it. */
static inline GAsyncResult *
async_wait (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}
