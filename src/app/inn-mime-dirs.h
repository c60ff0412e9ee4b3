/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The folders of file types, named once. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * inn_mime_dirs_begin:
 *
 * Has GLib settle where it looks for file types before it looks there. Where it does so later (each
 * description of a type that a file chooser shows asks for them), the folders get other names, and
 * within the next five seconds one look-up throws the types away that it has half read:
 * g_content_type_guess() then reads memory that is gone, in the thread that lists a folder. Not
 * twice, and not again.
 *
 * Source: GLib 2.74, gcontenttype.c g_content_type_guess() and xdgmime.c xdg_mime_set_dirs(),
 * xdg_check_dirs(); the same in 2.88.
 */
void inn_mime_dirs_begin (void);

G_END_DECLS
