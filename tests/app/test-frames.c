/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A guest's screen in shared memory, with a vmm-screen of the test's own, which may say anything.
 * The real one: vm/test_screen.py, vm/test_console_guest.py. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "console/inn-display.h"
#include "console/inn-frames-source.h"
#include "shared/inn-frames.h"
#include "widgets.h"

#define WIDTH  8
#define HEIGHT 4

typedef struct
{
  InnDisplaySource *source;
  int screen; /* our end */
  guint resized, cursors, closed;
  char *why;
  cairo_region_t *damage;
} Fixture;

static void
on_resized (Fixture *fixture)
{
  fixture->resized++;
}

static void
on_cursor (Fixture *fixture)
{
  fixture->cursors++;
}

static void
on_damaged (Fixture *fixture, cairo_region_t *region)
{
  cairo_region_union (fixture->damage, region);
}

static void
on_closed (Fixture *fixture, const GError *error)
{
  fixture->closed++;
  g_free (fixture->why);
  fixture->why = g_strdup (error != NULL ? error->message : "");
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  fixture->screen = pair[0];
  fixture->damage = cairo_region_create ();
  fixture->source = inn_frames_source_new ();
  g_signal_connect_swapped (fixture->source, "resized", G_CALLBACK (on_resized), fixture);
  g_signal_connect_swapped (fixture->source, "cursor", G_CALLBACK (on_cursor), fixture);
  g_signal_connect_swapped (fixture->source, "damaged", G_CALLBACK (on_damaged), fixture);
  g_signal_connect_swapped (fixture->source, "closed", G_CALLBACK (on_closed), fixture);
  inn_display_source_start (fixture->source, pair[1]);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  inn_display_source_stop (fixture->source);
  g_assert_finalize_object (fixture->source);
  cairo_region_destroy (fixture->damage);
  close (fixture->screen);
  g_free (fixture->why);
}

/* Memory whose pixels are their numbers. */
static int
make_memory (guint pixels, int seals)
{
  const int fd = memfd_create ("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  for (guint32 i = 0; i < pixels; i++)
    g_assert_cmpint (write (fd, &i, sizeof i), ==, sizeof i);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, seals), ==, 0);
  return fd;
}

/* @passed: closed; -1: none. */
static void
send_packet (Fixture *fixture, guint32 type, const gint32 *values, gsize n, int passed)
{
  struct iovec bytes[] = { { &type, sizeof type }, { (gpointer)values, n * sizeof *values } };
  union
  {
    struct cmsghdr header;
    char room[CMSG_SPACE (sizeof passed)];
  } control = { 0 };
  struct msghdr message = { .msg_iov = bytes, .msg_iovlen = 2 };

  if (passed >= 0)
    {
      message.msg_control = &control;
      message.msg_controllen = sizeof control;
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (sizeof passed);
      memcpy (CMSG_DATA (&control.header), &passed, sizeof passed);
    }
  g_assert_cmpint (sendmsg (fixture->screen, &message, MSG_NOSIGNAL), >, 0);
  if (passed >= 0)
    close (passed);
}

#define SEND(type, passed, ...)                                                                    \
  send_packet (fixture, (type), (const gint32[]){ __VA_ARGS__ },                                   \
               sizeof (gint32[]){ __VA_ARGS__ } / sizeof (gint32), (passed))

static void
send_picture (Fixture *fixture)
{
  SEND (INN_FRAMES_PICTURE, make_memory (WIDTH * HEIGHT, F_SEAL_SHRINK), WIDTH, HEIGHT, WIDTH * 4);
  wait_until (fixture->resized > 0 || fixture->closed > 0);
}

static void
test_picture (Fixture *fixture, gconstpointer data)
{
  struct inn_frames_packet packet = { 0 };
  cairo_surface_t *surface;
  cairo_rectangle_int_t all;
  int x, y;

  g_assert_cmpint (recv (fixture->screen, &packet, sizeof packet, 0), ==, 8);
  g_assert_cmpuint (packet.type, ==, INN_FRAMES_LOOK);
  g_assert_cmpint (packet.values[0], ==, 1);
  g_assert_null (inn_display_source_get_surface (fixture->source));
  send_picture (fixture);
  surface = inn_display_source_get_surface (fixture->source);
  g_assert_cmpint (cairo_image_surface_get_width (surface), ==, WIDTH);
  g_assert_cmpint (cairo_image_surface_get_height (surface), ==, HEIGHT);
  for (guint32 i = 0; i < WIDTH * HEIGHT; i++)
    g_assert_cmpuint (((guint32 *)(gpointer)cairo_image_surface_get_data (surface))[i], ==, i);
  SEND (INN_FRAMES_CHANGED, -1, 1, 1, 2, 1, 4, 2, 4, 2);
  wait_until (cairo_region_num_rectangles (fixture->damage) > 0);
  cairo_region_get_extents (fixture->damage, &all);
  g_assert_cmpint (all.x, ==, 1);
  g_assert_cmpint (all.y, ==, 1);
  g_assert_cmpint (all.width, ==, 7);
  g_assert_cmpint (all.height, ==, 3);
  SEND (INN_FRAMES_CURSOR, make_memory (16, F_SEAL_SHRINK), 4, 4, 9, -1);
  wait_until (fixture->cursors > 0);
  g_assert_nonnull (inn_display_source_get_cursor (fixture->source, &x, &y));
  g_assert_cmpint (x, ==, 3);
  g_assert_cmpint (y, ==, 0);
  g_assert_cmpuint (fixture->closed, ==, 0);
}

static void
test_input (Fixture *fixture, gconstpointer data)
{
  struct inn_frames_packet packet;
  InnLocks locks = 0;

  send_picture (fixture);
  recv (fixture->screen, &packet, sizeof packet, 0);
  g_assert_false (inn_display_source_get_locks (fixture->source, &locks));
  SEND (INN_FRAMES_INPUT, -1, 0, INN_FRAMES_LOCKS_KNOWN | INN_FRAMES_CAPS_LOCK, 1);
  wait_until (!inn_display_source_get_absolute (fixture->source));
  g_assert_true (inn_display_source_get_can_resize (fixture->source));
  g_assert_true (inn_display_source_get_locks (fixture->source, &locks));
  g_assert_cmpuint (locks, ==, INN_LOCKS_CAPS);
  /* Less than a pixel is not lost. */
  for (guint i = 0; i < 4; i++)
    {
      inn_display_source_motion (fixture->source, 0.25, -0.5);
      g_assert_cmpint (recv (fixture->screen, &packet, sizeof packet, 0), ==, 12);
      g_assert_cmpuint (packet.type, ==, INN_FRAMES_BY);
      g_assert_cmpint (packet.values[0], ==, i == 3 ? 1 : 0);
      g_assert_cmpint (packet.values[1], ==, i % 2 == 1 ? -1 : 0);
    }
  SEND (INN_FRAMES_INPUT, -1, 1, 0, 0);
  wait_until (inn_display_source_get_absolute (fixture->source));
  inn_display_source_motion (fixture->source, 100, -3);
  recv (fixture->screen, &packet, sizeof packet, 0);
  g_assert_cmpuint (packet.type, ==, INN_FRAMES_TO);
  g_assert_cmpint (packet.values[0], ==, WIDTH - 1);
  g_assert_cmpint (packet.values[1], ==, 0);
  inn_display_source_button (fixture->source, 9, TRUE);
  recv (fixture->screen, &packet, sizeof packet, 0);
  g_assert_cmpuint (packet.type, ==, INN_FRAMES_BUTTON);
  g_assert_cmpint (packet.values[0], ==, INN_FRAMES_FORWARD);
  g_assert_cmpint (packet.values[1], ==, 1);
}

static void
assert_look (Fixture *fixture, gint32 looks)
{
  struct inn_frames_packet packet = { 0 };

  while (recv (fixture->screen, &packet, sizeof packet, MSG_DONTWAIT) < 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (packet.type, ==, INN_FRAMES_LOOK);
  g_assert_cmpint (packet.values[0], ==, looks);
}

/* What nobody sees is not looked at, and is again when somebody does. */
static void
test_unseen (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = gtk_window_new ();
  GtkWidget *display = inn_display_new ();

  assert_look (fixture, 1);
  gtk_window_set_child (GTK_WINDOW (window), display);
  inn_display_set_source (INN_DISPLAY (display), fixture->source);
  assert_look (fixture, 0);
  gtk_window_present (GTK_WINDOW (window));
  assert_look (fixture, 1);
  gtk_widget_set_visible (display, FALSE);
  assert_look (fixture, 0);
  gtk_widget_set_visible (display, TRUE);
  assert_look (fixture, 1);
  inn_display_set_source (INN_DISPLAY (display), NULL);
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
}

/* Each ends it with a sentence, and what was shown stays. */
static void
test_hostile (Fixture *fixture, gconstpointer data)
{
  cairo_surface_t *surface;

  send_picture (fixture);
  surface = inn_display_source_get_surface (fixture->source);
  switch (GPOINTER_TO_INT (data))
    {
    case 0: /* memory that may become smaller */
      SEND (INN_FRAMES_PICTURE, make_memory (64, F_SEAL_GROW), 8, 8, 32);
      break;
    case 1: /* less than is said */
      SEND (INN_FRAMES_PICTURE, make_memory (63, F_SEAL_SHRINK), 8, 8, 32);
      break;
    case 2: /* none */
      SEND (INN_FRAMES_PICTURE, -1, 8, 8, 32);
      break;
    case 3: /* too large */
      SEND (INN_FRAMES_PICTURE, make_memory (64, F_SEAL_SHRINK), 20000, 20000, 80000);
      break;
    case 4: /* rows over each other */
      SEND (INN_FRAMES_PICTURE, make_memory (64, F_SEAL_SHRINK), 8, 8, 28);
      break;
    case 5: /* no memory at all */
      SEND (INN_FRAMES_PICTURE, open ("/dev/null", O_RDONLY | O_CLOEXEC), 8, 8, 32);
      break;
    case 6: /* outside */
      SEND (INN_FRAMES_CHANGED, -1, 4, 0, G_MAXINT32, 1);
      break;
    case 7: /* a part of a rectangle */
      SEND (INN_FRAMES_CHANGED, -1, 0, 0, 1);
      break;
    case 8:
      SEND (INN_FRAMES_CURSOR, make_memory (16, F_SEAL_SHRINK), 600, 600, 0, 0);
      break;
    case 9:
      SEND (INN_FRAMES_INPUT, -1, 1);
      break;
    default: /* not even a whole number */
      g_assert_cmpint (send (fixture->screen, "abcdef", 6, 0), ==, 6);
    }
  wait_until (fixture->closed > 0);
  g_assert_cmpstr (fixture->why, ==,
                   "What the machine's screen said makes no sense. Restart the machine.");
  g_assert_true (inn_display_source_get_surface (fixture->source) == surface);
  g_assert_cmpuint (fixture->resized, ==, 1);
  g_assert_cmpuint (fixture->closed, ==, 1);
}

static void
test_end (Fixture *fixture, gconstpointer data)
{
  if (data != NULL)
    send_picture (fixture);
  shutdown (fixture->screen, SHUT_RDWR);
  wait_until (fixture->closed > 0);
  g_assert_cmpstr (fixture->why, ==, data != NULL ? "" : "The machine's screen did not answer.");
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
#define ADD(path, data, function)                                                                  \
  g_test_add ("/frames/" path, Fixture, data, set_up, function, tear_down)
  ADD ("picture", NULL, test_picture);
  ADD ("input", NULL, test_input);
  ADD ("unseen", NULL, test_unseen);
  for (int i = 0; i <= 10; i++)
    {
      g_autofree char *path = g_strdup_printf ("/frames/hostile-%d", i);

      g_test_add (path, Fixture, GINT_TO_POINTER (i), set_up, test_hostile, tear_down);
    }
  ADD ("end-before", NULL, test_end);
  ADD ("end-after", "a picture", test_end);
  return g_test_run ();
}
