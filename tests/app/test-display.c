/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The screen's widget with a source of the test's own, and with a real QEMU's screen. */
#include <sys/socket.h>
#include <unistd.h>
#include "console/inn-display.h"
#include "console/inn-qnum.h"
#include "console/inn-vnc-source.h"
#include "fake-source.h"
#include "guest.h"
#include "widgets.h"

#define EVDEV(code) ((code) + 8)
#define KEYCODE_A   EVDEV (30)

static void
test_qnum (void)
{
  gboolean seen[256] = { FALSE };
  guint n = 0;

  for (guint keycode = 0; keycode < 1024; keycode++)
    {
      const guint qnum = inn_qnum_from_keycode (keycode);

      if (qnum == 0)
        continue;
      g_assert_cmpuint (qnum, <, 256);
      if (seen[qnum])
        g_error ("keycode %u: qnum 0x%x is another key's already", keycode, qnum);
      seen[qnum] = TRUE;
      n++;
    }
  g_assert_cmpuint (n, >, 180);
  g_assert_cmpuint (inn_qnum_from_keycode (0), ==, 0);
  g_assert_cmpuint (inn_qnum_from_keycode (7), ==, 0);
  g_assert_cmpuint (inn_qnum_from_keycode (9), ==, 1);      /* Escape */
  g_assert_cmpuint (inn_qnum_from_keycode (38), ==, 0x1e);  /* A */
  g_assert_cmpuint (inn_qnum_from_keycode (94), ==, 0x56);  /* < beside the left Shift */
  g_assert_cmpuint (inn_qnum_from_keycode (104), ==, 0x9c); /* Enter of the keypad */
  g_assert_cmpuint (inn_qnum_from_keycode (108), ==, 0xb8); /* AltGr */
  g_assert_cmpuint (inn_qnum_from_keycode (111), ==, 0xc8); /* Up */
  g_assert_cmpuint (inn_qnum_from_keycode (119), ==, 0xd3); /* Delete */
  g_assert_cmpuint (inn_qnum_from_keycode (133), ==, 0xdb); /* Windows */
}

static void
test_keyval (void)
{
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_a), ==, 0x1e);
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_A), ==, 0x1e);
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_asciitilde), ==, 0x29);
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_bar), ==, 0x2b);
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_question), ==, 0x35);
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_space), ==, 0x39);
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_F10), ==, 0x44);
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_Up), ==, 0xc8);
  g_assert_cmpuint (inn_qnum_from_keyval (GDK_KEY_eacute), ==, 0);
  for (guint keyval = ' '; keyval < 0x7f; keyval++)
    g_assert_cmpuint (inn_qnum_from_keyval (keyval), !=, 0);
}

static GtkEventController *
find_keys (GtkWidget *window)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (window);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (g_strcmp0 (gtk_event_controller_get_name (controller), "inn-display-keys") == 0)
        return controller;
    }
  g_assert_not_reached ();
}

static gboolean
press (GtkWidget *window, guint keyval, guint keycode)
{
  gboolean taken = FALSE;

  g_signal_emit_by_name (find_keys (window), "key-pressed", keyval, keycode, 0, &taken);
  return taken;
}

static void
lift (GtkWidget *window, guint keyval, guint keycode)
{
  g_signal_emit_by_name (find_keys (window), "key-released", keyval, keycode, 0);
}

#define assert_log(source, expected)                                                               \
  do                                                                                               \
    {                                                                                              \
      g_autofree char *got = fake_source_take_log (source);                                        \
      g_assert_cmpstr (got, ==, expected);                                                         \
    }                                                                                              \
  while (FALSE)

static void
test_keys (void)
{
  g_autoptr (FakeSource) source = fake_source_new (64, 48);
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 640, 480);

  fake_source_ignore_motion (source);
  inn_display_set_source (INN_DISPLAY (display), INN_DISPLAY_SOURCE (source));
  gtk_widget_grab_focus (display);
  wait_until (inn_display_get_captured (INN_DISPLAY (display)));
  assert_log (source, "");

  /* The release says what the press said, whatever the modifiers are by then. */
  g_assert_true (press (window, GDK_KEY_Shift_L, EVDEV (42)));
  g_assert_true (press (window, GDK_KEY_A, KEYCODE_A));
  g_assert_true (press (window, GDK_KEY_A, KEYCODE_A));
  lift (window, GDK_KEY_Shift_L, EVDEV (42));
  lift (window, GDK_KEY_a, KEYCODE_A);
  lift (window, GDK_KEY_a, KEYCODE_A);
  assert_log (source, "+42 +30 +30 -42 -30");
  g_assert_false (press (window, GDK_KEY_VoidSymbol, 4000)); /* no such key */
  assert_log (source, "");

  /* What is down when the focus goes is lifted, the last first. */
  press (window, GDK_KEY_Control_L, EVDEV (29));
  press (window, GDK_KEY_F10, EVDEV (68));
  gtk_widget_grab_focus (gtk_widget_get_next_sibling (gtk_widget_get_parent (display)));
  wait_until (!inn_display_get_captured (INN_DISPLAY (display)));
  assert_log (source, "+29 +68 -68 -29");
  g_assert_false (press (window, GDK_KEY_a, KEYCODE_A));
  assert_log (source, "");

  /* Ctrl+Alt and nothing else is the way out; Ctrl+Alt+F1 is the guest's. */
  gtk_widget_grab_focus (display);
  wait_until (inn_display_get_captured (INN_DISPLAY (display)));
  press (window, GDK_KEY_Control_L, EVDEV (29));
  press (window, GDK_KEY_Alt_L, EVDEV (56));
  press (window, GDK_KEY_F1, EVDEV (59));
  lift (window, GDK_KEY_F1, EVDEV (59));
  lift (window, GDK_KEY_Alt_L, EVDEV (56));
  lift (window, GDK_KEY_Control_L, EVDEV (29));
  g_assert_true (inn_display_get_captured (INN_DISPLAY (display)));
  assert_log (source, "+29 +56 +59 -59 -56 -29");
  press (window, GDK_KEY_Alt_L, EVDEV (56));
  press (window, GDK_KEY_Control_L, EVDEV (29));
  lift (window, GDK_KEY_Alt_L, EVDEV (56));
  g_assert_false (inn_display_get_captured (INN_DISPLAY (display)));
  assert_log (source, "+56 +29 -56 -29");

  inn_display_send_keys (INN_DISPLAY (display),
                         (const guint[]){ EVDEV (29), EVDEV (56), EVDEV (111), 0 });
  assert_log (source, "+29 +56 +211 -211 -56 -29");
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

static gboolean
on_quit (GtkWidget *widget, GVariant *arguments, gpointer quits)
{
  *(gboolean *)quits = TRUE;
  return TRUE;
}

/* Keys of the X server, with the window's shortcuts in their way. */
static void
test_real_keys (void)
{
  g_autoptr (FakeSource) source = fake_source_new (64, 48);
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 640, 480);
  GtkEventController *shortcuts = gtk_shortcut_controller_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  gboolean quits = FALSE;
  static const char expected[] = "+29 +16 -29 -16 +68 -68 +15 -15 +200 -200 +211 -211 +156 -156";

  gtk_event_controller_set_propagation_phase (shortcuts, GTK_PHASE_CAPTURE);
  gtk_shortcut_controller_set_scope (GTK_SHORTCUT_CONTROLLER (shortcuts),
                                     GTK_SHORTCUT_SCOPE_GLOBAL);
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (shortcuts),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_q, GDK_CONTROL_MASK),
                        gtk_callback_action_new (on_quit, &quits, NULL)));
  gtk_widget_add_controller (gtk_widget_get_parent (display), shortcuts);

  inn_display_set_source (INN_DISPLAY (display), INN_DISPLAY_SOURCE (source));
  gtk_widget_grab_focus (display);
  wait_until (inn_display_get_captured (INN_DISPLAY (display)));
  fake_source_xdotool (source, "mousemove 300 200", log, "move 30,20");
  fake_source_ignore_motion (source);
  fake_source_xdotool (source, "key --delay 20 ctrl+q F10 Tab Up Delete KP_Enter", log, "-156");
  g_assert_cmpstr (log->str, ==, expected);
  g_assert_false (quits);
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

static void
assert_point (GtkWidget *display, double x, double y, double guest_x, double guest_y)
{
  double got_x = -1, got_y = -1;

  g_assert_true (inn_display_map_point (INN_DISPLAY (display), x, y, &got_x, &got_y));
  g_assert_cmpfloat (got_x, ==, guest_x);
  g_assert_cmpfloat (got_y, ==, guest_y);
}

static void
test_pointer (void)
{
  g_autoptr (FakeSource) source = fake_source_new (640, 400);
  GtkWidget *display = inn_display_new ();
  GtkWidget *window;
  double x, y;

  g_assert_false (inn_display_map_point (INN_DISPLAY (display), 0, 0, &x, &y));
  inn_display_set_source (INN_DISPLAY (display), INN_DISPLAY_SOURCE (source));
  window = show_display (display, 640, 400);
  assert_point (display, 0, 0, 0, 0);
  assert_point (display, 639.9, 399.9, 639, 399);
  assert_point (display, 700, -5, 639, 0);

  /* Half as large, with bars above and below. */
  gtk_widget_set_size_request (display, 320, 300);
  wait_until (gtk_widget_get_width (display) == 320);
  assert_point (display, 0, 50, 0, 0);
  assert_point (display, 319.5, 249.5, 639, 399);
  assert_point (display, 160, 0, 320, 0);
  assert_point (display, 160, 150, 320, 200);

  /* Half as large again as the guest, with bars left and right. */
  gtk_widget_set_size_request (display, 1160, 600);
  wait_until (gtk_widget_get_width (display) == 1160);
  assert_point (display, 100, 0, 0, 0);
  assert_point (display, 101.6, 1.6, 1, 1);
  assert_point (display, 1059.9, 599.9, 639, 399);
  assert_point (display, 20, 300, 0, 200);

  /* Pixel for pixel, in the middle. */
  inn_display_set_scale (INN_DISPLAY (display), INN_SCALE_ACTUAL);
  iterate ();
  assert_point (display, 260, 100, 0, 0);
  assert_point (display, 899, 499, 639, 399);
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

/* The mouse of the X server, on a picture twice as large as the guest's screen. */
static void
test_real_pointer (void)
{
  g_autoptr (FakeSource) source = fake_source_new (320, 240);
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 640, 480);
  g_autoptr (GString) log = g_string_new (NULL);

  inn_display_set_source (INN_DISPLAY (display), INN_DISPLAY_SOURCE (source));
  gtk_widget_grab_focus (gtk_widget_get_next_sibling (gtk_widget_get_parent (display)));
  fake_source_xdotool (source, "mousemove 20 40 sleep 0.1 mousemove 301 203", log, "move 150,101");
  g_assert_false (inn_display_get_captured (INN_DISPLAY (display)));
  fake_source_xdotool (source, "click 1", log, "release 1");
  g_assert_cmpstr (log->str, ==, "move 150,101 press 1 move 150,101 release 1");
  g_assert_true (inn_display_get_captured (INN_DISPLAY (display)));
  fake_source_xdotool (source, "click 3", log, "release 3");
  fake_source_xdotool (source, "click 8", log, "release 8");
  fake_source_xdotool (source, "click 4", log, "scroll 0,-1");
  fake_source_xdotool (source, "click 5", log, "scroll 0,1");
  fake_source_xdotool (source, "click 6", log, "scroll -1,0");

  /* Dragging goes on beyond the edge, and stops at the guest's. */
  fake_source_xdotool (
      source, "mousemove 630 470 mousedown 1 sleep 0.1 mousemove 800 600 sleep 0.1 mouseup 1", log,
      "release 1");
  g_assert_nonnull (strstr (log->str, "press 1 move 319,239"));

  /* What is held when the focus goes is let go. */
  fake_source_xdotool (source, "mousemove 100 100 mousedown 1", log, "press 1");
  gtk_widget_grab_focus (gtk_widget_get_next_sibling (gtk_widget_get_parent (display)));
  assert_log (source, "release 1");
  fake_source_xdotool (source, "mouseup 1 click 1", log, "release 1");

  /* Relative: steps, in guest pixels. */
  inn_display_source_set_absolute (INN_DISPLAY_SOURCE (source), FALSE);
  fake_source_xdotool (source, "mousemove 100 100 sleep 0.2 mousemove 120 90", log, "move 10,-5");
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

static void
test_resize_guest (void)
{
  g_autoptr (FakeSource) source = fake_source_new (320, 240);
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 400, 300);

  fake_source_ignore_motion (source);
  inn_display_set_source (INN_DISPLAY (display), INN_DISPLAY_SOURCE (source));
  inn_display_set_resize_guest (INN_DISPLAY (display), TRUE);
  inn_display_source_set_can_resize (INN_DISPLAY_SOURCE (source), TRUE);
  gtk_widget_set_size_request (display, 500, 300);
  wait_until (gtk_widget_get_width (display) == 500);
  gtk_widget_set_size_request (display, 600, 400);
  wait_until (gtk_widget_get_width (display) == 600);
  wait_until (fake_source_has_log (source));
  assert_log (source, "size 600x400"); /* once, the last */

  /* A source that cannot is not asked, and neither is one that has the size. */
  inn_display_source_set_can_resize (INN_DISPLAY_SOURCE (source), FALSE);
  gtk_widget_set_size_request (display, 640, 480);
  wait_until (gtk_widget_get_width (display) == 640);
  fake_source_resize (source, 640, 480);
  inn_display_source_set_can_resize (INN_DISPLAY_SOURCE (source), TRUE);
  g_usleep (400 * 1000);
  iterate ();
  assert_log (source, "");
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

static void
assert_same (const guint32 *got,
             int got_stride,
             const guint32 *wanted,
             int width,
             int height,
             int scale)
{
  for (int y = 0; y < height * scale; y++)
    for (int x = 0; x < width * scale; x++)
      if (got[y * got_stride + x] != wanted[(y / scale) * width + x / scale])
        g_error ("pixel %d,%d is %06x instead of %06x", x, y, got[y * got_stride + x],
                 wanted[(y / scale) * width + x / scale]);
}

static guint32 *
surface_pixels (FakeSource *source, int *out_width)
{
  cairo_surface_t *surface = inn_display_source_get_surface (INN_DISPLAY_SOURCE (source));

  *out_width = cairo_image_surface_get_width (surface);
  return (guint32 *)cairo_image_surface_get_data (surface);
}

static void
test_drawing (void)
{
  static const cairo_rectangle_int_t changes[] = {
    { 0, 0, 1, 1 },     { 255, 255, 2, 2 }, { 300, 10, 200, 300 },
    { 599, 399, 1, 1 }, { 250, 100, 7, 7 },
  };
  g_autoptr (FakeSource) source = fake_source_new (600, 400);
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 600, 400);
  int width, height, guest_width;

  inn_display_set_source (INN_DISPLAY (display), INN_DISPLAY_SOURCE (source));
  iterate ();
  for (guint i = 0; i <= G_N_ELEMENTS (changes); i++)
    {
      g_autofree guint32 *drawn = render (display, &width, &height);
      const guint32 *wanted = surface_pixels (source, &guest_width);

      g_assert_cmpint (width, ==, 600);
      assert_same (drawn, width, wanted, 600, 400, 1);
      if (i < G_N_ELEMENTS (changes))
        fake_source_fill (source, &changes[i], 0x112233 * (i + 1));
    }

  /* Another size, twice as large: each guest pixel is four equal ones. */
  fake_source_resize (source, 300, 200);
  iterate ();
  {
    g_autofree guint32 *drawn = render (display, &width, &height);
    assert_same (drawn, width, surface_pixels (source, &guest_width), 300, 200, 2);
  }
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

static void
test_accessible (void)
{
  GtkWidget *display = g_object_ref_sink (inn_display_new ());

  gtk_test_accessible_assert_role (GTK_ACCESSIBLE (display), GTK_ACCESSIBLE_ROLE_IMG);
  g_object_unref (display);
}

static void
on_closed (InnDisplaySource *source, const GError *error, GError **out_error)
{
  *out_error = error != NULL ? g_error_copy (error)
                             : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "no error");
}

static gboolean
is_drawn (GtkWidget *display, Guest *guest)
{
  int width, height, drawn_width, drawn_height;
  g_autofree guint32 *wanted = guest_screendump (guest, &width, &height);
  g_autofree guint32 *drawn = NULL;
  gboolean flat = TRUE;

  if (gtk_widget_get_width (display) != width || gtk_widget_get_height (display) != height)
    {
      gtk_widget_set_size_request (display, width, height);
      return FALSE;
    }
  drawn = render (display, &drawn_width, &drawn_height);
  for (int i = 1; i < width * height && flat; i++)
    flat = wanted[i] == wanted[0];
  return !flat && memcmp (drawn, wanted, (gsize)width * height * 4) == 0;
}

static guint32
middle (GtkWidget *display)
{
  int width, height;
  g_autofree guint32 *drawn = render (display, &width, &height);

  return drawn[height / 2 * width + width / 2];
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE; /* what is waited for is looked for often enough */
}

/* The whole way: QEMU's screen to the widget's pixels, the widget's key to QEMU's screen. */
static void
test_qemu (gconstpointer data)
{
  Guest *guest = guest_new (data, -1);
  g_autoptr (InnDisplaySource) source = inn_vnc_source_new ();
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 640, 400);
  g_autoptr (GError) error = NULL;
  const guint tick = g_timeout_add (50, on_tick, NULL);
  g_autoptr (GdkTexture) texture = NULL;
  guint32 before;

  g_signal_connect (source, "closed", G_CALLBACK (on_closed), &error);
  inn_display_source_start (source, guest_open_vnc (guest));
  inn_display_set_source (INN_DISPLAY (display), source);
  inn_display_set_scale (INN_DISPLAY (display), INN_SCALE_ACTUAL);
  gtk_widget_grab_focus (display);
  inn_display_source_motion (source, 3, -2); /* relative: this guest drives no tablet */
  wait_until (is_drawn (display, guest) && inn_display_get_captured (INN_DISPLAY (display)));
  texture = inn_display_dup_texture (INN_DISPLAY (display));
  g_assert_cmpint (gdk_texture_get_width (texture), ==, gtk_widget_get_width (display));

  before = middle (display);
  g_assert_true (press (window, GDK_KEY_a, KEYCODE_A));
  lift (window, GDK_KEY_a, KEYCODE_A);
  wait_until (middle (display) != before);

  guest_free (guest);
  wait_until (error != NULL);
  g_source_remove (tick);
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

static void
put (int fd, const void *bytes, gsize n)
{
  g_assert_cmpint (send (fd, bytes, n, MSG_NOSIGNAL), ==, (gssize)n);
}

/* A server that greets, and then says @bytes instead of its screen's size. */
static void
assert_refused (const void *bytes, gsize n, gboolean greet)
{
  static const char greeting[] = "RFB 003.008\n\1\1\0\0\0\0";
  g_autoptr (InnDisplaySource) source = inn_vnc_source_new ();
  GtkWidget *display = inn_display_new ();
  GtkWidget *window = show_display (display, 320, 200);
  g_autoptr (GError) error = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_signal_connect (source, "closed", G_CALLBACK (on_closed), &error);
  inn_display_set_source (INN_DISPLAY (display), source);
  inn_display_source_start (source, ends[0]);
  if (greet)
    put (ends[1], greeting, sizeof (greeting) - 1);
  put (ends[1], bytes, n);
  shutdown (ends[1], SHUT_WR);
  wait_until (error != NULL);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  inn_display_source_key (source, GDK_KEY_a, 30, TRUE);
  inn_display_source_motion (source, 1, 1);
  inn_display_source_set_size (source, 10, 10);
  gtk_window_destroy (GTK_WINDOW (window));
  close (ends[1]);
  iterate ();
}

#define FORMAT "\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"

static void
test_broken (void)
{
#define SERVER(bytes) assert_refused (bytes, sizeof (bytes) - 1, TRUE)
  assert_refused ("HTTP/1.1 400 Bad Request\r\n\r\n", 28, FALSE);
  assert_refused ("", 0, FALSE);
  SERVER ("");
  SERVER ("\xff\xff\xff\xff" FORMAT "\0\0\0\4evil");
  SERVER ("\0\0\0\0" FORMAT "\0\0\0\4evil");
  SERVER ("\0\x10\0\x10" FORMAT "\xff\xff\xff\xff"); /* a name of 4 GiB */
  /* A rectangle beyond the screen, one cut off, and a new size of 65535 × 65535. */
  SERVER ("\0\x10\0\x10" FORMAT "\0\0\0\4evil\0\0\0\1\0\x08\0\x08\xff\0\xff\0\0\0\0\0");
  SERVER ("\0\x10\0\x10" FORMAT "\0\0\0\4evil\0\0\0\1\0\0\0\0\0\x10\0\x10\0\0\0\0half");
  SERVER ("\0\x10\0\x10" FORMAT "\0\0\0\4evil\0\0\0\1\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\x21");
#undef SERVER
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  g_test_add_func ("/display/qnum", test_qnum);
  g_test_add_func ("/display/keyval", test_keyval);
  g_test_add_func ("/display/accessible", test_accessible);
  g_test_add_func ("/display/keys", test_keys);
  g_test_add_func ("/display/real-keys", test_real_keys);
  g_test_add_func ("/display/real-pointer", test_real_pointer);
  g_test_add_func ("/display/resize-guest", test_resize_guest);
  g_test_add_func ("/display/pointer", test_pointer);
  g_test_add_func ("/display/drawing", test_drawing);
  g_test_add_func ("/display/broken", test_broken);
  g_test_add_data_func ("/display/qemu/VGA", "VGA", test_qemu);
  g_test_add_data_func ("/display/qemu/virtio-vga", "virtio-vga", test_qemu);
  return g_test_run ();
}
