/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* For bench_window.py and bench_graphs.py. bench-window helper N: a helper with N machines, of
 * which one a time changes its state, 100 in a second, while SIGUSR1 has been sent an odd number of
 * times; SIGUSR2: the first one runs from now on, and uses something else each second. bench-window
 * window N PID: the app's window with the machines of that helper: frames while it is scrolled,
 * searched, stormed at; bench-window graphs N PID: its Performance tab. A line for each phase:
 * name, frames, seconds, worst and 99th percentile of the time between two frames in ms, per cent
 * of a core. */
#include "client/inn-machine.h"
#include "inn-application.h"
#include "inn-window.h"
#include "performance/inn-graph.h"
#include "sidebar/inn-sidebar.h"
#include "../app/widgets.h"
#include "unit/fake-helper.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#define SECONDS            5
#define GRAPHS             60
#define GRAPH_SECONDS      120 /* that a graph shows, and that are drawn before it is measured */
#define GRAPH_RUNS         5
#define CHANGES_PER_SECOND 100

static guint n_machines;

/* ---- the helper */

static gboolean storming;

static gboolean
on_storm_signal (gpointer data)
{
  storming = !storming;
  return G_SOURCE_CONTINUE;
}

static gboolean
on_change (gpointer data)
{
  static guint next;
  static const char *const states[] = { "running", "paused" };
  g_autofree char *path = g_strdup_printf (INN_MACHINES_PATH "/m%u", next % n_machines);

  if (storming)
    {
      fake_helper_change (data, path, INN_IFACE_MACHINE, "State",
                          g_variant_new_string (states[next / n_machines % 2]));
      next++;
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_run_signal (gpointer data)
{
  fake_helper_change (data, INN_MACHINES_PATH "/m0", INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("running"));
  return G_SOURCE_CONTINUE;
}

/* One graph is that of all processors, one of the memory, the others of a processor each. */
static GVariant *
measure_machine (void)
{
  static guint64 times[GRAPHS], monotonic;
  GVariantBuilder values;

  monotonic += G_GUINT64_CONSTANT (1000000000);
  g_variant_builder_init (&values, G_VARIANT_TYPE ("a(sst)"));
  for (guint i = 0; i < GRAPHS - 1; i++)
    {
      g_autofree char *of = i == 0 ? g_strdup ("cpu") : g_strdup_printf ("vcpu:%u", i - 1);

      times[i] += (guint64)g_random_int_range (0, 1000000000);
      g_variant_builder_add (&values, "(sst)", of, "time", times[i]);
    }
  g_variant_builder_add (&values, "(sst)", "memory", "resident",
                         (guint64)g_random_int_range (1 << 28, 1 << 30));
  return g_variant_new ("(ta(sst))", monotonic, &values);
}

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  if (g_str_equal (g_dbus_method_invocation_get_method_name (invocation), "GetPerformance"))
    {
      g_dbus_method_invocation_return_value (invocation, measure_machine ());
      return;
    }
  g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Unsupported",
                                              "Not here.");
}

static int
be_helper (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  FakeHelper *fake = fake_helper_new (INN_PROTOCOL, n_machines, on_call, NULL);

  g_unix_signal_add (SIGUSR1, on_storm_signal, NULL);
  g_unix_signal_add (SIGUSR2, on_run_signal, fake);
  g_timeout_add (1000 / CHANGES_PER_SECOND, on_change, fake);
  g_print ("ready\n");
  g_main_loop_run (loop);
  return EXIT_SUCCESS;
}

/* ---- the window */

typedef struct
{
  GtkWidget *window;
  void (*step) (gpointer data); /* before each frame; NULL: nothing moves by itself */
  gpointer data;
  GArray *intervals; /* double, ms */
  gint64 last;
} Phase;

static double
cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Phase *phase = data;

  phase->step (phase->data);
  return G_SOURCE_CONTINUE;
}

static void
on_painted (GdkFrameClock *clock, Phase *phase)
{
  gint64 now = g_get_monotonic_time ();
  double interval = (double)(now - phase->last) / 1000;

  if (phase->last != 0)
    g_array_append_val (phase->intervals, interval);
  phase->last = now;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return *(const double *)a < *(const double *)b ? -1 : 1;
}

static gboolean
on_over (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_seconds (guint seconds)
{
  gboolean over = FALSE;

  g_timeout_add_seconds (seconds, on_over, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
measure (GtkWidget *window,
         const char *name,
         guint for_seconds,
         void (*step) (gpointer),
         gpointer data)
{
  Phase phase = { window, step, data, g_array_new (FALSE, FALSE, sizeof (double)), 0 };
  GdkFrameClock *clock = gtk_widget_get_frame_clock (window);
  gulong painted = g_signal_connect (clock, "after-paint", G_CALLBACK (on_painted), &phase);
  guint tick = step != NULL ? gtk_widget_add_tick_callback (window, on_tick, &phase, NULL) : 0;
  gint64 begin = g_get_monotonic_time ();
  double cpu = cpu_seconds ();
  double seconds;
  guint n;

  wait_seconds (for_seconds);
  seconds = (double)(g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  cpu = (cpu_seconds () - cpu) / seconds * 100;
  if (tick != 0)
    gtk_widget_remove_tick_callback (window, tick);
  g_signal_handler_disconnect (clock, painted);
  g_array_sort (phase.intervals, compare);
  n = phase.intervals->len;
  g_print ("%s %u %.3f %.2f %.2f %.2f\n", name, n, seconds,
           n > 0 ? g_array_index (phase.intervals, double, n - 1) : 0,
           n > 0 ? g_array_index (phase.intervals, double, n * 99 / 100) : 0, cpu);
  g_array_unref (phase.intervals);
}

static void
scroll (gpointer data)
{
  static double direction = 40;
  GtkAdjustment *adjustment = data;
  double value = gtk_adjustment_get_value (adjustment) + direction;

  if (value < 0 ||
      value > gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment))
    direction = -direction;
  gtk_adjustment_set_value (adjustment, value);
}

/* A letter every twelfth frame: whoever types more quickly is waited for by the entry (150 ms). */
static void
type (gpointer data)
{
  static const char *const texts[] = { "m", "m1", "m12", "m1", "m", "", "9", "99", "9", "" };
  static guint frame;

  if (frame++ % 12 == 0)
    gtk_editable_set_text (data, texts[frame / 12 % G_N_ELEMENTS (texts)]);
}

static void
stand (gpointer data)
{
}

/* The app's window, with all machines in it; NULL: there is no screen. */
static GtkWidget *
open_window (InnApplication *app)
{
  InnConnection *connection;
  GtkWidget *window;

  if (!g_application_register (G_APPLICATION (app), NULL, NULL))
    return NULL;
  window = GTK_WIDGET (inn_window_new (ADW_APPLICATION (app)));
  gtk_window_set_default_size (GTK_WINDOW (window), 1100, 800);
  gtk_window_present (GTK_WINDOW (window));
  connection = inn_application_get_connection (app, G_BUS_TYPE_SESSION);
  wait_until (inn_connection_get_state (connection) == INN_CONNECTION_READY &&
              g_list_model_get_n_items (inn_connection_get_machines (connection)) == n_machines);
  wait_seconds (2);
  return window;
}

static int
be_graphs (pid_t helper)
{
  g_autoptr (InnApplication) app = inn_application_new ();
  GtkWidget *window = open_window (app);
  GtkWidget *list;

  if (window == NULL)
    return EXIT_FAILURE;
  list = find_widget (find_widget (window, INN_TYPE_SIDEBAR, NULL), GTK_TYPE_LIST_VIEW, NULL);
  gtk_window_maximize (GTK_WINDOW (window));
  kill (helper, SIGUSR2);
  gtk_widget_activate_action (list, "list.select-item", "(ubb)", 0, FALSE, FALSE);
  gtk_widget_activate_action (window, "win.tab", "s", "performance");
  wait_seconds (GRAPH_SECONDS);
  if (find_widget (window, INN_TYPE_GRAPH, NULL) == NULL)
    return EXIT_FAILURE;
  for (guint i = 0; i < GRAPH_RUNS; i++)
    measure (window, "graphs", SECONDS * 2, NULL, NULL);
  gtk_widget_activate_action (window, "win.tab", "s", "details");
  wait_seconds (2);
  for (guint i = 0; i < GRAPH_RUNS; i++)
    measure (window, "unseen", SECONDS, NULL, NULL);
  gtk_window_destroy (GTK_WINDOW (window));
  return EXIT_SUCCESS;
}

static int
be_window (pid_t helper)
{
  g_autoptr (InnApplication) app = inn_application_new ();
  GtkWidget *window = open_window (app);
  GtkWidget *sidebar, *list, *entry;
  GtkAdjustment *adjustment;

  if (window == NULL)
    return EXIT_FAILURE;
  sidebar = find_widget (window, INN_TYPE_SIDEBAR, NULL);
  list = find_widget (sidebar, GTK_TYPE_LIST_VIEW, NULL);
  entry = find_widget (sidebar, GTK_TYPE_SEARCH_ENTRY, NULL);
  adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (list));
  measure (window, "still", SECONDS, stand, NULL);
  measure (window, "scroll", SECONDS, scroll, adjustment);
  inn_sidebar_search (INN_SIDEBAR (sidebar));
  measure (window, "search", SECONDS, type, entry);
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  wait_seconds (1);
  kill (helper, SIGUSR1);
  measure (window, "storm", SECONDS, NULL, NULL);
  measure (window, "storm-scroll", SECONDS, scroll, adjustment);
  kill (helper, SIGUSR1);
  gtk_window_destroy (GTK_WINDOW (window));
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  n_machines = argc > 2 ? (guint)atoi (argv[2]) : 0;
  if (n_machines > 0 && g_str_equal (argv[1], "helper"))
    return be_helper ();
  if (n_machines > 0 && argc > 3 && g_str_equal (argv[1], "window"))
    return be_window (atoi (argv[3]));
  if (n_machines > 0 && argc > 3 && g_str_equal (argv[1], "graphs"))
    return be_graphs (atoi (argv[3]));
  g_printerr ("bench-window helper N | window N PID | graphs N PID\n");
  return EXIT_FAILURE;
}
