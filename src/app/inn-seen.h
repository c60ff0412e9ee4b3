/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Whether anybody can see a widget: what costs the helper something rests while nobody can. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** inn_seen_is: @widget is mapped, in a window that is not minimized or otherwise out of sight. */
gboolean inn_seen_is (GtkWidget *widget);
/** inn_seen_watch: calls @changed (@widget) when the window of @widget, which is mapped, comes into
 * sight or leaves it. */
void inn_seen_watch (GtkWidget *widget, GCallback changed);
/** inn_seen_forget: before @widget is unmapped. */
void inn_seen_forget (GtkWidget *widget, GCallback changed);

G_END_DECLS
