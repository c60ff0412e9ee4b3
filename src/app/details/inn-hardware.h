/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a person can add to a machine: a line of help on each kind, and what a new one starts with.
 * No widget. */
#pragma once

#include "shared/inn-domain.h"

G_BEGIN_DECLS

/** inn_hardware_get_help: one translated line; NULL: nothing to say. */
const char *inn_hardware_get_help (const InnKind *kind);
/** inn_hardware_dup_problem: why @domain cannot have another one; NULL: it can. */
char *inn_hardware_dup_problem (const InnKind *kind, InnDomain *domain);
/** inn_hardware_get_absent: the device @position (from 0) that no machine can have yet, translated,
 * and in @out_why a sentence that says why; NULL: there are no more. */
const char *inn_hardware_get_absent (guint position, const char **out_why);
/** inn_hardware_fill: gives a new, empty @element of @domain what makes it work. */
void inn_hardware_fill (InnElement *element);

G_END_DECLS
