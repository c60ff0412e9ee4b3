/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The programs that come with the window and that it starts itself. */
#pragma once

#include <glib.h>

/** inn_program_dup: where the program @name is, which is made in the folder src/@folder. In a
 * checkout that lies beside the window's own. */
char *inn_program_dup (const char *folder, const char *name);
