/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A big row to press: icon, title, a line below. A button, as a list's row cannot be pressed by
 * assistive technology in GTK 4.8. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** inn_choice_button_new: both texts translated; @subtitle may be NULL. */
GtkWidget *inn_choice_button_new (const char *icon_name, const char *title, const char *subtitle);

G_END_DECLS
