/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-fullscreen.h"

#include <glib/gi18n.h>

GtkWindow *
inn_fullscreen_new (GtkApplication *application, const char *title, GtkWidget *child)
{
  GtkWindow *window = GTK_WINDOW (gtk_window_new ());
  GtkWidget *toasts = adw_toast_overlay_new ();

  gtk_window_set_application (window, application);
  gtk_window_set_title (window, title);
  gtk_window_set_default_size (window, 1024, 768);
  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (toasts), child);
  gtk_window_set_child (window, toasts);
  gtk_window_fullscreen (window);
  return window;
}

void
inn_fullscreen_take (GtkWindow *window)
{
  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (gtk_window_get_child (window)), NULL);
  gtk_window_destroy (window);
}

GtkWidget *
inn_fullscreen_note_new (void)
{
  GtkWidget *note = adw_status_page_new ();

  adw_status_page_set_icon_name (ADW_STATUS_PAGE (note), "view-fullscreen-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (note), _ ("In full screen"));
  adw_status_page_set_description (ADW_STATUS_PAGE (note),
                                   _ ("To leave it, move the pointer to the top of the screen, or "
                                      "press Ctrl+Alt and then F11."));
  return note;
}
