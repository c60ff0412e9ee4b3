/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the schema knows and this helper would refuse when the machine starts: it is not offered,
 * and the row says why. The helper tells; nothing is guessed here. */
#pragma once

#include "client/inn-connection.h"
#include "details/inn-field-row.h"

G_BEGIN_DECLS

/** inn_offer_has_row: @field of @element means something here. @connection NULL: unknown, all does.
 */
gboolean
inn_offer_has_row (InnConnection *connection, const InnElement *element, const InnField *field);
/** inn_offer_limit: takes from @row the choices that are refused, but for the one that @element has
 * already. */
void inn_offer_limit (InnConnection *connection, const InnElement *element, InnFieldRow *row);
/** inn_offer_get_warning: what an installed system may notice of a change; NULL: nothing. */
const char *inn_offer_get_warning (const InnKind *kind, const InnField *field);

G_END_DECLS
