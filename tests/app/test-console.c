/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The console's view through a machine's life, with a real QEMU's screen and a helper that does
 * what the test says. */
#include <unistd.h>
#include "console/inn-console-view.h"
#include "console/inn-display.h"
#include "console/inn-save-screenshot.h"
#include "console/inn-screens.h"
#include "console/inn-terminal.h"
#include "guest.h"
#include "stage.h"

#define JOB INN_JOBS_PATH "/1"

typedef struct
{
  Stage stage;
  GtkWidget *view;
  Guest *guest;
  int serial;       /* the guest's end of the line opened last */
  gboolean picture; /* the helper has kept the machine's last one */
  guint tick;
} Fixture;

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE; /* what is waited for is looked for often enough */
}

/* 64 × 40, orange. */
static void
answer_picture (GDBusMethodInvocation *invocation)
{
  g_autoptr (GString) ppm = g_string_new ("P6\n64 40\n255\n");

  for (guint i = 0; i < 64 * 40; i++)
    g_string_append_len (ppm, "\377\200\0", 3);
  stage_answer_picture (invocation, ppm);
}

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *fixture = data;
  const char *method = g_dbus_method_invocation_get_method_name (invocation);

  if (g_str_equal (method, "OpenDisplay") && fixture->guest != NULL)
    stage_answer_fd (invocation, guest_open_vnc (fixture->guest));
  else if (g_str_equal (method, "OpenDisplay"))
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Qemu",
                                                "QEMU has lost its screen. Start it again.");
  else if (g_str_equal (method, "OpenSerial"))
    {
      if (fixture->serial >= 0)
        close (fixture->serial);
      fixture->serial = stage_answer_socket (invocation);
    }
  else if (g_str_equal (method, "Screenshot") && fixture->picture)
    answer_picture (invocation);
  else if (g_str_equal (method, "Screenshot"))
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.NotFound",
                                                "There is none.");
  else if (g_str_equal (method, "Start"))
    {
      fake_helper_add (fake, JOB, INN_IFACE_JOB, g_variant_new_parsed ("{'State': <'running'>}"));
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", JOB));
    }
  else if (g_str_equal (method, "Delete"))
    {
      fake_helper_add (fake, JOB, INN_IFACE_JOB, g_variant_new_parsed ("{'State': <'running'>}"));
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", JOB));
      fake_helper_change (fake, JOB, INN_IFACE_JOB, "State", g_variant_new_string ("done"));
    }
  else if (g_str_equal (method, "ListStorage"))
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.BadState",
                                                "The machine is broken.");
  else
    fake_helper_pass (invocation);
}

static void
change (Fixture *fixture, const char *interface, const char *property, GVariant *value)
{
  stage_change (&fixture->stage, interface, property, value);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->serial = -1;
  fixture->tick = g_timeout_add (20, on_tick, NULL);
  stage_set_up (&fixture->stage, 1, on_call, fixture);
  fixture->view = inn_console_view_new ();
  inn_console_view_set_machine (INN_CONSOLE_VIEW (fixture->view), fixture->stage.machine);
  stage_show (&fixture->stage, fixture->view, 900, 640);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stage_tear_down (&fixture->stage);
  g_clear_pointer (&fixture->guest, guest_free);
  if (fixture->serial >= 0)
    close (fixture->serial);
  g_source_remove (fixture->tick);
}

static GtkWidget *
find_button (Fixture *fixture, const char *label)
{
  return find_shown (fixture->view, GTK_TYPE_BUTTON, label);
}

static GtkWidget *
find_label (Fixture *fixture, const char *label)
{
  return find_shown (fixture->view, GTK_TYPE_LABEL, label);
}

/* Greys do not count: the firmware's text has a hundred of them when it is scaled. */
static guint
count_colours (GtkWidget *widget)
{
  int width, height;
  g_autofree guint32 *pixels = render (widget, &width, &height);
  g_autoptr (GHashTable) colours = g_hash_table_new (NULL, NULL);

  for (int i = 0; i < width * height; i += 7)
    if ((pixels[i] >> 16) != (pixels[i] & 0xff))
      g_hash_table_add (colours, GUINT_TO_POINTER (pixels[i]));
  return g_hash_table_size (colours);
}

/* All of the log can be read and copied, however long its lines are, and without a hyphen that it
 * does not have. */
static void
test_log (Fixture *fixture)
{
  g_autofree char *line = g_strnfill (400, 'x');
  g_autofree char *reason = g_strconcat ("QEMU ended by itself.\n", line, NULL);
  GtkWidget *log;
  int width;

  change (fixture, INN_IFACE_MACHINE, "StateReason", g_variant_new_string (reason));
  wait_until ((log = find_label (fixture, line)) != NULL);
  g_free (render (log, &(int){ 0 }, &(int){ 0 })); /* it has its place now */
  pango_layout_get_pixel_size (gtk_label_get_layout (GTK_LABEL (log)), &width, NULL);
  g_assert_cmpint (width, <=, gtk_widget_get_width (log));
  g_assert_cmpint (gtk_widget_get_width (log), <, 900);
  g_assert_true (gtk_label_get_selectable (GTK_LABEL (log)));
  g_assert_nonnull (gtk_label_get_attributes (GTK_LABEL (log)));
  take_picture (fixture->stage.window, "crashed-lines");
}

static void
test_states (Fixture *fixture, gconstpointer data)
{
  g_assert_nonnull (find_label (fixture, "machine 0"));
  g_assert_nonnull (find_label (fixture, "This machine is off."));
  take_picture (fixture->stage.window, "off");
  g_signal_emit_by_name (find_button (fixture, "_Start"), "clicked");
  wait_until (fake_helper_count_calls (fixture->stage.fake, "Start") == 1);

  stage_set_state (&fixture->stage, INN_STATE_STARTING);
  wait_until (find_shown (fixture->view, GTK_TYPE_SPINNER, NULL));
  take_picture (fixture->stage.window, "starting");
  fake_helper_change (fixture->stage.fake, JOB, INN_IFACE_JOB, "State",
                      g_variant_new_string ("done"));
  g_assert_null (find_button (fixture, "_Start"));

  change (fixture, INN_IFACE_MACHINE, "StateReason",
          g_variant_new_string ("QEMU ended by itself.\nqemu: <b>no & memory</b>\nline 2"));
  stage_set_state (&fixture->stage, INN_STATE_CRASHED);
  wait_until (find_label (fixture, "qemu: <b>no & memory</b>\nline 2"));
  g_assert_nonnull (find_button (fixture, "_Start"));
  g_assert_null (find_shown (fixture->view, GTK_TYPE_SPINNER, NULL));
  take_picture (fixture->stage.window, "crashed");
  test_log (fixture);

  stage_set_state (&fixture->stage, INN_STATE_BROKEN);
  wait_until (find_button (fixture, "_Start") == NULL);

  /* Neither screen nor line: said, not an empty page. */
  change (fixture, INN_IFACE_CONSOLE, "Displays", g_variant_new_strv (NULL, 0));
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until (find_label (fixture, "No screen"));
  inn_console_view_set_machine (INN_CONSOLE_VIEW (fixture->view), NULL);
  iterate ();
}

/* A machine that is off shows its last picture, and only then. */
static void
test_last_picture (Fixture *fixture, gconstpointer data)
{
  GtkWidget *picture;

  wait_until (fake_helper_count_calls (fixture->stage.fake, "Screenshot") == 1);
  iterate ();
  g_assert_null (find_shown (fixture->view, GTK_TYPE_PICTURE, NULL));
  fixture->picture = TRUE;
  stage_set_state (&fixture->stage, INN_STATE_STARTING);
  wait_until (find_shown (fixture->view, GTK_TYPE_SPINNER, NULL));
  g_assert_cmpuint (fake_helper_count_calls (fixture->stage.fake, "Screenshot"), ==, 1);
  stage_set_state (&fixture->stage, INN_STATE_OFF);
  wait_until ((picture = find_shown (fixture->view, GTK_TYPE_PICTURE, NULL)) != NULL);
  g_assert_cmpuint (count_colours (picture), >, 0); /* its orange, paler */
  g_assert_nonnull (find_button (fixture, "_Start"));
  take_picture (fixture->stage.window, "last-picture");
  stage_set_state (&fixture->stage, INN_STATE_STARTING);
  wait_until (find_shown (fixture->view, GTK_TYPE_PICTURE, NULL) == NULL);
  inn_console_view_set_machine (INN_CONSOLE_VIEW (fixture->view), NULL);
  iterate ();
}

static void
test_screen (Fixture *fixture, gconstpointer data)
{
  GtkWidget *display;

  fixture->guest = guest_new ("VGA", -1);
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until ((display = find_shown (fixture->view, INN_TYPE_DISPLAY, NULL)) != NULL);
  wait_until (count_colours (display) > 100);
  take_picture (fixture->stage.window, "running");
  gtk_widget_grab_focus (display);
  wait_until (inn_display_get_captured (INN_DISPLAY (display)));
  wait_until (find_label (fixture, "Ctrl+Alt releases the keyboard."));

  /* Paused: the picture stays behind a veil, the keyboard is ours again. */
  change (fixture, INN_IFACE_MACHINE, "StateReason", g_variant_new_string ("Paused by you."));
  stage_set_state (&fixture->stage, INN_STATE_PAUSED);
  wait_until (find_button (fixture, "_Resume"));
  g_assert_false (inn_display_get_captured (INN_DISPLAY (display)));
  g_assert_cmpuint (count_colours (display), >, 100);
  take_picture (fixture->stage.window, "paused");
  g_signal_emit_by_name (find_button (fixture, "_Resume"), "clicked");
  wait_until (fake_helper_count_calls (fixture->stage.fake, "Resume") == 1);
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until (find_button (fixture, "_Resume") == NULL);
  g_assert_cmpuint (fake_helper_count_calls (fixture->stage.fake, "OpenDisplay"), ==, 1);

  /* Hidden: the connection is closed; shown: there again. */
  gtk_widget_set_visible (fixture->view, FALSE);
  iterate ();
  gtk_widget_set_visible (fixture->view, TRUE);
  wait_until (fake_helper_count_calls (fixture->stage.fake, "OpenDisplay") == 2);
  wait_until (count_colours (display) > 100);

  /* QEMU goes without a word: the last picture stays, with a way back. */
  g_clear_pointer (&fixture->guest, guest_free);
  wait_until (find_button (fixture, "_Connect Again"));
  g_assert_cmpuint (count_colours (display), >, 100);
  take_picture (fixture->stage.window, "lost");
  g_signal_emit_by_name (find_button (fixture, "_Connect Again"), "clicked");
  wait_until (find_label (fixture, "QEMU has lost its screen. Start it again."));
  fixture->guest = guest_new ("VGA", -1);
  g_signal_emit_by_name (find_button (fixture, "_Connect Again"), "clicked");
  wait_until (find_button (fixture, "_Connect Again") == NULL && count_colours (display) > 100);

  /* Shutting down: no new screen can be had, the one there is shows how it goes. */
  change (fixture, INN_IFACE_CONSOLE, "Displays", g_variant_new_strv (NULL, 0));
  stage_set_state (&fixture->stage, INN_STATE_STOPPING);
  g_assert_cmpuint (count_colours (display), >, 100);
  g_assert_true (gtk_widget_get_mapped (display));
  stage_set_state (&fixture->stage, INN_STATE_OFF);
  wait_until (find_button (fixture, "_Start"));
}

static GtkWidget *
find_bar (GtkWidget *display)
{
  GtkWidget *screens = gtk_widget_get_ancestor (display, INN_TYPE_SCREENS);

  return find_shown (screens, GTK_TYPE_REVEALER, NULL);
}

static gboolean
shortcuts_are_ours (GtkWidget *widget)
{
  gboolean inhibited;

  g_object_get (gtk_native_get_surface (gtk_widget_get_native (widget)), "shortcuts-inhibited",
                &inhibited, NULL);
  return inhibited;
}

static void
test_fullscreen (Fixture *fixture, gconstpointer data)
{
  GListModel *windows = gtk_window_get_toplevels ();
  const guint n_windows = g_list_model_get_n_items (windows);
  GtkWidget *display, *button;

  fixture->guest = guest_new ("VGA", -1);
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until ((display = find_shown (fixture->view, INN_TYPE_DISPLAY, NULL)) != NULL);
  wait_until (count_colours (display) > 100);
  g_assert_true (gtk_widget_activate_action (display, "console.fullscreen", NULL));
  wait_until (find_label (fixture, "In full screen"));
  g_assert_cmpuint (g_list_model_get_n_items (windows), ==, n_windows + 1);
  wait_until (gtk_widget_get_mapped (display) && count_colours (display) > 100);
  g_assert_cmpuint (fake_helper_count_calls (fixture->stage.fake, "OpenDisplay"), ==, 1);

  /* How to leave is seen for a moment. */
  g_assert_true (gtk_revealer_get_reveal_child (GTK_REVEALER (find_bar (display))));
  wait_until (!gtk_revealer_get_reveal_child (GTK_REVEALER (find_bar (display))));

  /* What is told is told here, and the desktop's keys are the guest's. */
  g_assert_true (gtk_widget_activate_action (display, "console.copy-screenshot", NULL));
  wait_until (find_shown (GTK_WIDGET (gtk_widget_get_root (display)), GTK_TYPE_LABEL,
                          "The screenshot is in the clipboard."));
  gtk_widget_grab_focus (display);
  wait_until (shortcuts_are_ours (display));

  /* The tools are there again when the pointer comes to the top; their button leads back. */
  gtk_revealer_set_reveal_child (GTK_REVEALER (find_bar (display)), TRUE);
  wait_until ((button = find_shown (find_bar (display), GTK_TYPE_BUTTON,
                                    "Leave full screen (F11)")) != NULL &&
              gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
  wait_until (find_shown (fixture->view, INN_TYPE_DISPLAY, NULL) == display);
  g_assert_false (shortcuts_are_ours (display));
  g_assert_true (gtk_widget_activate_action (display, "console.fullscreen", NULL));
  wait_until (find_label (fixture, "In full screen"));
  stage_set_state (&fixture->stage, INN_STATE_OFF); /* ends it by itself */
  wait_until (find_button (fixture, "_Start"));
  wait_until (g_list_model_get_n_items (windows) == n_windows);
}

/* A screen that is larger than its place stays where it was put when it gets the focus. */
static void
test_scroll (Fixture *fixture, gconstpointer data)
{
  GtkWidget *display, *scroller;
  GtkAdjustment *across;

  fixture->guest = guest_new ("VGA", -1);
  gtk_window_set_default_size (GTK_WINDOW (fixture->stage.window), 300, 300);
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until ((display = find_shown (fixture->view, INN_TYPE_DISPLAY, NULL)) != NULL);
  wait_until (count_colours (display) > 100);
  g_assert_true (gtk_widget_activate_action (display, "console.scale", "s", "actual"));
  scroller = gtk_widget_get_ancestor (display, GTK_TYPE_SCROLLED_WINDOW);
  across = gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (scroller));
  gtk_window_set_focus (GTK_WINDOW (fixture->stage.window), NULL);
  wait_until (gtk_adjustment_get_upper (across) > gtk_adjustment_get_page_size (across) + 100);
  gtk_adjustment_set_value (across, 100);
  gtk_widget_grab_focus (display);
  for (guint i = 0; i < 30; i++)
    g_free (render (display, &(int){ 0 }, &(int){ 0 })); /* it would move for some frames */
  g_assert_cmpfloat (gtk_adjustment_get_value (across), ==, 100);
}

/* The screen is lost, its line is not; a pause is of both. */
static void
test_veils (Fixture *fixture, gconstpointer data)
{
  GtkWidget *screens, *terminal;

  change (fixture, INN_IFACE_CONSOLE, "Serials", g_variant_new_parsed ("[('serial0', 'serial')]"));
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until (find_button (fixture, "_Connect Again"));
  screens = gtk_widget_get_ancestor (find_button (fixture, "_Connect Again"), INN_TYPE_SCREENS);
  gtk_stack_set_visible_child_name (
      GTK_STACK (gtk_widget_get_template_child (screens, INN_TYPE_SCREENS, "stack")), "serial0");
  wait_until ((terminal = find_shown (fixture->view, INN_TYPE_TERMINAL, NULL)) != NULL);
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  g_assert_null (find_button (fixture, "_Connect Again"));
  stage_set_state (&fixture->stage, INN_STATE_PAUSED);
  wait_until (find_button (fixture, "_Resume"));
  g_signal_emit_by_name (find_button (fixture, "_Resume"), "clicked");
  wait_until (fake_helper_count_calls (fixture->stage.fake, "Resume") == 1);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  inn_save_screenshot_finish (result, &error);
  *(char **)data = g_strdup (error != NULL ? error->message : "saved");
}

static void
test_screenshot (void)
{
  static const guint8 pixels[12] = { 255 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (pixels, sizeof pixels);
  g_autoptr (GdkTexture) texture = gdk_memory_texture_new (2, 2, GDK_MEMORY_R8G8B8, bytes, 6);
  g_autoptr (GdkTexture) read = NULL;
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "inn-screenshot-XXXXXX.png", NULL);
  const int fd = g_mkstemp (path);
  g_autoptr (GFile) good = g_file_new_for_path (path);
  g_autoptr (GFile) bad = g_file_get_child (good, "in-a-file.png");
  g_autofree char *said = NULL;
  g_autofree char *said_bad = NULL;

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  inn_save_screenshot_async (texture, good, on_saved, &said);
  wait_until (said != NULL);
  g_assert_cmpstr (said, ==, "saved");
  read = gdk_texture_new_from_file (good, NULL);
  g_assert_nonnull (read);
  inn_save_screenshot_async (texture, bad, on_saved, &said_bad);
  wait_until (said_bad != NULL);
  g_assert_nonnull (strstr (said_bad, "another folder"));
  g_assert_true (g_file_delete (good, NULL, NULL));
}

/* Nobody can read what it is; it can be got rid of. */
static void
test_broken (Fixture *fixture, gconstpointer data)
{
  stage_set_state (&fixture->stage, INN_STATE_BROKEN);
  wait_until (find_button (fixture, "_Delete…") != NULL);
  g_signal_emit_by_name (find_button (fixture, "_Delete…"), "clicked");
  wait_until (find_dialog () != NULL);
  adw_message_dialog_response (find_dialog (), "delete");
  wait_until (fake_helper_count_calls (fixture->stage.fake, "Delete") == 1);
  g_assert_cmpuint (fake_helper_count_calls (fixture->stage.fake, "ListStorage"), ==, 0);
  gtk_window_destroy (GTK_WINDOW (find_dialog ()));
}

int
main (int argc, char **argv)
{
#define ADD(name, function)                                                                        \
  g_test_add ("/console/" name, Fixture, NULL, set_up, function, tear_down)

  stage_init (&argc, &argv);
  ADD ("states", test_states);
  ADD ("broken", test_broken);
  ADD ("last-picture", test_last_picture);
  ADD ("screen", test_screen);
  ADD ("fullscreen", test_fullscreen);
  ADD ("veils", test_veils);
  ADD ("scroll", test_scroll);
  g_test_add_func ("/console/screenshot", test_screenshot);
  return stage_run ();
}
