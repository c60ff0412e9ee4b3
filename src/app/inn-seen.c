/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-seen.h"

static GdkSurface *
get_surface (GtkWidget *widget)
{
  return gtk_native_get_surface (gtk_widget_get_native (widget));
}

gboolean
inn_seen_is (GtkWidget *widget)
{
  GdkToplevelState hidden = GDK_TOPLEVEL_STATE_MINIMIZED;

#if GTK_CHECK_VERSION(4, 12, 0)
  hidden |= GDK_TOPLEVEL_STATE_SUSPENDED;
#endif
  if (!gtk_widget_get_mapped (widget))
    return FALSE;
  return !GDK_IS_TOPLEVEL (get_surface (widget)) ||
         (gdk_toplevel_get_state (GDK_TOPLEVEL (get_surface (widget))) & hidden) == 0;
}

void
inn_seen_watch (GtkWidget *widget, GCallback changed)
{
  g_signal_connect_object (get_surface (widget), "notify::state", changed, widget,
                           G_CONNECT_SWAPPED);
}

void
inn_seen_forget (GtkWidget *widget, GCallback changed)
{
  g_signal_handlers_disconnect_by_func (get_surface (widget), changed, widget);
}
