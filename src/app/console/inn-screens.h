/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A running machine's screen and text lines side by side, with their tools. Knows no machine: who
 * has one opens its sockets. */
#pragma once

#include <gtk/gtk.h>
#include "inn-display.h"

G_BEGIN_DECLS

#define INN_TYPE_SCREENS (inn_screens_get_type ())
G_DECLARE_FINAL_TYPE (InnScreens, inn_screens, INN, SCREENS, GtkWidget)

/** InnScreens: signals "open-line" (const char *name): it is looked at and not open, and
 * inn_screens_open_line() or inn_screens_fail_line() is the answer; "resume", "reconnect": the
 * buttons of the veils; "toggle-fullscreen". */
InnDisplay *inn_screens_get_display (InnScreens *self);
/** inn_screens_set_name: the machine's, for titles and file names. */
void inn_screens_set_name (InnScreens *self, const char *name);
void inn_screens_set_has_display (InnScreens *self, gboolean has_display);
/** inn_screens_set_lines: a(ss), name and kind of each; NULL: none. What is open stays open if it
 * is still named. */
void inn_screens_set_lines (InnScreens *self, GVariant *lines);
void inn_screens_open_line (InnScreens *self, const char *name, int fd);
/** inn_screens_fail_line: @problem: why it could not be opened; NULL: it cannot be now. */
void inn_screens_fail_line (InnScreens *self, const char *name, const char *problem);
void inn_screens_close_lines (InnScreens *self);
/** inn_screens_refresh: asks for the line that is looked at, if it is not open. */
void inn_screens_refresh (InnScreens *self);
/** inn_screens_set_veils: @lost: why there is no screen, @paused: why the machine stands still;
 * NULL: it is there, it does not. */
void inn_screens_set_veils (InnScreens *self, const char *lost, const char *paused);
/** inn_screens_set_fullscreen: puts the tools where they are in nobody's way. */
void inn_screens_set_fullscreen (InnScreens *self, gboolean fullscreen);
void inn_screens_grab_focus (InnScreens *self);

G_END_DECLS
