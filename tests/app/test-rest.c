/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the window asks for and draws while a machine runs: pictures and statistics. */
#include "sidebar/inn-machine-row.h"
#include "stage.h"

#include <unistd.h>

typedef struct
{
  Stage stage;
  int screen; /* the guest's end of the machine's screen, where one is opened; says nothing */
  const char *colour; /* of the picture that it is asked for; NULL: none can be had */
  guint n_pictures;
  double use; /* of the CPU */
  guint64 cpu_time, monotonic;
} Fixture;

/* 640 × 400 of one colour, with a cursor that every other picture has. */
static void
answer_picture (Fixture *fixture, GDBusMethodInvocation *invocation)
{
  g_autoptr (GString) ppm = g_string_new ("P6\n640 400\n255\n");
  const gsize head = ppm->len;

  for (guint i = 0; i < 640 * 400; i++)
    g_string_append_len (ppm, fixture->colour, 3);
  if (fixture->n_pictures++ % 2 == 1)
    for (gsize y = 14; y < 16; y++)
      memset (ppm->str + head + y * 640 * 3, 0x80, 27);
  stage_answer_picture (invocation, ppm);
}

/* Busy as the test says, a little more or less each time, over exactly two seconds. */
static GVariant *
create_statistics (Fixture *fixture)
{
  const double noise = fixture->monotonic / 2000000000 % 2 == 0 ? 0.001 : -0.001;

  fixture->monotonic += 2000000000;
  fixture->cpu_time += (guint64)((fixture->use + noise) * 2000000000);
  return g_variant_new_parsed ("([(%o, {'cpu-time': <%t>, 'monotonic': <%t>})],)", MACHINE0,
                               fixture->cpu_time, fixture->monotonic);
}

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *fixture = data;
  const char *method = g_dbus_method_invocation_get_method_name (invocation);

  if (g_str_equal (method, "GetStatistics"))
    g_dbus_method_invocation_return_value (invocation, create_statistics (fixture));
  else if (g_str_equal (method, "Screenshot") && fixture->colour != NULL)
    answer_picture (fixture, invocation);
  else if (g_str_equal (method, "OpenDisplay") && fixture->screen < 0)
    fixture->screen = stage_answer_socket (invocation);
  else
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Unsupported",
                                                "Not in this test.");
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->screen = -1;
  stage_set_up_app (&fixture->stage, 1, on_call, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stage_tear_down (&fixture->stage);
  if (fixture->screen >= 0)
    close (fixture->screen);
}

static gboolean
on_time (gpointer over)
{
  *(gboolean *)over = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_seconds (guint seconds)
{
  gboolean over = FALSE;

  g_timeout_add_seconds (seconds, on_time, &over);
  wait_until (over);
}

/* The share of the first row that has that colour, 0xrrggbb. */
static double
share_of (Fixture *fixture, guint32 colour)
{
  GtkWidget *row = find_shown (fixture->stage.window, INN_TYPE_MACHINE_ROW, NULL);
  int width, height, n = 0;
  g_autofree guint32 *pixels = render (row, &width, &height);

  for (int i = 0; i < width * height; i++)
    n += pixels[i] == colour;
  return (double)n / (width * height);
}

static gboolean
says (GtkWidget *widget, const char *words)
{
  const char *text =
      GTK_IS_INSCRIPTION (widget) ? gtk_inscription_get_text (GTK_INSCRIPTION (widget)) : NULL;

  if (text != NULL && strstr (text, words) != NULL)
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (says (child, words))
      return TRUE;
  return FALSE;
}

static guint
count_questions (Fixture *fixture)
{
  return fake_helper_count_calls (fixture->stage.fake, "Screenshot") +
         fake_helper_count_calls (fixture->stage.fake, "GetStatistics");
}

static void
change_state (Fixture *fixture, InnState state)
{
  stage_set_state (&fixture->stage, state);
  wait_seconds (1);
}

/* While a machine runs and nothing happens the window draws not one frame, though its CPU use is
 * never twice the same and a cursor blinks on its screen. What happens is seen soon. */
static void
test_rest (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = fixture->stage.window;
  GdkFrameClock *clock = gtk_widget_get_frame_clock (window);
  gint64 frames;
  guint questions, samples;

  fixture->colour = "\377\0\0";
  fixture->use = 0.405;                       /* 40 or 41 % */
  change_state (fixture, INN_STATE_STARTING); /* the spinner spins */
  change_state (fixture, INN_STATE_RUNNING);
  wait_until (fixture->screen >= 0);
  wait_until (share_of (fixture, 0xff0000) > 0.1);
  wait_until (says (window, "CPU 40 %"));
  do /* what comes late on a busy computer */
    {
      frames = gdk_frame_clock_get_frame_counter (clock);
      wait_seconds (1);
    }
  while (gdk_frame_clock_get_frame_counter (clock) != frames);
  questions = fixture->n_pictures;
  wait_until (fixture->n_pictures >= questions + 2);
  wait_seconds (1);
  g_assert_cmpint (gdk_frame_clock_get_frame_counter (clock) - frames, ==, 0);

  /* By now the next question has 12 s; but one that is busy is looked at. A sample is 2 s. */
  fixture->colour = "\0\0\377";
  fixture->use = 0.8;
  questions = fixture->n_pictures;
  samples = fake_helper_count_calls (fixture->stage.fake, "GetStatistics");
  wait_until (says (window, "CPU 80 %"));
  wait_until (fixture->n_pictures == questions + 1);
  g_assert_cmpuint (fake_helper_count_calls (fixture->stage.fake, "GetStatistics"), <=,
                    samples + 3);
  wait_until (share_of (fixture, 0x0000ff) > 0.1);

  gtk_widget_set_visible (window, FALSE);
  wait_seconds (1);
  questions = count_questions (fixture);
  wait_seconds (5);
  g_assert_cmpuint (count_questions (fixture), ==, questions);
  gtk_widget_set_visible (window, TRUE);
  wait_until (count_questions (fixture) > questions);

  /* The last picture stays, paler, and nothing is asked any more. */
  change_state (fixture, INN_STATE_OFF);
  wait_until (share_of (fixture, 0x0000ff) == 0);
  take_picture (window, "window-last-picture");
  questions = count_questions (fixture);
  wait_seconds (5);
  g_assert_cmpuint (count_questions (fixture), ==, questions);
}

int
main (int argc, char **argv)
{
  stage_init (&argc, &argv);
  g_test_add ("/rest/running-and-off", Fixture, NULL, set_up, test_rest, tear_down);
  return stage_run ();
}
