/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Whether what was entered in the wizard may be dropped for a file that was opened meanwhile. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define INN_REPLACE_YES "replace" /* the response that says so */

GtkWidget *inn_replace_question_new (GtkWindow *parent);
/** inn_replace_question_set_file: of two files the later is asked about. */
void inn_replace_question_set_file (GtkWidget *question, GFile *file);

G_END_DECLS
