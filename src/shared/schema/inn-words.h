/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What several kinds say in the same words, and helpers for their rules and summaries. Private to
 * the schema. */
#pragma once

#include "shared/inn-domain.h"
#include "shared/inn-errors.h"

#include <glib/gi18n-lib.h>

G_BEGIN_DECLS

extern const InnChoice inn_words_on_off[];
extern const InnChoice inn_words_disk_type[];
extern const InnChoice inn_words_disk_format[];
extern const InnChoice inn_words_disk_cache[];
extern const InnChoice inn_words_chardev[];
extern const InnChoice inn_words_hostdev_mode[];

/* The name in libvirt's pattern for a device of the host. */
#define INN_PATTERN_DEVICE "[a-zA-Z0-9_.\\-\\\\:/]+"

/** inn_rule: FALSE with @message as an INN_ERROR_INVALID_ARGUMENT unless @holds. */
gboolean inn_rule (gboolean holds, const char *message, GError **error);
/** inn_rule_storage: of disk, cdrom and floppy: a file for a file, a device for a device, and a
 * name that goes with the bus. */
gboolean inn_rule_storage (const InnElement *element, GError **error);
gboolean inn_rule_target (const InnElement *element,
                          GError **error); /* its name goes with its bus */

/** inn_dup_choice: what @field says in a person's words. */
char *inn_dup_choice (const InnElement *element, const char *field);
/** inn_dup_join: the parts that are not NULL with ", " between; frees them. */
char *inn_dup_join (char *one, char *two);
/** inn_dup_storage: "VirtIO, web.qcow2", or @empty instead of the name. */
char *inn_dup_storage (const InnElement *element, const char *empty);

G_END_DECLS
