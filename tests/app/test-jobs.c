/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the window tells of running work, and of how it ends. */
#include "client/inn-job.h"
#include "create/inn-create-dialog.h"
#include "create/inn-create-job.h"
#include "inn-window.h"
#include "jobs/inn-job-row.h"
#include "jobs/inn-jobs-button.h"
#include "stage.h"

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Unsupported",
                                              "Not in this test.");
}

static void
set_up (Stage *stage, gconstpointer data)
{
  stage_set_up_app (stage, 1, on_call, NULL);
}

static void
tear_down (Stage *stage, gconstpointer data)
{
  stage_tear_down (stage);
}

static void
test_jobs (Stage *stage, gconstpointer data)
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
  InnJobsButton *button = INN_JOBS_BUTTON (find_widget (stage->window, INN_TYPE_JOBS_BUTTON, NULL));

  g_assert_cmpuint (inn_jobs_button_get_n_running (button), ==, 0);
  fake_helper_add (stage->fake, path, INN_IFACE_JOB,
                   g_variant_new_parsed ("{'Operation': <'create'>, 'MachineName': <'a & b <c>'>, "
                                         "'State': <'running'>, 'Step': <'Copying'>, "
                                         "'Progress': <0.5>, 'Rate': <uint64 1048576>}"));
  wait_until (inn_jobs_button_get_n_running (button) == 1);
  row = find_widget (GTK_WIDGET (button), INN_TYPE_JOB_ROW, NULL);
  g_assert_nonnull (find_widget (row, GTK_TYPE_LABEL, "Creating “a & b <c>”"));
  g_assert_nonnull (find_widget (row, GTK_TYPE_LABEL, "Copying · 1.0 MiB/s"));
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      fake_helper_change (stage->fake, path, INN_IFACE_JOB, "Remaining",
                          g_variant_new_uint32 (times[i].seconds));
      wait_until (find_widget (row, GTK_TYPE_LABEL, times[i].text) != NULL);
    }
  /* The fake one knows no Cancel: a person is told. */
  g_signal_emit_by_name (find_widget (row, GTK_TYPE_BUTTON, NULL), "clicked");
  wait_until ((dialog = find_dialog ()) != NULL);
  g_assert_cmpstr (adw_message_dialog_get_body (dialog), ==, "Not in this test.");
  gtk_window_destroy (GTK_WINDOW (dialog));
  fake_helper_change (stage->fake, path, INN_IFACE_JOB, "State", g_variant_new_string ("done"));
  wait_until (inn_jobs_button_get_n_running (button) == 0);
}

/* Work on another connection is no concern of who looks at this one. */
static void
test_jobs_elsewhere (Stage *stage, gconstpointer data)
{
  const char *path = INN_JOBS_PATH "/1";
  g_autoptr (InnConnection) other = inn_connection_new (G_BUS_TYPE_SYSTEM);
  g_autoptr (GtkWidget) button = g_object_ref_sink (g_object_new (INN_TYPE_JOBS_BUTTON, NULL));
  GListModel *list = inn_connection_get_jobs (stage->connection);
  InnJobsButton *jobs = INN_JOBS_BUTTON (button);
  g_autoptr (InnJob) job = NULL;

  fake_helper_add (
      stage->fake, path, INN_IFACE_JOB,
      g_variant_new_parsed ("{'Operation': <'create'>, 'State': <'done'>, 'Step': <''>}"));
  wait_until ((job = g_list_model_get_item (list, 0)) != NULL);
  inn_jobs_button_set_connection (jobs, stage->connection);
  inn_jobs_button_set_connection (jobs, other);
  fake_helper_change (stage->fake, path, INN_IFACE_JOB, "State", g_variant_new_string ("running"));
  wait_until (inn_job_is_running (job));
  g_assert_cmpuint (inn_jobs_button_get_n_running (jobs), ==, 0);
  inn_jobs_button_set_connection (jobs, stage->connection);
  g_assert_cmpuint (inn_jobs_button_get_n_running (jobs), ==, 1);
}

/* A machine that is still being made when the wizard is closed: the window tells how it turns out.
 */
static void
test_wizard_left (Stage *stage, gconstpointer data)
{
  g_autoptr (InnCreateJob) job = inn_create_job_new (stage->connection);
  g_autoptr (GError) error = g_error_new_literal (INN_ERROR, INN_ERROR_NO_SPACE, "It is full.");
  GListModel *all = gtk_window_get_toplevels ();
  GtkWidget *wizard = NULL;

  inn_window_create_from (INN_WINDOW (stage->window), NULL);
  for (guint i = 0; i < g_list_model_get_n_items (all); i++)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (all, i);

      if (INN_IS_CREATE_DIALOG (window))
        g_set_weak_pointer (&wizard, window);
    }
  g_assert_nonnull (wizard);
  g_signal_emit_by_name (wizard, "left", job, "box");
  gtk_window_destroy (GTK_WINDOW (wizard));
  g_signal_emit_by_name (job, "ended", error);
  g_assert_cmpstr (adw_message_dialog_get_heading (find_dialog ()), ==, "“box” could not be made");
  gtk_window_destroy (GTK_WINDOW (find_dialog ()));
  wait_until (wizard == NULL); /* it reads which systems there are */
}

int
main (int argc, char **argv)
{
#define ADD(name, function) g_test_add ("/jobs/" name, Stage, NULL, set_up, function, tear_down)

  stage_init (&argc, &argv);
  ADD ("shown", test_jobs);
  ADD ("elsewhere", test_jobs_elsewhere);
  ADD ("wizard-left", test_wizard_left);
  return stage_run ();
}
