/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The window's size, from one time to the next. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** inn_window_size_keep: gives @window, not shown yet, the size that it had the last time, and
 * keeps the one that it gets. Where the settings' schema is not installed the size is the usual
 * one. */
void inn_window_size_keep (GtkWindow *window);

G_END_DECLS
