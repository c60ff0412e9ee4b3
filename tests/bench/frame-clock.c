/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* For bench_peers.py, loaded before the real app's libraries: a frame is wanted of its window all
 * the time, and the time between two goes to INN_FRAMES, a double of seconds each. */
#include <dlfcn.h>
#include <fcntl.h>
#include <gtk/gtk.h>
#include <unistd.h>

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  static gint64 last;
  const gint64 now = g_get_monotonic_time ();
  const double gap = (double)(now - last) / G_USEC_PER_SEC;

  if (last != 0 && write (GPOINTER_TO_INT (data), &gap, sizeof gap) != sizeof gap)
    return G_SOURCE_REMOVE;
  last = now;
  return G_SOURCE_CONTINUE;
}

void
gtk_window_present (GtkWindow *window)
{
  static gboolean watched;
  void (*real) (GtkWindow *) = dlsym (RTLD_NEXT, "gtk_window_present");
  const char *path = g_getenv ("INN_FRAMES");

  real (window);
  if (!watched && path != NULL)
    gtk_widget_add_tick_callback (
        GTK_WIDGET (window), on_tick,
        GINT_TO_POINTER (open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)), NULL);
  watched = TRUE;
}
