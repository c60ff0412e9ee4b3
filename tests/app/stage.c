/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "stage.h"

#include "inn-window.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static InnApplication *app;

InnApplication *
stage_get_app (void)
{
  g_autoptr (GError) error = NULL;

  if (app == NULL)
    {
      app = inn_application_new ();
      g_assert_true (g_application_register (G_APPLICATION (app), NULL, &error));
      g_assert_no_error (error);
    }
  return app;
}

void
stage_init (int *argc, char ***argv)
{
  g_autoptr (GtkCssProvider) css = NULL;

  gtk_test_init (argc, argv, NULL);
  adw_init ();
  css = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (css, "/org/innkeeper/Innkeeper/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (css),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

int
stage_run (void)
{
  int result = g_test_run ();

  g_clear_object (&app);
  return result;
}

static void
wait_ready (Stage *stage, guint n_machines)
{
  GListModel *machines = inn_connection_get_machines (stage->connection);

  wait_until (inn_connection_get_state (stage->connection) == INN_CONNECTION_READY &&
              g_list_model_get_n_items (machines) == n_machines);
  stage->machine = inn_connection_lookup_machine (stage->connection, MACHINE0);
}

void
stage_set_up (Stage *stage, guint n_machines, FakeAnswer answer, gpointer data)
{
  stage->fake = fake_helper_new (INN_PROTOCOL, n_machines, answer, data);
  stage->connection = inn_connection_new (G_BUS_TYPE_SESSION);
  wait_ready (stage, n_machines);
}

void
stage_show (Stage *stage, GtkWidget *view, int width, int height)
{
  stage->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (stage->window), width, height);
  gtk_window_set_child (GTK_WINDOW (stage->window), view);
  gtk_window_present (GTK_WINDOW (stage->window));
  wait_until (gtk_widget_get_mapped (view));
}

void
stage_set_up_app (Stage *stage, guint n_machines, FakeAnswer answer, gpointer data)
{
  stage->fake = fake_helper_new (INN_PROTOCOL, n_machines, answer, data);
  stage->window = GTK_WIDGET (inn_window_new (ADW_APPLICATION (stage_get_app ())));
  gtk_window_present (GTK_WINDOW (stage->window));
  stage->connection =
      g_object_ref (inn_application_get_connection (stage_get_app (), G_BUS_TYPE_SESSION));
  wait_ready (stage, n_machines);
  iterate ();
}

void
stage_tear_down (Stage *stage)
{
  gtk_window_destroy (GTK_WINDOW (stage->window));
  iterate ();
  fake_helper_free (stage->fake);
  /* The app's connection lives on, and the next test's helper is another one. */
  wait_until (inn_connection_get_state (stage->connection) != INN_CONNECTION_READY);
  g_clear_object (&stage->connection);
  iterate ();
}

void
stage_change (Stage *stage, const char *interface, const char *property, GVariant *value)
{
  fake_helper_change (stage->fake, MACHINE0, interface, property, value);
}

void
stage_set_state (Stage *stage, InnState state)
{
  static const char *const words[] = { "off",      "starting", "running", "paused",
                                       "stopping", "crashed",  "broken" };

  stage_change (stage, INN_IFACE_MACHINE, "State", g_variant_new_string (words[state]));
  wait_until (inn_machine_get_state (stage->machine) == state);
  iterate ();
}

void
stage_answer_fd (GDBusMethodInvocation *invocation, int fd)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);

  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0),
                                                           fds);
}

void
stage_answer_picture (GDBusMethodInvocation *invocation, const GString *ppm)
{
  int fd = memfd_create ("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (write (fd, ppm->str, ppm->len), ==, ppm->len);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), ==, 0);
  stage_answer_fd (invocation, fd);
}

int
stage_answer_socket (GDBusMethodInvocation *invocation)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  stage_answer_fd (invocation, ends[0]);
  return ends[1];
}
