/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How a combo row shows its choices. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/** inn_choice_list_attach: a row whose model is a GtkStringList shows each choice whole in its
 * list, and the chosen one as far as there is room, but never less of it than some twenty letters.
 */
void inn_choice_list_attach (AdwComboRow *row);

G_END_DECLS
