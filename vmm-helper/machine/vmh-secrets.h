/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Secrets of a definition: they come in and are never told. Which fields are secret says the
 * schema. */
#pragma once

#include "shared/inn-domain.h"

G_BEGIN_DECLS

/** vmh_secrets_dup_xml: @domain as it may be told. */
char *vmh_secrets_dup_xml (InnDomain *domain);
/** vmh_secrets_carry: gives @to each secret that @from has in the same element and @to does not
 * mention: whoever changes what was told does not lose what was not. */
gboolean vmh_secrets_carry (InnDomain *from, InnDomain *to, GError **error);

G_END_DECLS
