/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a machine and its QEMU said last, made fit for a sentence to a person. Knows no machine. */
#pragma once

#include "shared/inn-domain.h"

G_BEGIN_DECLS

/** vmh_words_dup_serial: the last lines of @bytes (NULL: none), which a guest has written and which
 * may be anything: only what can be printed, without a terminal's commands, and not much of it. ""
 * where nothing is left. */
char *vmh_words_dup_serial (GBytes *bytes);
/** vmh_words_dup_errors: the last lines of QEMU's @log (UTF-8) that are neither warnings nor notes.
 */
char *vmh_words_dup_errors (const char *log);
/** vmh_words_explain: what QEMU's @errors mean and what can be done, where they are of those that
 * are known; NULL. */
const char *vmh_words_explain (const char *errors);
/** vmh_words_dup_kept: a line for the log of the parts of libvirt's format that are kept and that
 * nothing of ours acts upon: said where one looks when a machine is not what its XML says. NULL:
 * there are none. */
char *vmh_words_dup_kept (InnDomain *domain, gboolean system);

G_END_DECLS
