/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What C tests of widgets share: waiting, and looking at what is drawn. */
#pragma once

#include <adwaita.h>

G_NORETURN gboolean widgets_on_deadline (gpointer what);

#define wait_until(condition)                                                                      \
  do                                                                                               \
    {                                                                                              \
      guint deadline = g_timeout_add_seconds (60, widgets_on_deadline, #condition);                \
      while (!(condition))                                                                         \
        g_main_context_iteration (NULL, TRUE);                                                     \
      g_source_remove (deadline);                                                                  \
    }                                                                                              \
  while (FALSE)

/* All that is there to be done now. */
void iterate (void);
/* The first widget below @widget, or itself, of @type that says @text, itself or in its tip (NULL:
 * whatever). */
GtkWidget *find_widget (GtkWidget *widget, GType type, const char *text);
GtkWidget *find_shown (GtkWidget *widget, GType type, const char *text); /* that is mapped */
AdwMessageDialog *find_dialog (void); /* any; NULL: there is none */
/* What is on the screen after the next frame: 0xrrggbb a pixel. */
guint32 *render (GtkWidget *widget, int *out_width, int *out_height);
/* Saves it as NAME.png in the folder that INN_TEST_PICTURES names, if it does. */
void take_picture (GtkWidget *widget, const char *name);
