/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard's last page: what will be made, every value of it to be changed. */
#pragma once

#include <adwaita.h>
#include "client/inn-create.h"

G_BEGIN_DECLS

#define INN_TYPE_SUMMARY_PAGE (inn_summary_page_get_type ())
G_DECLARE_FINAL_TYPE (InnSummaryPage, inn_summary_page, INN, SUMMARY_PAGE, GtkWidget)

/* Signals: "choose-os": another system is wanted; "changed": a value is another, ask for the check
 * again. */

/** inn_summary_page_fill: proposes a machine for @os from @source, which is to stay as long as the
 * page shows it. What a person had changed is dropped, but for the name. */
void inn_summary_page_fill (InnSummaryPage *self,
                            InnConnection *connection,
                            InnSource *source,
                            InnOs *os,
                            GError **error);
/** inn_summary_page_check: whether this can be made; else a sentence that says what to change. */
gboolean inn_summary_page_check (InnSummaryPage *self, GError **error);

InnDomain *inn_summary_page_get_domain (InnSummaryPage *self);
guint64 inn_summary_page_get_disk_size (InnSummaryPage *self); /* bytes */
gboolean inn_summary_page_get_start (InnSummaryPage *self);
/** inn_summary_page_is_changed: whether a value is another than was proposed. */
gboolean inn_summary_page_is_changed (InnSummaryPage *self);
/** inn_summary_page_forget: a new wizard's run: the name too is proposed again. */
void inn_summary_page_forget (InnSummaryPage *self);

G_END_DECLS
