/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The language of a program. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** inn_locale_init: the language of the environment, from the installed translations, or from those
 * in the folder INNKEEPER_LOCALE_DIR (src/run's build). First of all in main(). */
void inn_locale_init (void);

G_END_DECLS
