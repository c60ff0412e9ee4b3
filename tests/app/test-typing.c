/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "console/inn-display.h"
#include "console/inn-typing.h"
#include "fake-source.h"
#include "shared/inn-errors.h"
#include "widgets.h"

/* A text, typed by the layout of the X server; any key stops it. */
static void
test_typing (void)
{
  static const char expected[] = "+30 -30 +42 +48 -48 +41 -41 -42 +57 -57 +15 -15 +28 -28 +28 -28 "
                                 "+42 +3 -3 -42";
  g_autoptr (FakeSource) source = fake_source_new (64, 48);
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 640, 480);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *long_text = g_strnfill (INN_TYPING_MAX + 1, 'x');
  g_autofree char *some = g_strnfill (INN_TYPING_MAX, 'X');

  g_assert_true (inn_display_type (INN_DISPLAY (display), "nobody is there", &error));
  g_assert_no_error (error);
  fake_source_ignore_motion (source);
  inn_display_set_source (INN_DISPLAY (display), INN_DISPLAY_SOURCE (source));
  gtk_widget_grab_focus (display);
  wait_until (inn_display_get_captured (INN_DISPLAY (display)));
  g_assert_true (inn_display_type (INN_DISPLAY (display), "aB~ \t\r\n\n@", &error));
  g_assert_no_error (error);
  g_assert_true (inn_display_get_typing (INN_DISPLAY (display)));
  while (inn_display_get_typing (INN_DISPLAY (display)))
    {
      g_autofree char *more = NULL;

      g_main_context_iteration (NULL, TRUE);
      more = fake_source_take_log (source);
      if (*more != '\0')
        g_string_append_printf (log, "%s%s", log->len > 0 ? " " : "", more);
    }
  g_assert_cmpstr (log->str, ==, expected);

  g_assert_false (inn_display_type (INN_DISPLAY (display), "caf\303\251", &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "“\303\251”"));
  g_clear_error (&error);
  g_assert_false (inn_display_type (INN_DISPLAY (display), "\033[A", &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (inn_display_type (INN_DISPLAY (display), long_text, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (fake_source_has_log (source));

  g_assert_true (inn_display_type (INN_DISPLAY (display), some, &error));
  wait_until (fake_source_has_log (source));
  fake_source_xdotool (source, "key --delay 20 Escape", log, "-42");
  g_assert_false (inn_display_get_typing (INN_DISPLAY (display)));
  g_assert_null (strstr (log->str, "+1 "));
  fake_source_xdotool (source, "key --delay 20 b", log, "-48");
  g_assert_cmpstr (log->str, ==, "+48 -48");

  g_assert_true (inn_display_type (INN_DISPLAY (display), some, &error));
  inn_display_set_source (INN_DISPLAY (display), NULL);
  g_assert_false (inn_display_get_typing (INN_DISPLAY (display)));
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

/* Who only looks sends nothing; what was held down is let go. */
static void
test_view_only (void)
{
  g_autoptr (FakeSource) source = fake_source_new (64, 48);
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 640, 480);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autofree char *let_go = NULL;

  inn_display_set_source (INN_DISPLAY (display), INN_DISPLAY_SOURCE (source));
  gtk_widget_grab_focus (display);
  wait_until (inn_display_get_captured (INN_DISPLAY (display)));
  fake_source_xdotool (source, "mousemove 300 200", log, "move 30,20");
  fake_source_xdotool (source, "keydown a", log, "+30");
  inn_display_set_view_only (INN_DISPLAY (display), TRUE);
  let_go = fake_source_take_log (source);
  g_assert_true (g_str_has_prefix (let_go, "-30"));
  g_assert_false (inn_display_get_captured (INN_DISPLAY (display)));
  g_assert_true (inn_display_type (INN_DISPLAY (display), "x", NULL));
  g_assert_false (inn_display_get_typing (INN_DISPLAY (display)));
  g_assert_true (g_spawn_command_line_sync (
      "xdotool keyup a key --delay 20 b mousemove 310 210 click 1 click 4", NULL, NULL, NULL,
      NULL));
  iterate ();
  g_assert_false (inn_display_get_captured (INN_DISPLAY (display)));
  g_assert_false (fake_source_has_log (source));
  inn_display_set_view_only (INN_DISPLAY (display), FALSE);
  wait_until (inn_display_get_captured (INN_DISPLAY (display)));
  fake_source_ignore_motion (source);
  fake_source_xdotool (source, "key --delay 20 b", log, "-48");
  g_assert_cmpstr (log->str, ==, "+48 -48");
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  g_test_add_func ("/typing/text", test_typing);
  g_test_add_func ("/typing/view-only", test_view_only);
  return g_test_run ();
}
