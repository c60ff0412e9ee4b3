/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A display source that paints what the test says and writes down what it is sent. */
#pragma once

#include "console/inn-display-source.h"

#define FAKE_TYPE_SOURCE (fake_source_get_type ())
G_DECLARE_FINAL_TYPE (FakeSource, fake_source, FAKE, SOURCE, InnDisplaySource)

FakeSource *fake_source_new (int width, int height);
/* A pattern without two equal neighbours. */
void fake_source_resize (FakeSource *self, int width, int height);
void fake_source_fill (FakeSource *self, const cairo_rectangle_int_t *rectangle, guint32 colour);
/* The server's mouse may lie anywhere and moves as windows come: nothing of it from now on. */
void fake_source_ignore_motion (FakeSource *self);
gboolean fake_source_has_log (FakeSource *self);
/* What was sent since the last call, "+30 -30 move 5,6 …". */
char *fake_source_take_log (FakeSource *self);
/* Runs xdotool and puts into @log what is sent because of it, up to @last. */
void
fake_source_xdotool (FakeSource *source, const char *arguments, GString *log, const char *last);
/* A display in a window, with an entry below it; exactly as large as is asked for. */
GtkWidget *show_display (GtkWidget *display, int width, int height);
