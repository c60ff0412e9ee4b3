/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A store of machines in a folder of the test's own. */
#pragma once

/** store_folder_new: what main() begins with; then vmh_store_open() finds the store there. */
char *store_folder_new (void);
/** store_folder_free: removes it, with all that is in it. */
void store_folder_free (char *folder);
/** store_folder_open: the store, with new files for us alone. */
void store_folder_open (void);
