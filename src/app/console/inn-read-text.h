/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The text of a picture, for a guest that can no longer be asked for it. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** inn_read_text: has tesseract read @texture, and puts the text into the clipboard; tells near
 * @near what came of it. */
void inn_read_text (GtkWidget *near, GdkTexture *texture);

G_END_DECLS
