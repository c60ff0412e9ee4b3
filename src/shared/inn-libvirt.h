/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* libvirt's definitions of pools and networks, as far as a machine's import asks for them. Does no
 * I/O. */
#pragma once

#include "inn-domain-import.h"

G_BEGIN_DECLS

/** inn_libvirt_parse_pool: the pool's name, and the folder in which its volumes are; FALSE for one
 * whose volumes are no files or devices of this computer, and where @xml is not such a pool. */
gboolean inn_libvirt_parse_pool (const char *xml, gsize length, char **out_name, char **out_folder);
/** inn_libvirt_parse_network: @out_bridge: set for INN_IMPORT_NETWORK_BRIDGE only. FALSE where @xml
 * is no network. */
gboolean inn_libvirt_parse_network (const char *xml,
                                    gsize length,
                                    char **out_name,
                                    InnImportNetwork *out_kind,
                                    char **out_bridge);

G_END_DECLS
