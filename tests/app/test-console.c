/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The console's view through a machine's life, with a real QEMU's screen and a helper that does
 * what the test says. */
#include <adwaita.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../unit/fake-helper.h"
#include "console/inn-console-view.h"
#include "console/inn-display.h"
#include "console/inn-save-screenshot.h"
#include "console/inn-screens.h"
#include "console/inn-terminal.h"
#include "guest.h"
#include "widgets.h"

#define MACHINE INN_MACHINES_PATH "/m0"
#define JOB     INN_JOBS_PATH "/1"
#define BURST   (1024 * 1024)

typedef struct
{
  FakeHelper *fake;
  InnConnection *connection;
  InnMachine *machine;
  GtkWidget *window;
  GtkWidget *view;
  Guest *guest;
  int serial;       /* the guest's end of the line opened last */
  gboolean picture; /* the helper has kept the machine's last one */
  gboolean refuse_serial;
  guint tick;
} Fixture;

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE; /* what is waited for is looked for often enough */
}

static void
answer_fd (GDBusMethodInvocation *invocation, int fd)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);

  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0),
                                                           fds);
}

/* 64 × 40, orange. */
static int
create_picture (void)
{
  g_autoptr (GString) ppm = g_string_new ("P6\n64 40\n255\n");
  int fd = memfd_create ("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  for (guint i = 0; i < 64 * 40; i++)
    g_string_append_len (ppm, "\377\200\0", 3);
  g_assert_cmpint (write (fd, ppm->str, ppm->len), ==, ppm->len);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), ==, 0);
  return fd;
}

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *fixture = data;
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  int ends[2];

  if (g_str_equal (method, "OpenDisplay") && fixture->guest != NULL)
    answer_fd (invocation, guest_open_vnc (fixture->guest));
  else if (g_str_equal (method, "OpenDisplay"))
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Qemu",
                                                "QEMU has lost its screen. Start it again.");
  else if (g_str_equal (method, "OpenSerial") && fixture->refuse_serial)
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Limit",
                                                "Eight people look at it.");
  else if (g_str_equal (method, "OpenSerial"))
    {
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
      if (fixture->serial >= 0)
        close (fixture->serial);
      fixture->serial = ends[1];
      answer_fd (invocation, ends[0]);
    }
  else if (g_str_equal (method, "Screenshot") && fixture->picture)
    answer_fd (invocation, create_picture ());
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
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
change (Fixture *fixture, const char *interface, const char *property, GVariant *value)
{
  fake_helper_change (fixture->fake, MACHINE, interface, property, value);
}

static void
set_state (Fixture *fixture, const char *state, InnState wanted)
{
  change (fixture, INN_IFACE_MACHINE, "State", g_variant_new_string (state));
  wait_until (inn_machine_get_state (fixture->machine) == wanted);
  iterate ();
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->serial = -1;
  fixture->tick = g_timeout_add (20, on_tick, NULL);
  fixture->fake = fake_helper_new (INN_PROTOCOL, 1, on_call, fixture);
  fixture->connection = inn_connection_new (G_BUS_TYPE_SESSION);
  wait_until (inn_connection_get_state (fixture->connection) == INN_CONNECTION_READY);
  fixture->machine = inn_connection_lookup_machine (fixture->connection, MACHINE);
  fixture->view = inn_console_view_new ();
  fixture->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 900, 640);
  gtk_window_set_child (GTK_WINDOW (fixture->window), fixture->view);
  inn_console_view_set_machine (INN_CONSOLE_VIEW (fixture->view), fixture->machine);
  gtk_window_present (GTK_WINDOW (fixture->window));
  wait_until (gtk_widget_get_mapped (fixture->view));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  iterate ();
  g_clear_pointer (&fixture->guest, guest_free);
  if (fixture->serial >= 0)
    close (fixture->serial);
  fake_helper_free (fixture->fake);
  g_clear_object (&fixture->connection);
  g_source_remove (fixture->tick);
  iterate ();
}

/* The first widget below @widget that is shown, of @type, and says @text, itself or in its tip
 * (NULL: whatever). */
static GtkWidget *
find (GtkWidget *widget, GType type, const char *text)
{
  GtkWidget *found = NULL;

  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    {
      const char *label = GTK_IS_BUTTON (widget)  ? gtk_button_get_label (GTK_BUTTON (widget))
                          : GTK_IS_LABEL (widget) ? gtk_label_get_label (GTK_LABEL (widget))
                                                  : NULL;

      if (text == NULL || g_strcmp0 (label, text) == 0 ||
          g_strcmp0 (gtk_widget_get_tooltip_text (widget), text) == 0)
        return widget;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find (child, type, text);
  return found;
}

static GtkWidget *
find_button (Fixture *fixture, const char *label)
{
  return find (fixture->view, GTK_TYPE_BUTTON, label);
}

static GtkWidget *
find_label (Fixture *fixture, const char *label)
{
  return find (fixture->view, GTK_TYPE_LABEL, label);
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

static void
test_states (Fixture *fixture, gconstpointer data)
{
  g_assert_nonnull (find_label (fixture, "machine 0"));
  g_assert_nonnull (find_label (fixture, "This machine is off."));
  take_picture (fixture->window, "off");
  g_signal_emit_by_name (find_button (fixture, "_Start"), "clicked");
  wait_until (fake_helper_count_calls (fixture->fake, "Start") == 1);

  set_state (fixture, "starting", INN_STATE_STARTING);
  wait_until (find (fixture->view, GTK_TYPE_SPINNER, NULL));
  take_picture (fixture->window, "starting");
  fake_helper_change (fixture->fake, JOB, INN_IFACE_JOB, "State", g_variant_new_string ("done"));
  g_assert_null (find_button (fixture, "_Start"));

  change (fixture, INN_IFACE_MACHINE, "StateReason",
          g_variant_new_string ("QEMU ended by itself.\nqemu: <b>no & memory</b>\nline 2"));
  set_state (fixture, "crashed", INN_STATE_CRASHED);
  wait_until (find_label (fixture, "qemu: <b>no & memory</b>\nline 2"));
  g_assert_nonnull (find_button (fixture, "_Start"));
  g_assert_null (find (fixture->view, GTK_TYPE_SPINNER, NULL));
  take_picture (fixture->window, "crashed");

  set_state (fixture, "broken", INN_STATE_BROKEN);
  wait_until (find_button (fixture, "_Start") == NULL);

  /* Neither screen nor line: said, not an empty page. */
  change (fixture, INN_IFACE_CONSOLE, "Displays", g_variant_new_strv (NULL, 0));
  set_state (fixture, "running", INN_STATE_RUNNING);
  wait_until (find_label (fixture, "No screen"));
  inn_console_view_set_machine (INN_CONSOLE_VIEW (fixture->view), NULL);
  iterate ();
}

/* A machine that is off shows its last picture, and only then. */
static void
test_last_picture (Fixture *fixture, gconstpointer data)
{
  GtkWidget *picture;

  wait_until (fake_helper_count_calls (fixture->fake, "Screenshot") == 1);
  iterate ();
  g_assert_null (find (fixture->view, GTK_TYPE_PICTURE, NULL));
  fixture->picture = TRUE;
  set_state (fixture, "starting", INN_STATE_STARTING);
  wait_until (find (fixture->view, GTK_TYPE_SPINNER, NULL));
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "Screenshot"), ==, 1);
  set_state (fixture, "off", INN_STATE_OFF);
  wait_until ((picture = find (fixture->view, GTK_TYPE_PICTURE, NULL)) != NULL);
  g_assert_cmpuint (count_colours (picture), >, 0); /* its orange, paler */
  g_assert_nonnull (find_button (fixture, "_Start"));
  take_picture (fixture->window, "last-picture");
  set_state (fixture, "starting", INN_STATE_STARTING);
  wait_until (find (fixture->view, GTK_TYPE_PICTURE, NULL) == NULL);
  inn_console_view_set_machine (INN_CONSOLE_VIEW (fixture->view), NULL);
  iterate ();
}

static void
test_screen (Fixture *fixture, gconstpointer data)
{
  GtkWidget *display;

  fixture->guest = guest_new ("VGA", -1);
  set_state (fixture, "running", INN_STATE_RUNNING);
  wait_until ((display = find (fixture->view, INN_TYPE_DISPLAY, NULL)) != NULL);
  wait_until (count_colours (display) > 100);
  take_picture (fixture->window, "running");
  gtk_widget_grab_focus (display);
  wait_until (inn_display_get_captured (INN_DISPLAY (display)));
  wait_until (find_label (fixture, "Ctrl+Alt releases the keyboard."));

  /* Paused: the picture stays behind a veil, the keyboard is ours again. */
  change (fixture, INN_IFACE_MACHINE, "StateReason", g_variant_new_string ("Paused by you."));
  set_state (fixture, "paused", INN_STATE_PAUSED);
  wait_until (find_button (fixture, "_Resume"));
  g_assert_false (inn_display_get_captured (INN_DISPLAY (display)));
  g_assert_cmpuint (count_colours (display), >, 100);
  take_picture (fixture->window, "paused");
  g_signal_emit_by_name (find_button (fixture, "_Resume"), "clicked");
  wait_until (fake_helper_count_calls (fixture->fake, "Resume") == 1);
  set_state (fixture, "running", INN_STATE_RUNNING);
  wait_until (find_button (fixture, "_Resume") == NULL);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "OpenDisplay"), ==, 1);

  /* Hidden: the connection is closed; shown: there again. */
  gtk_widget_set_visible (fixture->view, FALSE);
  iterate ();
  gtk_widget_set_visible (fixture->view, TRUE);
  wait_until (fake_helper_count_calls (fixture->fake, "OpenDisplay") == 2);
  wait_until (count_colours (display) > 100);

  /* QEMU goes without a word: the last picture stays, with a way back. */
  g_clear_pointer (&fixture->guest, guest_free);
  wait_until (find_button (fixture, "_Connect Again"));
  g_assert_cmpuint (count_colours (display), >, 100);
  take_picture (fixture->window, "lost");
  g_signal_emit_by_name (find_button (fixture, "_Connect Again"), "clicked");
  wait_until (find_label (fixture, "QEMU has lost its screen. Start it again."));
  fixture->guest = guest_new ("VGA", -1);
  g_signal_emit_by_name (find_button (fixture, "_Connect Again"), "clicked");
  wait_until (find_button (fixture, "_Connect Again") == NULL && count_colours (display) > 100);

  /* Shutting down: no new screen can be had, the one there is shows how it goes. */
  change (fixture, INN_IFACE_CONSOLE, "Displays", g_variant_new_strv (NULL, 0));
  set_state (fixture, "stopping", INN_STATE_STOPPING);
  g_assert_cmpuint (count_colours (display), >, 100);
  g_assert_true (gtk_widget_get_mapped (display));
  set_state (fixture, "off", INN_STATE_OFF);
  wait_until (find_button (fixture, "_Start"));
}

static GtkWidget *
find_bar (GtkWidget *display)
{
  GtkWidget *screens = gtk_widget_get_ancestor (display, INN_TYPE_SCREENS);

  return find (screens, GTK_TYPE_REVEALER, NULL);
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
  set_state (fixture, "running", INN_STATE_RUNNING);
  wait_until ((display = find (fixture->view, INN_TYPE_DISPLAY, NULL)) != NULL);
  wait_until (count_colours (display) > 100);
  g_assert_true (gtk_widget_activate_action (display, "console.fullscreen", NULL));
  wait_until (find_label (fixture, "In full screen"));
  g_assert_cmpuint (g_list_model_get_n_items (windows), ==, n_windows + 1);
  wait_until (gtk_widget_get_mapped (display) && count_colours (display) > 100);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "OpenDisplay"), ==, 1);

  /* What is told is told here, and the desktop's keys are the guest's. */
  g_assert_true (gtk_widget_activate_action (display, "console.copy-screenshot", NULL));
  wait_until (find (GTK_WIDGET (gtk_widget_get_root (display)), GTK_TYPE_LABEL,
                    "The screenshot is in the clipboard."));
  gtk_widget_grab_focus (display);
  wait_until (shortcuts_are_ours (display));

  /* The tools are there again when the pointer comes to the top; their button leads back. */
  gtk_revealer_set_reveal_child (GTK_REVEALER (find_bar (display)), TRUE);
  wait_until ((button = find (find_bar (display), GTK_TYPE_BUTTON, "Leave full screen (F11)")) !=
                  NULL &&
              gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
  wait_until (find (fixture->view, INN_TYPE_DISPLAY, NULL) == display);
  g_assert_false (shortcuts_are_ours (display));
  g_assert_true (gtk_widget_activate_action (display, "console.fullscreen", NULL));
  wait_until (find_label (fixture, "In full screen"));
  set_state (fixture, "off", INN_STATE_OFF); /* ends it by itself */
  wait_until (find_button (fixture, "_Start"));
  wait_until (g_list_model_get_n_items (windows) == n_windows);
}

static gboolean
shows (InnTerminal *terminal, const char *text)
{
  VteTerminal *vte = inn_terminal_get_vte (terminal);
  glong columns = vte_terminal_get_column_count (vte);
#if VTE_CHECK_VERSION(0, 72, 0)
  g_autofree char *all =
      vte_terminal_get_text_range_format (vte, VTE_FORMAT_TEXT, 0, 0, 100000, columns, NULL);
#else
  g_autofree char *all = vte_terminal_get_text_range (vte, 0, 0, 100000, columns, NULL, NULL, NULL);
#endif

  return all != NULL && strstr (all, text) != NULL;
}

static void
put (int fd, const char *bytes, gsize n)
{
  g_assert_cmpint (send (fd, bytes, n, MSG_NOSIGNAL), ==, (gssize)n);
}

static void
get (int fd, char *bytes, gsize n)
{
  gsize have = 0;

  while (have < n)
    {
      const ssize_t got = recv (fd, bytes + have, n - have, MSG_DONTWAIT);

      if (got > 0)
        have += (gsize)got;
      else
        g_main_context_iteration (NULL, TRUE);
    }
}

static void
test_serial (Fixture *fixture, gconstpointer data)
{
  GtkWidget *terminal;
  g_autoptr (GString) burst = g_string_new (NULL);
  g_autofree char *echo = g_malloc (BURST);
  gsize sent = 0;

  change (fixture, INN_IFACE_CONSOLE, "Displays", g_variant_new_strv (NULL, 0));
  change (fixture, INN_IFACE_CONSOLE, "Serials",
          g_variant_new_parsed ("[('serial0', 'serial'), ('console0', 'console')]"));
  set_state (fixture, "running", INN_STATE_RUNNING);
  wait_until (fixture->serial >= 0);
  wait_until ((terminal = find (fixture->view, INN_TYPE_TERMINAL, NULL)) != NULL);
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  put (fixture->serial, "login: h\303\251 \342\202\254\r\n",
       strlen ("login: h\303\251 \342\202\254\r\n"));
  wait_until (shows (INN_TERMINAL (terminal), "login: h\303\251 \342\202\254"));
  take_picture (fixture->window, "serial");

  /* What is typed goes out as it is; a cursor position that the guest asks for, too. */
  vte_terminal_paste_text (inn_terminal_get_vte (INN_TERMINAL (terminal)), "\303\251\342\202\254!");
  get (fixture->serial, echo, 6);
  g_assert_cmpmem (echo, 6, "\303\251\342\202\254!", 6);
  put (fixture->serial, "\033[2;3H\033[6n", 10);
  get (fixture->serial, echo, 6);
  g_assert_cmpmem (echo, 6, "\033[2;3R", 6);

  /* A flood: all of it is taken, and the window goes on. */
  for (guint i = 0; burst->len < BURST; i++)
    g_string_append_printf (burst, "line %u\r\n", i);
  g_string_append (burst, "the end\r\n");
  while (sent < burst->len)
    {
      const ssize_t n =
          send (fixture->serial, burst->str + sent, burst->len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n > 0)
        sent += (gsize)n;
      else
        g_main_context_iteration (NULL, TRUE);
    }
  wait_until (shows (INN_TERMINAL (terminal), "the end"));

  /* A guest that does not listen: the paste waits in full, and arrives in full. */
  memset (echo, 'x', BURST - 1);
  echo[BURST - 1] = '\0';
  vte_terminal_feed_child (inn_terminal_get_vte (INN_TERMINAL (terminal)), echo, BURST - 1);
  memset (echo, 0, BURST - 1);
  get (fixture->serial, echo, BURST - 1);
  g_assert_cmpint (echo[0], ==, 'x');
  g_assert_cmpint (echo[BURST - 2], ==, 'x');

  /* The other end goes: what was said stays. */
  close (fixture->serial);
  fixture->serial = -1;
  wait_until (!inn_terminal_is_open (INN_TERMINAL (terminal)));
  g_assert_true (shows (INN_TERMINAL (terminal), "the end"));
}

/* A screen that is larger than its place stays where it was put when it gets the focus. */
static void
test_scroll (Fixture *fixture, gconstpointer data)
{
  GtkWidget *display, *scroller;
  GtkAdjustment *across;

  fixture->guest = guest_new ("VGA", -1);
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 300, 300);
  set_state (fixture, "running", INN_STATE_RUNNING);
  wait_until ((display = find (fixture->view, INN_TYPE_DISPLAY, NULL)) != NULL);
  wait_until (count_colours (display) > 100);
  g_assert_true (gtk_widget_activate_action (display, "console.scale", "s", "actual"));
  scroller = gtk_widget_get_ancestor (display, GTK_TYPE_SCROLLED_WINDOW);
  across = gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (scroller));
  gtk_window_set_focus (GTK_WINDOW (fixture->window), NULL);
  wait_until (gtk_adjustment_get_upper (across) > gtk_adjustment_get_page_size (across) + 100);
  gtk_adjustment_set_value (across, 100);
  gtk_widget_grab_focus (display);
  for (guint i = 0; i < 30; i++)
    g_free (render (display, &(int){ 0 }, &(int){ 0 })); /* it would move for some frames */
  g_assert_cmpfloat (gtk_adjustment_get_value (across), ==, 100);
}

/* A line is opened once, again when it is cut off, and says so when that cannot be. */
static void
test_cut_off (Fixture *fixture, gconstpointer data)
{
  GtkWidget *terminal;

  change (fixture, INN_IFACE_CONSOLE, "Displays", g_variant_new_strv (NULL, 0));
  change (fixture, INN_IFACE_CONSOLE, "Serials", g_variant_new_parsed ("[('serial0', 'serial')]"));
  set_state (fixture, "running", INN_STATE_RUNNING);
  wait_until ((terminal = find (fixture->view, INN_TYPE_TERMINAL, NULL)) != NULL);
  inn_screens_refresh (INN_SCREENS (gtk_widget_get_ancestor (terminal, INN_TYPE_SCREENS)));
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  iterate ();
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "OpenSerial"), ==, 1);

  g_assert_cmpint (shutdown (fixture->serial, SHUT_RDWR), ==, 0);
  wait_until (fake_helper_count_calls (fixture->fake, "OpenSerial") == 2);
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  put (fixture->serial, "here again", 10);
  wait_until (shows (INN_TERMINAL (terminal), "here again"));

  fixture->refuse_serial = TRUE;
  g_assert_cmpint (shutdown (fixture->serial, SHUT_RDWR), ==, 0);
  wait_until (find_label (fixture, "Eight people look at it."));
  g_assert_nonnull (find_label (fixture, "The text line is not connected"));
  fixture->refuse_serial = FALSE;
  g_signal_emit_by_name (find_button (fixture, "_Connect Again"), "clicked");
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  wait_until (find_button (fixture, "_Connect Again") == NULL);
}

/* The screen is lost, its line is not; a pause is of both. */
static void
test_veils (Fixture *fixture, gconstpointer data)
{
  GtkWidget *screens, *terminal;

  change (fixture, INN_IFACE_CONSOLE, "Serials", g_variant_new_parsed ("[('serial0', 'serial')]"));
  set_state (fixture, "running", INN_STATE_RUNNING);
  wait_until (find_button (fixture, "_Connect Again"));
  screens = gtk_widget_get_ancestor (find_button (fixture, "_Connect Again"), INN_TYPE_SCREENS);
  gtk_stack_set_visible_child_name (
      GTK_STACK (gtk_widget_get_template_child (screens, INN_TYPE_SCREENS, "stack")), "serial0");
  wait_until ((terminal = find (fixture->view, INN_TYPE_TERMINAL, NULL)) != NULL);
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  g_assert_null (find_button (fixture, "_Connect Again"));
  set_state (fixture, "paused", INN_STATE_PAUSED);
  wait_until (find_button (fixture, "_Resume"));
  g_signal_emit_by_name (find_button (fixture, "_Resume"), "clicked");
  wait_until (fake_helper_count_calls (fixture->fake, "Resume") == 1);
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

static GtkWidget *
find_dialog (void)
{
  GListModel *all = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (all); i++)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (all, i);

      if (ADW_IS_MESSAGE_DIALOG (window))
        return window;
    }
  return NULL;
}

/* Nobody can read what it is; it can be got rid of. */
static void
test_broken (Fixture *fixture, gconstpointer data)
{
  set_state (fixture, "broken", INN_STATE_BROKEN);
  wait_until (find_button (fixture, "_Delete…") != NULL);
  g_signal_emit_by_name (find_button (fixture, "_Delete…"), "clicked");
  wait_until (find_dialog () != NULL);
  adw_message_dialog_response (ADW_MESSAGE_DIALOG (find_dialog ()), "delete");
  wait_until (fake_helper_count_calls (fixture->fake, "Delete") == 1);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "ListStorage"), ==, 0);
  gtk_window_destroy (GTK_WINDOW (find_dialog ()));
}

int
main (int argc, char **argv)
{
#define ADD(name, function)                                                                        \
  g_test_add ("/console/" name, Fixture, NULL, set_up, function, tear_down)

  g_autoptr (GtkCssProvider) css = NULL;

  gtk_test_init (&argc, &argv, NULL);
  css = gtk_css_provider_new ();
  adw_init ();
  gtk_css_provider_load_from_resource (css, "/org/innkeeper/Innkeeper/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (css),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  ADD ("states", test_states);
  ADD ("broken", test_broken);
  ADD ("last-picture", test_last_picture);
  ADD ("screen", test_screen);
  ADD ("fullscreen", test_fullscreen);
  ADD ("serial", test_serial);
  ADD ("cut-off", test_cut_off);
  ADD ("veils", test_veils);
  ADD ("scroll", test_scroll);
  g_test_add_func ("/console/screenshot", test_screenshot);
  return g_test_run ();
}
