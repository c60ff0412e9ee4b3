/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard's first page: what shall the machine start from? */
#pragma once

#include <adwaita.h>
#include "client/inn-profile.h"

G_BEGIN_DECLS

#define INN_TYPE_SOURCE_PAGE (inn_source_page_get_type ())
G_DECLARE_FINAL_TYPE (InnSourcePage, inn_source_page, INN, SOURCE_PAGE, GtkWidget)

/* Signal "chosen" (int InnSourceKind, GFile *file): @file is NULL but for what was found on this
 * computer.
 * Signal "import" (GFile *file): a machine of libvirt's is wanted instead; @file is NULL. */

G_END_DECLS
