/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a person should know of the proposed machine before making it. No widget. */
#pragma once

#include "client/inn-profile.h"

G_BEGIN_DECLS

/** inn_summary_notes: @of_system: it will belong to the computer; answers sentences, one a line; ""
 * where there is nothing to say. */
char *inn_summary_notes (const InnProfile *profile,
                         const InnSource *source,
                         InnOs *os,
                         gboolean of_system);

G_END_DECLS
