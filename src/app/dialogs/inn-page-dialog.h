/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A window with one page of rows, which Escape closes. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

GtkWidget *inn_page_dialog_new (GtkWindow *parent,
                                const char *title,
                                int width,
                                int height,
                                AdwPreferencesPage *page);

G_END_DECLS
