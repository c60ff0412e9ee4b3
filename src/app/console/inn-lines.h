/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine's text lines as pages of a stack: opened when looked at, and again when cut off. Knows
 * no machine. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define INN_TYPE_LINES (inn_lines_get_type ())
G_DECLARE_FINAL_TYPE (InnLines, inn_lines, INN, LINES, GObject)

/* Signals:
 * "open" (const char *name): it is looked at and not open; inn_lines_open() or inn_lines_fail()
 *   is the answer
 * "changed": inn_lines_get_problem() says something else */

/** inn_lines_new: @stack outlives it. */
InnLines *inn_lines_new (GtkStack *stack);
/** inn_lines_set: a(ss), name and kind of each; NULL: none. FALSE: they were the same before. */
gboolean inn_lines_set (InnLines *self, GVariant *lines);
gsize inn_lines_get_n (InnLines *self);
void inn_lines_show_first (InnLines *self);

/** inn_lines_open: takes @fd. */
void inn_lines_open (InnLines *self, const char *name, int fd);
/** inn_lines_fail: it cannot be opened, and @problem says why; NULL: not now. */
void inn_lines_fail (InnLines *self, const char *name, const char *problem);
void inn_lines_close (InnLines *self);
/** inn_lines_refresh: asks for the line that is looked at, if it is not open, or being opened. */
void inn_lines_refresh (InnLines *self);
/** inn_lines_retry: the same, also if it could not be opened before. */
void inn_lines_retry (InnLines *self);
/** inn_lines_get_problem: why the line that is looked at is not open; NULL: it is, or no line is
 * looked at. */
const char *inn_lines_get_problem (InnLines *self);

G_END_DECLS
