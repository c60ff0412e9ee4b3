/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The example domains of tests/golden/xml, and short words for tests of the model. */
#pragma once

#include "shared/inn-domain-new.h"
#include "shared/inn-errors.h"

/** fixture_names: (element-type utf8) file names of all example domains. */
GPtrArray *fixture_names (void);
char *fixture_read (const char *name);
InnDomain *fixture_load (const char *name);
/** fixture_parse: asserts that it parses. */
InnDomain *fixture_parse (const char *xml);
/** fixture_device: the @position-th device of @kind. */
InnElement fixture_device (InnDomain *domain, const char *kind, guint position);
/** fixture_samples: (element-type utf8) texts that @field allows: all its choices, its bounds. */
GPtrArray *fixture_samples (const InnField *field);
