/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Asks where something shall be saved, and saves it there. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** inn_save_dialog_new: of @near's window, modal, with "NAME TIME.SUFFIX" for a name; @name may be
 * NULL. Its "response" unrefs it. */
GtkNativeDialog *
inn_save_dialog_new (GtkWidget *near, const char *title, const char *name, const char *suffix);
/** inn_save_file: shows such a dialog and saves @bytes; what fails is told near @near, with @failed
 * for a title. */
void inn_save_file (GtkWidget *near,
                    const char *title,
                    const char *name,
                    const char *suffix,
                    GBytes *bytes,
                    const char *failed);

G_END_DECLS
