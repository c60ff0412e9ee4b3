/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The window against a helper of the test's own: what is shown when, which action is allowed in
 * which state, what a thousand machines cost, and what happens when the helper goes away. */
#include "details/inn-add-dialog.h"
#include "dialogs/inn-host-dialog.h"
#include "inn-application.h"
#include "inn-banner.h"
#include "inn-empty-page.h"
#include "inn-machine-view.h"
#include "inn-report.h"
#include "inn-verbs.h"
#include "inn-window.h"
#include "jobs/inn-job-row.h"
#include "jobs/inn-jobs-button.h"
#include "sidebar/inn-machine-row.h"
#include "sidebar/inn-sidebar.h"
#include "client/inn-job.h"
#include "unit/fake-helper.h"
#include "widgets.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MACHINE0 INN_MACHINES_PATH "/m0"

typedef struct
{
  FakeHelper *fake;
  InnWindow *window;
  InnConnection *connection;
  int screen; /* the guest's end of the machine's screen, where one is opened; says nothing */
  const char *colour; /* of the picture that it is asked for; NULL: none can be had */
  guint n_pictures;
  double use; /* of the CPU */
  guint64 cpu_time, monotonic;
} Fixture;

static void
answer_fd (GDBusMethodInvocation *invocation, int fd)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);

  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0),
                                                           fds);
}

/* 640 × 400 of one colour, with a cursor that every other picture has. */
static int
create_picture (Fixture *fixture)
{
  g_autoptr (GString) ppm = g_string_new ("P6\n640 400\n255\n");
  const gsize head = ppm->len;
  int fd = memfd_create ("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  for (guint i = 0; i < 640 * 400; i++)
    g_string_append_len (ppm, fixture->colour, 3);
  if (fixture->n_pictures++ % 2 == 1)
    for (gsize y = 14; y < 16; y++)
      memset (ppm->str + head + y * 640 * 3, 0x80, 27);
  g_assert_cmpint (write (fd, ppm->str, ppm->len), ==, ppm->len);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), ==, 0);
  return fd;
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
  int ends[2];

  if (g_str_equal (method, "GetStatistics"))
    g_dbus_method_invocation_return_value (invocation, create_statistics (fixture));
  else if (g_str_equal (method, "Screenshot") && fixture->colour != NULL)
    answer_fd (invocation, create_picture (fixture));
  else if (g_str_equal (method, "OpenDisplay") && fixture->screen < 0)
    {
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
      fixture->screen = ends[1];
      answer_fd (invocation, ends[0]);
    }
  else if (g_str_equal (method, "Shutdown"))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Unsupported",
                                                "Not in this test.");
}

/* One for all tests, as in a program: a second could not be registered on the same connection. */
static InnApplication *app;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->screen = -1;
  fixture->fake = fake_helper_new (INN_PROTOCOL, GPOINTER_TO_UINT (data), on_call, fixture);
  if (app == NULL)
    {
      app = inn_application_new ();
      g_assert_true (g_application_register (G_APPLICATION (app), NULL, &error));
      g_assert_no_error (error);
    }
  fixture->window = inn_window_new (ADW_APPLICATION (app));
  gtk_window_present (GTK_WINDOW (fixture->window));
  fixture->connection = inn_application_get_connection (app, G_BUS_TYPE_SESSION);
  wait_until (inn_connection_get_state (fixture->connection) == INN_CONNECTION_READY &&
              g_list_model_get_n_items (inn_connection_get_machines (fixture->connection)) ==
                  GPOINTER_TO_UINT (data));
  iterate ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  iterate ();
  if (fixture->screen >= 0)
    close (fixture->screen);
  fake_helper_free (fixture->fake);
  wait_until (inn_connection_get_state (fixture->connection) != INN_CONNECTION_READY);
}

/* The first widget of @type below @widget that is mapped, or not, as @mapped says. */
static GtkWidget *
find (GtkWidget *widget, GType type, gboolean mapped)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type) && (!mapped || gtk_widget_get_mapped (widget)))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find (child, type, mapped);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static guint
count (GtkWidget *widget, GType type)
{
  guint n = G_TYPE_CHECK_INSTANCE_TYPE (widget, type);

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count (child, type);
  return n;
}

static InnSidebar *
sidebar_of (Fixture *fixture)
{
  return INN_SIDEBAR (find (GTK_WIDGET (fixture->window), INN_TYPE_SIDEBAR, FALSE));
}

static gboolean
allowed (Fixture *fixture, const char *action)
{
  return g_action_group_get_action_enabled (G_ACTION_GROUP (fixture->window), action);
}

static void
test_empty (Fixture *fixture, gconstpointer data)
{
  GtkWidget *page = find (GTK_WIDGET (fixture->window), INN_TYPE_EMPTY_PAGE, TRUE);
  guint n;
  const InnVerbAction *verbs = inn_verb_actions (&n);

  g_assert_nonnull (page);
  g_assert_cmpstr (inn_empty_page_get_shown (INN_EMPTY_PAGE (page)), ==, "empty");
  g_assert_true (allowed (fixture, "new"));
  g_assert_true (allowed (fixture, "host"));
  for (guint i = 0; i < n; i++)
    g_assert_false (allowed (fixture, verbs[i].action));
  take_picture (GTK_WIDGET (fixture->window), "window-empty");
}

/* Each state, and every action that a person has in it. */
static void
test_states (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *state;
    const char *actions[6];
  } table[] = {
    { "off", { "start", "delete" } },
    { "starting", { "force-off" } },
    { "running", { "pause", "shut-down", "reset", "force-off" } },
    { "paused", { "resume", "reset", "force-off" } },
    { "stopping", { "force-off" } },
    { "crashed", { "start", "delete" } },
    { "broken", { "delete" } },
  };
  guint n;
  const InnVerbAction *verbs = inn_verb_actions (&n);
  InnMachine *machine = inn_sidebar_get_machine (sidebar_of (fixture));

  g_assert_nonnull (machine); /* the first is chosen */
  for (guint s = 0; s < G_N_ELEMENTS (table); s++)
    {
      fake_helper_change (fixture->fake, inn_machine_get_path (machine), INN_IFACE_MACHINE, "State",
                          g_variant_new_string (table[s].state));
      wait_until (inn_machine_get_state (machine) == (InnState)s);
      for (guint i = 0; i < n; i++)
        {
          gboolean wanted = g_strv_contains (table[s].actions, verbs[i].action);

          g_test_message ("%s: %s", table[s].state, verbs[i].action);
          g_assert_cmpint (allowed (fixture, verbs[i].action), ==, wanted);
        }
    }
}

static void
test_many (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = GTK_WIDGET (fixture->window);
  GtkWidget *entry = find (window, GTK_TYPE_SEARCH_ENTRY, FALSE);
  GtkWidget *list = find (window, GTK_TYPE_LIST_VIEW, FALSE);
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (list)));
  InnMachine *shown = inn_sidebar_get_machine (sidebar_of (fixture));
  InnMachineView *view = INN_MACHINE_VIEW (find (window, INN_TYPE_MACHINE_VIEW, FALSE));

  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 1000);
  take_picture (window, "window-many");
  g_assert_cmpuint (count (list, INN_TYPE_MACHINE_ROW), <, 300);
  g_assert_cmpuint (count (list, INN_TYPE_MACHINE_ROW), >, 5);

  g_assert_nonnull (shown);
  g_assert_cmpstr (inn_machine_get_name (shown), ==, "machine 0");
  gtk_widget_activate_action (window, "win.search", NULL);
  gtk_editable_set_text (GTK_EDITABLE (entry), "MACHINE 77");
  wait_until (g_list_model_get_n_items (model) == 11); /* 77, 770 to 779 */
  g_assert_true (inn_machine_view_get_machine (view) == shown);
  gtk_editable_set_text (GTK_EDITABLE (entry), "none of that name");
  wait_until (g_list_model_get_n_items (model) == 0);
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  wait_until (g_list_model_get_n_items (model) == 1000);
}

static gboolean
is_last (GListModel *model, const char *name)
{
  g_autoptr (InnMachine) last = g_list_model_get_item (model, g_list_model_get_n_items (model) - 1);

  return g_str_equal (inn_machine_get_name (last), name);
}

/* A machine that is renamed stands where its new name belongs; one that goes is not shown. */
static void
test_changes (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = GTK_WIDGET (fixture->window);
  GtkWidget *list = find (window, GTK_TYPE_LIST_VIEW, FALSE);
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (list)));
  InnMachineView *view = INN_MACHINE_VIEW (find (window, INN_TYPE_MACHINE_VIEW, FALSE));
  g_autoptr (InnMachine) last = NULL;

  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 3);
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "Name",
                      g_variant_new_string ("zebra"));
  wait_until (is_last (model, "zebra"));
  last = g_list_model_get_item (model, 2);
  inn_window_show_machine (fixture->window, last);
  g_assert_true (inn_machine_view_get_machine (view) == last);
  fake_helper_remove (fixture->fake, MACHINE0, INN_IFACE_MACHINE);
  wait_until (g_list_model_get_n_items (model) == 2);
  g_assert_true (inn_machine_view_get_machine (view) != last);
}

/* One that is made while a search is on is shown all the same. */
static void
test_hidden (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = GTK_WIDGET (fixture->window);
  GtkWidget *entry = find (window, GTK_TYPE_SEARCH_ENTRY, FALSE);
  GtkWidget *list = find (window, GTK_TYPE_LIST_VIEW, FALSE);
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (list)));
  InnMachineView *view = INN_MACHINE_VIEW (find (window, INN_TYPE_MACHINE_VIEW, FALSE));
  InnMachine *machine =
      inn_connection_lookup_machine (fixture->connection, INN_MACHINES_PATH "/m2");

  gtk_widget_activate_action (window, "win.search", NULL);
  gtk_editable_set_text (GTK_EDITABLE (entry), "machine 1");
  wait_until (g_list_model_get_n_items (model) == 1);
  inn_window_show_machine (fixture->window, machine);
  g_assert_true (inn_machine_view_get_machine (view) == machine);
  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 3);
  g_assert_true (inn_sidebar_get_machine (sidebar_of (fixture)) == machine);
}

static void
test_helper_gone (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = GTK_WIDGET (fixture->window);
  InnBanner *banner =
      INN_BANNER (gtk_widget_get_template_child (window, INN_TYPE_WINDOW, "banner"));
  GListModel *machines = inn_connection_get_machines (fixture->connection);

  g_assert_null (inn_banner_get_text (banner));
  g_clear_pointer (&fixture->fake, fake_helper_free);
  wait_until (inn_banner_get_text (banner) != NULL);
  g_assert_cmpuint (g_list_model_get_n_items (machines), ==, 3);
  g_assert_false (allowed (fixture, "new"));
  g_assert_nonnull (strstr (inn_banner_get_text (banner), "connects again by itself"));
  take_picture (window, "window-helper-gone");

  /* One that it does not take does not come back by itself. */
  fixture->fake = fake_helper_new (INN_PROTOCOL - 1, 3, on_call, fixture);
  wait_until (strstr (inn_banner_get_text (banner), "too old") != NULL);
  g_assert_null (strstr (inn_banner_get_text (banner), "by itself"));
  g_clear_pointer (&fixture->fake, fake_helper_free);
  wait_until (strstr (inn_banner_get_text (banner), "too old") == NULL);

  fixture->fake = fake_helper_new (INN_PROTOCOL, 3, on_call, fixture);
  wait_until (inn_banner_get_text (banner) == NULL);
  g_assert_true (allowed (fixture, "new"));
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
  GtkWidget *row = find (GTK_WIDGET (fixture->window), INN_TYPE_MACHINE_ROW, TRUE);
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
  return fake_helper_count_calls (fixture->fake, "Screenshot") +
         fake_helper_count_calls (fixture->fake, "GetStatistics");
}

static void
change_state (Fixture *fixture, const char *state)
{
  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string (state));
  wait_seconds (1);
}

/* While a machine runs and nothing happens the window draws not one frame, though its CPU use is
 * never twice the same and a cursor blinks on its screen. What happens is seen soon. */
static void
test_rest (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = GTK_WIDGET (fixture->window);
  GdkFrameClock *clock = gtk_widget_get_frame_clock (window);
  gint64 frames;
  guint questions, samples;

  fixture->colour = "\377\0\0";
  fixture->use = 0.405;               /* 40 or 41 % */
  change_state (fixture, "starting"); /* the spinner spins */
  change_state (fixture, "running");
  wait_until (fixture->screen >= 0);
  wait_until (share_of (fixture, 0xff0000) > 0.1);
  wait_until (says (window, "CPU 40 %"));
  wait_seconds (1);
  frames = gdk_frame_clock_get_frame_counter (clock);
  questions = fixture->n_pictures;
  wait_until (fixture->n_pictures >= questions + 2);
  wait_seconds (1);
  g_assert_cmpint (gdk_frame_clock_get_frame_counter (clock) - frames, ==, 0);

  /* By now the next question has 12 s; but one that is busy is looked at. A sample is 2 s. */
  fixture->colour = "\0\0\377";
  fixture->use = 0.8;
  questions = fixture->n_pictures;
  samples = fake_helper_count_calls (fixture->fake, "GetStatistics");
  wait_until (says (window, "CPU 80 %"));
  wait_until (fixture->n_pictures == questions + 1);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "GetStatistics"), <=, samples + 3);
  wait_until (share_of (fixture, 0x0000ff) > 0.1);

  gtk_widget_set_visible (window, FALSE);
  wait_seconds (1);
  questions = count_questions (fixture);
  wait_seconds (5);
  g_assert_cmpuint (count_questions (fixture), ==, questions);
  gtk_widget_set_visible (window, TRUE);
  wait_until (count_questions (fixture) > questions);

  /* The last picture stays, paler, and nothing is asked any more. */
  change_state (fixture, "off");
  wait_until (share_of (fixture, 0x0000ff) == 0);
  take_picture (window, "window-last-picture");
  questions = count_questions (fixture);
  wait_seconds (5);
  g_assert_cmpuint (count_questions (fixture), ==, questions);
}

static GtkWidget *
find_label (GtkWidget *widget, const char *text)
{
  GtkWidget *found = NULL;

  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_label (GTK_LABEL (widget)), text))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_label (child, text);
  return found;
}

static AdwMessageDialog *
find_dialog (void)
{
  GListModel *windows = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (windows, i);

      if (ADW_IS_MESSAGE_DIALOG (window))
        return ADW_MESSAGE_DIALOG (window);
    }
  return NULL;
}

static void
test_jobs (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    guint seconds;
    const char *text;
  } times[] = { { 1, "Copying · 1.0 MiB/s · 1 second left" },
                { 42, "Copying · 1.0 MiB/s · 42 seconds left" },
                { 100, "Copying · 1.0 MiB/s · about 2 minutes left" },
                { 7300, "Copying · 1.0 MiB/s · about 2 hours left" } };
  const char *path = INN_JOBS_PATH "/1";
  GtkWidget *row;
  AdwMessageDialog *dialog;
  InnJobsButton *button =
      INN_JOBS_BUTTON (find (GTK_WIDGET (fixture->window), INN_TYPE_JOBS_BUTTON, FALSE));

  g_assert_cmpuint (inn_jobs_button_get_n_running (button), ==, 0);
  fake_helper_add (fixture->fake, path, INN_IFACE_JOB,
                   g_variant_new_parsed ("{'Operation': <'create'>, 'MachineName': <'a & b <c>'>, "
                                         "'State': <'running'>, 'Step': <'Copying'>, "
                                         "'Progress': <0.5>, 'Rate': <uint64 1048576>}"));
  wait_until (inn_jobs_button_get_n_running (button) == 1);
  row = find (GTK_WIDGET (button), INN_TYPE_JOB_ROW, FALSE);
  g_assert_nonnull (find_label (row, "Creating “a & b <c>”"));
  g_assert_nonnull (find_label (row, "Copying · 1.0 MiB/s"));
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      fake_helper_change (fixture->fake, path, INN_IFACE_JOB, "Remaining",
                          g_variant_new_uint32 (times[i].seconds));
      wait_until (find_label (row, times[i].text) != NULL);
    }
  /* The fake one knows no Cancel: a person is told. */
  g_signal_emit_by_name (find (row, GTK_TYPE_BUTTON, FALSE), "clicked");
  wait_until ((dialog = find_dialog ()) != NULL);
  g_assert_cmpstr (adw_message_dialog_get_body (dialog), ==, "Not in this test.");
  gtk_window_destroy (GTK_WINDOW (dialog));
  fake_helper_change (fixture->fake, path, INN_IFACE_JOB, "State", g_variant_new_string ("done"));
  wait_until (inn_jobs_button_get_n_running (button) == 0);
}

/* Work on another connection is no concern of who looks at this one. */
static void
test_jobs_elsewhere (Fixture *fixture, gconstpointer data)
{
  const char *path = INN_JOBS_PATH "/1";
  g_autoptr (InnConnection) other = inn_connection_new (G_BUS_TYPE_SYSTEM);
  g_autoptr (GtkWidget) button = g_object_ref_sink (g_object_new (INN_TYPE_JOBS_BUTTON, NULL));
  GListModel *list = inn_connection_get_jobs (fixture->connection);
  InnJobsButton *jobs = INN_JOBS_BUTTON (button);
  g_autoptr (InnJob) job = NULL;

  fake_helper_add (
      fixture->fake, path, INN_IFACE_JOB,
      g_variant_new_parsed ("{'Operation': <'create'>, 'State': <'done'>, 'Step': <''>}"));
  wait_until ((job = g_list_model_get_item (list, 0)) != NULL);
  inn_jobs_button_set_connection (jobs, fixture->connection);
  inn_jobs_button_set_connection (jobs, other);
  fake_helper_change (fixture->fake, path, INN_IFACE_JOB, "State",
                      g_variant_new_string ("running"));
  wait_until (inn_job_is_running (job));
  g_assert_cmpuint (inn_jobs_button_get_n_running (jobs), ==, 0);
  inn_jobs_button_set_connection (jobs, fixture->connection);
  g_assert_cmpuint (inn_jobs_button_get_n_running (jobs), ==, 1);
}

/* Shut Down is told, for nothing is to be seen yet; and told again of a system that does not obey.
 */
static void
test_shut_down (Fixture *fixture, gconstpointer data)
{
  GtkWidget *window = GTK_WIDGET (fixture->window);

  fake_helper_change (fixture->fake, MACHINE0, INN_IFACE_MACHINE, "State",
                      g_variant_new_string ("running"));
  wait_until (allowed (fixture, "shut-down"));
  inn_verb_set_patience (200);
  gtk_widget_activate_action (window, "win.shut-down", NULL);
  wait_until (find_label (window, "“machine 0” was asked to shut down.") != NULL);
  inn_verb_set_patience (60000);
  wait_until (find_label (window, "“machine 0” still runs. Look at its screen, or use Force "
                                  "Off.") != NULL);
}

/* What belongs to no machine opens without complaint. */
static void
test_dialogs (Fixture *fixture, gconstpointer data)
{
  GtkWindow *window = GTK_WINDOW (fixture->window);
  GtkWidget *dialogs[] = { inn_add_dialog_new (window),
                           inn_host_dialog_new (window, fixture->connection) };
  static const char *const names[] = { "dialog-add", "dialog-host" };

  for (guint i = 0; i < G_N_ELEMENTS (dialogs); i++)
    {
      gtk_window_present (GTK_WINDOW (dialogs[i]));
      take_picture (dialogs[i], names[i]);
      gtk_window_destroy (GTK_WINDOW (dialogs[i]));
    }
  gtk_widget_activate_action (GTK_WIDGET (window), "win.show-help-overlay", NULL);
  g_action_group_activate_action (G_ACTION_GROUP (app), "about", NULL);
  iterate ();
  g_assert_nonnull (
      gtk_application_window_get_help_overlay (GTK_APPLICATION_WINDOW (fixture->window)));
}

static gboolean
has_label (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_text (GTK_LABEL (widget)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (has_label (child, text))
      return TRUE;
  return FALSE;
}

/* A toast's title is markup, and what it tells is not. */
static void
test_toast (Fixture *fixture, gconstpointer data)
{
  const char *text = "“R&D <b>” is off.";
  g_autoptr (GError) error = g_error_new_literal (INN_ERROR, INN_ERROR_BAD_STATE, text);

  inn_report_error (GTK_WIDGET (fixture->window), "It cannot be paused", error);
  wait_until (has_label (GTK_WIDGET (fixture->window), text));
}

static void
test_report (void)
{
  for (guint code = 0; code < INN_N_ERRORS; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (INN_ERROR, (int)code, "Short.");
      gboolean silent = code == INN_ERROR_DISMISSED || code == INN_ERROR_CANCELLED;

      g_assert_cmpint (inn_report_level (error) == INN_REPORT_SILENT, ==, silent);
    }
  {
    g_autofree char *text = g_strnfill (200, 'x');
    g_autoptr (GError) lengthy = g_error_new_literal (INN_ERROR, INN_ERROR_TIMEOUT, text);
    g_autoptr (GError) brief = g_error_new_literal (INN_ERROR, INN_ERROR_TIMEOUT, "x");
    g_autoptr (GError) unknown = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_IO, "x");

    g_assert_cmpint (inn_report_level (lengthy), ==, INN_REPORT_DIALOG);
    g_assert_cmpint (inn_report_level (brief), ==, INN_REPORT_TOAST);
    g_assert_cmpint (inn_report_level (unknown), ==, INN_REPORT_DIALOG);
  }
}

int
main (int argc, char **argv)
{
  int result;

#define ADD(path, n_machines, function)                                                            \
  g_test_add ("/window/" path, Fixture, GUINT_TO_POINTER (n_machines), set_up, function, tear_down)

  gtk_test_init (&argc, &argv, NULL);
  ADD ("empty", 0, test_empty);
  ADD ("actions-by-state", 1, test_states);
  ADD ("many", 1000, test_many);
  ADD ("changes", 3, test_changes);
  ADD ("hidden-by-search", 3, test_hidden);
  ADD ("helper-gone", 3, test_helper_gone);
  ADD ("rest", 1, test_rest);
  ADD ("shut-down", 1, test_shut_down);
  ADD ("jobs", 1, test_jobs);
  ADD ("jobs-elsewhere", 1, test_jobs_elsewhere);
  ADD ("toast", 0, test_toast);
  ADD ("dialogs", 1, test_dialogs);
  g_test_add_func ("/window/report", test_report);
  result = g_test_run ();
  g_clear_object (&app);
  return result;
}
