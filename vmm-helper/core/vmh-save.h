/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Files that are saved whole or not at all, and what a kill in between leaves of one. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** vmh_save: @name beneath @folder, one component, holds @data then, or what it held before
 * (nothing, if it was not there). @sync: it does so after a power cut, too. FALSE sets errno. */
gboolean vmh_save (int folder, const char *name, const char *data, gsize length, gboolean sync);
/** vmh_save_at: the same, in sync; @time, in µs as of g_get_real_time(), is when it was changed. */
gboolean vmh_save_at (int folder, const char *name, const char *data, gsize length, gint64 time);
/** vmh_save_sweep: removes what is left in @folder of those who were killed while they saved. */
void vmh_save_sweep (int folder);

G_END_DECLS
