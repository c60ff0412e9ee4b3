/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How an error reaches a person. Knows no machine: sentences come from the helper. */
#include "inn-report.h"

#include "inn-window.h"
#include "shared/inn-errors.h"

#include <glib/gi18n.h>

#define TOAST_MAX_CHARS 90 /* a longer sentence is cut off in a toast, so it gets a dialog */

InnReport
inn_report_level (const GError *error)
{
  static const InnReport levels[INN_N_ERRORS] = {
    [INN_ERROR_FAILED] = INN_REPORT_DIALOG,
    [INN_ERROR_DENIED] = INN_REPORT_DIALOG,
    [INN_ERROR_DISMISSED] = INN_REPORT_SILENT,
    [INN_ERROR_AUTH_REQUIRED] = INN_REPORT_DIALOG,
    [INN_ERROR_NOT_FOUND] = INN_REPORT_TOAST,
    [INN_ERROR_EXISTS] = INN_REPORT_DIALOG,
    [INN_ERROR_INVALID_ARGUMENT] = INN_REPORT_DIALOG,
    [INN_ERROR_INVALID_XML] = INN_REPORT_DIALOG,
    [INN_ERROR_UNSUPPORTED] = INN_REPORT_DIALOG,
    [INN_ERROR_BAD_STATE] = INN_REPORT_TOAST,
    [INN_ERROR_CONFLICT] = INN_REPORT_DIALOG,
    [INN_ERROR_IN_USE] = INN_REPORT_DIALOG,
    [INN_ERROR_NO_SPACE] = INN_REPORT_DIALOG,
    [INN_ERROR_BAD_IMAGE] = INN_REPORT_DIALOG,
    [INN_ERROR_FOREIGN_BACKING] = INN_REPORT_DIALOG,
    [INN_ERROR_NO_QEMU] = INN_REPORT_DIALOG,
    [INN_ERROR_QEMU] = INN_REPORT_DIALOG,
    [INN_ERROR_GUEST] = INN_REPORT_TOAST,
    [INN_ERROR_TIMEOUT] = INN_REPORT_TOAST,
    [INN_ERROR_CANCELLED] = INN_REPORT_SILENT,
    [INN_ERROR_LIMIT] = INN_REPORT_DIALOG,
    [INN_ERROR_IO] = INN_REPORT_DIALOG,
    [INN_ERROR_HELPER] = INN_REPORT_DIALOG,
  };
  InnReport level = INN_REPORT_DIALOG;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return INN_REPORT_SILENT;
  if (error->domain == INN_ERROR && error->code >= 0 && error->code < INN_N_ERRORS)
    level = levels[error->code];
  if (level == INN_REPORT_TOAST && g_utf8_strlen (error->message, -1) > TOAST_MAX_CHARS)
    level = INN_REPORT_DIALOG;
  return level;
}

AdwToastOverlay *
inn_report_toasts (GtkWidget *near)
{
  GtkWidget *overlay = gtk_widget_get_ancestor (near, ADW_TYPE_TOAST_OVERLAY);
  GtkRoot *root = gtk_widget_get_root (near);

  if (overlay == NULL && INN_IS_WINDOW (root))
    overlay = GTK_WIDGET (inn_window_get_toasts (INN_WINDOW (root)));
  return overlay != NULL ? ADW_TOAST_OVERLAY (overlay) : NULL;
}

void
inn_report_note (GtkWidget *near, const char *text)
{
  AdwToastOverlay *overlay = inn_report_toasts (near);
  g_autofree char *safe_text = g_markup_escape_text (text, -1);
  AdwToast *toast;

  if (overlay == NULL)
    return;
  toast = adw_toast_new (safe_text);
  adw_toast_set_timeout (toast, 5);
  adw_toast_overlay_add_toast (overlay, toast);
}

void
inn_report_error (GtkWidget *near, const char *heading, const GError *error)
{
  InnReport level = inn_report_level (error);
  GtkRoot *root = gtk_widget_get_root (near);
  GtkWidget *dialog;

  if (level == INN_REPORT_SILENT)
    return;
  if (level == INN_REPORT_TOAST && inn_report_toasts (near) != NULL)
    {
      inn_report_note (near, error->message);
      return;
    }
  dialog = adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, heading,
                                   error->message);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}
