/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Knows the settings, and of the window only what every window has. */
#include "inn-window-size.h"

#include "inn-application.h"

static void
on_unmap (GtkWidget *window, GSettings *settings)
{
  g_settings_apply (settings);
  g_settings_sync (); /* the program may end now */
}

void
inn_window_size_keep (GtkWindow *window)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;
  g_autoptr (GSettings) settings = NULL;

  g_return_if_fail (GTK_IS_WINDOW (window));

  /* A GSettings without a schema ends the program. */
  schema = source != NULL ? g_settings_schema_source_lookup (source, INN_APP_ID, TRUE) : NULL;
  if (schema == NULL)
    return;
  settings = g_settings_new_full (schema, NULL, NULL);
  g_settings_delay (settings); /* dragging an edge is not a write for each pixel */
  g_settings_bind (settings, "width", window, "default-width", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "height", window, "default-height", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "maximized", window, "maximized", G_SETTINGS_BIND_DEFAULT);
  g_signal_connect_data (window, "unmap", G_CALLBACK (on_unmap), g_object_ref (settings),
                         (GClosureNotify)(void (*) (void))g_object_unref, 0);
}
