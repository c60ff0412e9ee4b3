/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A screen that fills the monitor: its window, and what stands in its place meanwhile. */
#pragma once

#include <adwaita.h>

/** inn_fullscreen_new: with @child, which is taken out again by inn_fullscreen_take(); not shown
 * yet. */
GtkWindow *inn_fullscreen_new (GtkApplication *application, const char *title, GtkWidget *child);
/** inn_fullscreen_take: out of its window, which is destroyed. */
void inn_fullscreen_take (GtkWindow *window);
/** inn_fullscreen_note_new: how to leave it. */
GtkWidget *inn_fullscreen_note_new (void);
