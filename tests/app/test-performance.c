/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The Performance tab: what it asks for, when, and what it draws and says. */
#include "client/inn-performance.h"
#include "performance/inn-csv.h"
#include "performance/inn-graph.h"
#include "stage.h"

#include <adwaita.h>

#define BLUE    0x3584e4
#define MUCH    (G_GUINT64_CONSTANT (1) << 60)
#define SECONDS 5 /* from one answer to the next, as the helper's clock has it: tests take less */

typedef struct
{
  Stage stage;
  double use;       /* processors */
  guint64 resident; /* bytes */
  guint64 cpu_time, monotonic;
  guint32 span;     /* that was asked for last */
  guint odd;        /* answers as no helper gives them: 1: a counter, 2: the time goes backwards */
  gboolean nothing; /* is kept */
} Fixture;

#define NOT_RUNNING "The machine is not running. This is what it used before."

static GVariant *
create_answer (Fixture *fixture)
{
  const guint64 n = fixture->monotonic / 1000000000; /* seconds */

  return g_variant_new_parsed (
      "(%t, [('cpu', 'time', %t), ('vcpu:1', 'time', %t), ('vcpu:0', 'time', uint64 0),"
      " ('memory', 'resident', %t), ('memory', 'size', 536870912), ('memory', 'given', 536870912),"
      " ('memory', 'guest-total', 500000000), ('memory', 'guest-available', 300000000),"
      " ('memory', 'guest-caches', 83886080),"
      " ('disk:vda', 'read-bytes', %t), ('disk:vda', 'write-bytes', %t),"
      " ('disk:vda', 'read-operations', %t), ('disk:vda', 'write-operations', uint64 7),"
      " ('disk:vda', 'read-time', %t), ('disk:vda', 'write-time', uint64 9),"
      " ('interface:52:54:00:12:34:56', 'received-bytes', %t),"
      " ('interface:52:54:00:12:34:56', 'sent-bytes', %t),"
      " ('pressure', 'cpu', %t), ('pressure', 'memory', uint64 0), ('pressure', 'io', %t)])",
      fixture->monotonic, fixture->cpu_time, fixture->cpu_time, fixture->resident, n * (3 << 20),
      n * (100 << 10), n * 24, n * 24 * 2500000, n * (17 << 20), n * 5000, n * 100000000,
      n * 20000000);
}

/* Of the last hours, but for half an hour of them: every other hour two processors are busy. Values
 * of columns that nobody knows, and a row with too few, are no harm. */
static GVariant *
create_history (Fixture *fixture, guint32 span)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC + 1; /* also where a column begins */
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("a(tuad)"));
  if (fixture->nothing)
    return g_variant_new (
        "(@asa(tuad))",
        g_variant_new_parsed ("['moon', 'cpu', 'memory', 'written-bytes', 'sent-bytes']"), &rows);
  if (!fixture->odd)
    for (gint64 ago = MIN (span, 20 * 60 * 60); ago >= 0; ago -= 60)
      if (ago < 3600 || ago > 5400)
        g_variant_builder_add_parsed (
            &rows, "(%t, uint32 60, [77.0, %d, 1073741824.0, 1048576.0, 2048.0])",
            (guint64)(now - ago), ago / 3600 % 2 == 1 ? 2.0 : 0.25);
  g_variant_builder_add_parsed (&rows, "(%t, uint32 4294967295, [1.0])", G_MAXUINT64);
  g_variant_builder_add_parsed (&rows, "(uint64 0, uint32 0, @ad [])");
  return g_variant_new (
      "(@asa(tuad))",
      g_variant_new_parsed ("['moon', 'cpu', 'memory', 'written-bytes', 'sent-bytes']"), &rows);
}

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *fixture = data;

  if (g_str_equal (g_dbus_method_invocation_get_method_name (invocation), "GetHistory"))
    {
      GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);

      g_variant_get_child (parameters, 0, "u", &fixture->span);
      g_dbus_method_invocation_return_value (invocation, create_history (fixture, fixture->span));
      return;
    }
  if (!g_str_equal (g_dbus_method_invocation_get_method_name (invocation), "GetPerformance"))
    {
      g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Unsupported",
                                                  "Not in this test.");
      return;
    }
  g_assert_false (g_dbus_message_get_flags (g_dbus_method_invocation_get_message (invocation)) &
                  G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION);
  fixture->monotonic += SECONDS * G_GUINT64_CONSTANT (1000000000);
  fixture->cpu_time += (guint64)(fixture->use * SECONDS * 1e9);
  if (fixture->odd)
    g_dbus_method_invocation_return_value (
        invocation,
        g_variant_new_parsed ("(%t, [('cpu', 'time', %t), (':', '', 1), ('moon', 'phase', 3), "
                              "('cpux', 'time', 1), ('', 'time', 1)])",
                              fixture->odd == 1 ? fixture->monotonic : MUCH - fixture->monotonic,
                              fixture->odd == 1 ? MUCH - fixture->monotonic : fixture->monotonic));
  else
    g_dbus_method_invocation_return_value (invocation, create_answer (fixture));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->use = 0.5;
  fixture->resident = G_GUINT64_CONSTANT (384) << 20;
  stage_set_up_app (&fixture->stage, 1, on_call, fixture);
  gtk_widget_activate_action (fixture->stage.window, "win.tab", "s", "performance");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stage_tear_down (&fixture->stage);
}

static GtkWidget *
find_graph (GtkWidget *widget, const char *label)
{
  GtkWidget *found = NULL;

  if (INN_IS_GRAPH (widget) && gtk_widget_get_mapped (widget))
    {
      g_autofree char *problem = gtk_test_accessible_check_property (
          GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label);

      return problem == NULL ? widget : NULL;
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_graph (child, label);
  return found;
}

static guint
count_questions (Fixture *fixture)
{
  return fake_helper_count_calls (fixture->stage.fake, "GetPerformance");
}

/* Pixels of that colour, 0xrrggbb. */
static guint
count_pixels (GtkWidget *widget, guint32 colour)
{
  int width, height;
  guint n = 0;
  g_autofree guint32 *pixels = render (widget, &width, &height);

  for (int i = 0; i < width * height; i++)
    n += pixels[i] == colour;
  return n;
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

/* What the helper counts is what the graphs say and draw. */
static void
test_tells (Fixture *fixture, gconstpointer data)
{
  static const char *const others[] = {
    "Processor 0: 0 %",
    "Processor 1: 50.0 %",
    "Memory of This Computer: Taken by the machine 384 MiB",
    "Memory in the Machine: Used 191 MiB, Caches 80.0 MiB, In all 512 MiB",
    "Data of vda: Read 3.00 MiB/s, Written 100 KiB/s",
    "Requests to vda: Reads 24 /s, Writes 0 /s",
    "Time of a Request to vda: Read 2.50 ms, Write –",
    "Network Card 52:54:00:12:34:56: Received 17.0 MiB/s, Sent 4.88 KiB/s",
    "Time in Which Programs Wait: For a processor 10.0 %, Memory 0 %, Disks 2.00 %",
  };
  GtkWidget *window = fixture->stage.window;
  GtkWidget *graph;
  guint pixels;

  /* Off: what it used before. */
  wait_until (find_graph (window, "All Processors: –") != NULL);
  g_assert_cmpuint (fixture->span, ==, 86400);
  g_assert_cmpuint (count_questions (fixture), ==, 0);
  g_assert_nonnull (find_shown (window, GTK_TYPE_LABEL, NOT_RUNNING));
  wait_until (count_pixels (find_graph (window, "All Processors: –"), BLUE) > 0);
  take_picture (window, "performance-off");
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until ((graph = find_graph (window, "All Processors: 50.0 %")) != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_test_message ("%s", others[i]);
      g_assert_nonnull (find_graph (window, others[i]));
    }
  pixels = count_pixels (graph, BLUE);
  g_assert_cmpuint (pixels, >, 0);
  fixture->use = 1;
  wait_until (find_graph (window, "All Processors: 100 %") == graph);
  fixture->use = 0.25;
  wait_until (find_graph (window, "All Processors: 25.0 %") == graph);
  g_assert_cmpuint (count_pixels (graph, BLUE), >, 2 * pixels);
  take_picture (window, "performance");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      ADW_COLOR_SCHEME_FORCE_DARK);
  wait_seconds (1);
  take_picture (window, "performance-dark");
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_DEFAULT);
  g_assert_null (find_shown (window, GTK_TYPE_LABEL, NOT_RUNNING));
  stage_set_state (&fixture->stage, INN_STATE_OFF);
  wait_until (find_shown (window, GTK_TYPE_LABEL, NOT_RUNNING) != NULL);
  g_assert_null (find_graph (window, others[0]));
  /* One of which nothing is kept. */
  fixture->nothing = TRUE;
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until (find_graph (window, others[4]) != NULL);
  stage_set_state (&fixture->stage, INN_STATE_OFF);
  wait_until (find_shown (window, GTK_TYPE_LABEL, "Nothing to Measure") != NULL);
  g_assert_null (find_shown (window, INN_TYPE_GRAPH, NULL));
}

/* Only while it is seen, and the machine is on. */
static void
test_rests (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = fixture->stage.window;
  guint questions;

  wait_seconds (2);
  g_assert_cmpuint (count_questions (fixture), ==, 0);
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until (count_questions (fixture) >= 3);
  gtk_widget_activate_action (window, "win.tab", "s", "details");
  iterate ();
  questions = count_questions (fixture);
  wait_seconds (3);
  g_assert_cmpuint (count_questions (fixture), <=, questions + 1); /* that was on its way */
  gtk_widget_activate_action (window, "win.tab", "s", "performance");
  wait_until (count_questions (fixture) >= questions + 2);
  gtk_widget_set_visible (window, FALSE);
  questions = count_questions (fixture);
  wait_seconds (3);
  g_assert_cmpuint (count_questions (fixture), <=, questions + 1);
  gtk_widget_set_visible (window, TRUE);
  wait_until (count_questions (fixture) >= questions + 2);
}

/* Counters that go backwards, things that nobody knows: no value is made up of them. */
static void
test_odd (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = fixture->stage.window;
  guint questions;

  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until (find_graph (window, "All Processors: 50.0 %") != NULL);
  for (fixture->odd = 1; fixture->odd <= 2; fixture->odd++)
    {
      questions = count_questions (fixture);
      wait_until (count_questions (fixture) >= questions + 4);
      g_assert_nonnull (find_graph (window, "Memory of This Computer: Taken by the machine –"));
      g_assert_nonnull (find_graph (window, "All Processors: –"));
    }
  fixture->odd = 0;
  wait_until (find_graph (window, "All Processors: 50.0 %") != NULL);
}

static void
choose_span (Fixture *fixture, guint which)
{
  GtkWidget *chooser = find_shown (fixture->stage.window, GTK_TYPE_DROP_DOWN, NULL);

  g_assert_nonnull (chooser);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (chooser), which);
  iterate ();
}

/* Rows of the table of what is shown, the head first. */
static GStrv
create_table (Fixture *fixture, guint which)
{
  InnPerformance *performance = inn_machine_get_performance (fixture->stage.machine);
  g_autofree char *csv = inn_csv_dup (performance, inn_span_get (which));

  return g_strsplit (csv, "\r\n", -1);
}

/* Of a longer time: what the helper has kept, asked for once it is chosen and not before. */
static void
test_spans (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = fixture->stage.window;
  g_auto (GStrv) minutes = NULL;
  g_auto (GStrv) day = NULL;
  guint busy = 0, quiet = 0, unknown = 0, pixels, kept;

  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until (find_graph (window, "All Processors: 50.0 %") != NULL);
  kept = fake_helper_count_calls (fixture->stage.fake, "GetHistory"); /* while it was off */
  wait_until (count_questions (fixture) >= 4);
  g_assert_cmpuint (fake_helper_count_calls (fixture->stage.fake, "GetHistory"), ==, kept);
  pixels = count_pixels (find_graph (window, "All Processors: 50.0 %"), BLUE);
  choose_span (fixture, 1);
  wait_until (fixture->span == 600);
  g_assert_nonnull (find_graph (window, "Data of vda: Read 3.00 MiB/s, Written 100 KiB/s"));
  choose_span (fixture, 3);
  wait_until (fixture->span == 86400);
  wait_until (count_pixels (find_graph (window, "All Processors: 50.0 %"), BLUE) > 4 * pixels);
  g_assert_nonnull (find_graph (window, "Memory of This Computer: Taken by the machine 384 MiB"));
  g_assert_null (find_graph (window, "Data of vda: Read 3.00 MiB/s, Written 100 KiB/s"));
  g_assert_nonnull (find_graph (window, "Data of All Disks: Written 1.00 MiB/s"));
  take_picture (window, "performance-day");
  day = create_table (fixture, 3);
  g_assert_cmpstr (
      day[0], ==,
      "Time,\"All Processors (%)\",\"Memory of This Computer: Taken by the machine (B)\","
      "\"Data of All Disks: Written (B/s)\",\"All Network Cards: Sent (B/s)\"");
  g_assert_cmpuint (g_strv_length (day), ==, 1 + 288 + 1);
  for (guint i = 1; i <= 288; i++)
    {
      busy += g_str_has_suffix (day[i], "Z,200,1073741824,1048576,2048");
      quiet += g_str_has_suffix (day[i], "Z,25,1073741824,1048576,2048");
      unknown += g_str_has_suffix (day[i], "Z,,,,");
    }
  g_test_message ("%u busy, %u quiet, %u unknown", busy, quiet, unknown);
  g_assert_cmpuint (busy, >=, 100);
  g_assert_cmpuint (quiet, >=, 100);
  g_assert_cmpuint (unknown, >=, 46); /* four hours without, and half an hour in between */
  g_assert_cmpuint (unknown, <=, 56);
  /* One that keeps nothing, or says what none would: what was measured here is still there. */
  fixture->odd = 1;
  choose_span (fixture, 2);
  wait_until (fixture->span == 7200);
  wait_until (find_graph (window, "All Processors: –") != NULL);
  minutes = create_table (fixture, 2);
  g_assert_cmpuint (g_strv_length (minutes), ==, 1 + 240 + 1);
  fixture->odd = 0;
  choose_span (fixture, 0);
  wait_until (find_graph (window, "Data of vda: Read 3.00 MiB/s, Written 100 KiB/s") != NULL);
}

int
main (int argc, char **argv)
{
  stage_init (&argc, &argv);
  g_test_add ("/performance/tells", Fixture, NULL, set_up, test_tells, tear_down);
  g_test_add ("/performance/rests", Fixture, NULL, set_up, test_rests, tear_down);
  g_test_add ("/performance/spans", Fixture, NULL, set_up, test_spans, tear_down);
  g_test_add ("/performance/odd", Fixture, NULL, set_up, test_odd, tear_down);
  return stage_run ();
}
