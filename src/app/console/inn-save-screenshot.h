/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Asks where a screenshot is to be saved, and saves it. Knows no screen. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** inn_save_screenshot: asks on @near's window, and tells there of what fails. @name: the
 * machine's, for the file's. */
void inn_save_screenshot (GtkWidget *near, const char *name, GdkTexture *texture);

/** inn_save_screenshot_async: as PNG. INN_ERROR_IO says what to do next. */
void inn_save_screenshot_async (GdkTexture *texture,
                                GFile *file,
                                GAsyncReadyCallback callback,
                                gpointer data);
gboolean inn_save_screenshot_finish (GAsyncResult *result, GError **error);

G_END_DECLS
