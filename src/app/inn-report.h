/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How an error reaches a person: one table decides between silence, a toast and a dialog; no call
 * site does. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

typedef enum
{
  INN_REPORT_SILENT, /* the person did it themselves */
  INN_REPORT_TOAST,  /* small, nothing is lost */
  INN_REPORT_DIALOG, /* needs reading */
} InnReport;

InnReport inn_report_level (const GError *error);

/** inn_report_error: @near: any widget of the window that asked. @heading: what could not be done,
 * a sentence without full stop ("The machine “a” could not be started"). */
void inn_report_error (GtkWidget *near, const char *heading, const GError *error);

/** inn_report_note: a toast in @near's window. */
void inn_report_note (GtkWidget *near, const char *text);

/** inn_report_toasts: @near's toast overlay; NULL where its window has none. */
AdwToastOverlay *inn_report_toasts (GtkWidget *near);

G_END_DECLS
