/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Keeps each icon that was once shown.
 *
 * GtkIconTheme knows an icon without holding it, and its thread that loads one may be the last to
 * let it go; who looks the icon up at that moment gets an object that is being freed, and the
 * program ends (gtkicontheme.c: icon_cache_lookup, gtk_icon_paintable_finalize; GTK 4.8 to 4.18).
 * An icon that is held here is never let go there. */
#pragma once

#include <gtk/gtk.h>

/* From now on, of all widgets of the program. Once. */
void inn_held_icons_begin (void);
