/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The text lines of a running machine, whose other end is the test's. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "console/inn-console-view.h"
#include "console/inn-screens.h"
#include "console/inn-terminal.h"
#include "stage.h"

#define BURST (1024 * 1024)

typedef struct
{
  Stage stage;
  GtkWidget *view;
  int serial; /* the guest's end of the line opened last */
  gboolean refuse;
  guint tick;
} Fixture;

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE; /* what is waited for is looked for often enough */
}

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *fixture = data;
  const char *method = g_dbus_method_invocation_get_method_name (invocation);

  if (!g_str_equal (method, "OpenSerial"))
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.NotFound",
                                                "There is none.");
  else if (fixture->refuse)
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Limit",
                                                "Eight people look at it.");
  else
    {
      if (fixture->serial >= 0)
        close (fixture->serial);
      fixture->serial = stage_answer_socket (invocation);
    }
}

/* A running machine without a screen, with @lines. */
static GtkWidget *
run (Fixture *fixture, GVariant *lines)
{
  GtkWidget *terminal;

  stage_change (&fixture->stage, INN_IFACE_CONSOLE, "Displays", g_variant_new_strv (NULL, 0));
  stage_change (&fixture->stage, INN_IFACE_CONSOLE, "Serials", lines);
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  wait_until ((terminal = find_shown (fixture->view, INN_TYPE_TERMINAL, NULL)) != NULL);
  return terminal;
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
  if (fixture->serial >= 0)
    close (fixture->serial);
  g_source_remove (fixture->tick);
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

  terminal =
      run (fixture, g_variant_new_parsed ("[('serial0', 'serial'), ('console0', 'console')]"));
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  put (fixture->serial, "login: h\303\251 \342\202\254\r\n",
       strlen ("login: h\303\251 \342\202\254\r\n"));
  wait_until (shows (INN_TERMINAL (terminal), "login: h\303\251 \342\202\254"));
  take_picture (fixture->stage.window, "serial");

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

/* A line is opened once, again when it is cut off, and says so when that cannot be. */
static void
test_cut_off (Fixture *fixture, gconstpointer data)
{
  GtkWidget *terminal;

  terminal = run (fixture, g_variant_new_parsed ("[('serial0', 'serial')]"));
  inn_screens_refresh (INN_SCREENS (gtk_widget_get_ancestor (terminal, INN_TYPE_SCREENS)));
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  iterate ();
  g_assert_cmpuint (fake_helper_count_calls (fixture->stage.fake, "OpenSerial"), ==, 1);

  g_assert_cmpint (shutdown (fixture->serial, SHUT_RDWR), ==, 0);
  wait_until (fake_helper_count_calls (fixture->stage.fake, "OpenSerial") == 2);
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  put (fixture->serial, "here again", 10);
  wait_until (shows (INN_TERMINAL (terminal), "here again"));

  fixture->refuse = TRUE;
  g_assert_cmpint (shutdown (fixture->serial, SHUT_RDWR), ==, 0);
  wait_until (find_shown (fixture->view, GTK_TYPE_LABEL, "Eight people look at it."));
  g_assert_nonnull (find_shown (fixture->view, GTK_TYPE_LABEL, "The text line is not connected"));
  fixture->refuse = FALSE;
  g_signal_emit_by_name (find_shown (fixture->view, GTK_TYPE_BUTTON, "_Connect Again"), "clicked");
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  wait_until (find_shown (fixture->view, GTK_TYPE_BUTTON, "_Connect Again") == NULL);
}

/* What a line has said is searched from its end upwards. */
static void
test_find (Fixture *fixture, gconstpointer data)
{
  static const char said[] = "one Apple\r\ntwo (apples)\r\nthree h\303\251\r\n";
  GtkWidget *terminal, *entry;
  VteTerminal *vte;

  terminal = run (fixture, g_variant_new_parsed ("[('serial0', 'serial')]"));
  vte = inn_terminal_get_vte (INN_TERMINAL (terminal));
  wait_until (inn_terminal_is_open (INN_TERMINAL (terminal)));
  put (fixture->serial, said, strlen (said));
  wait_until (shows (INN_TERMINAL (terminal), "three h\303\251"));

  g_assert_null (find_shown (terminal, GTK_TYPE_SEARCH_ENTRY, NULL));
  gtk_widget_activate_action (terminal, "terminal.find", NULL);
  wait_until ((entry = find_shown (terminal, GTK_TYPE_SEARCH_ENTRY, NULL)) != NULL);
  g_assert_nonnull (gtk_window_get_focus (GTK_WINDOW (fixture->stage.window)));
  for (guint i = 0; i < 3; i++)
    {
      /* Capitals are found by small letters; what means something in a pattern is itself. */
      static const char *const texts[] = { "apple", "(Apple", "(apple" };

      gtk_editable_set_text (GTK_EDITABLE (entry), texts[i]);
      if (i == 1)
        {
          wait_until (find_shown (terminal, GTK_TYPE_LABEL, "Not found") != NULL);
          g_assert_false (vte_terminal_get_has_selection (vte));
          continue;
        }
      wait_until (vte_terminal_get_has_selection (vte));
      g_assert_null (find_shown (terminal, GTK_TYPE_LABEL, "Not found"));
    }
  gtk_editable_set_text (GTK_EDITABLE (entry), "apple");
  wait_until (vte_terminal_get_has_selection (vte));
  take_picture (fixture->stage.window, "find");
  gtk_editable_set_text (GTK_EDITABLE (entry), "H\303\251");
  wait_until (find_shown (terminal, GTK_TYPE_LABEL, "Not found") != NULL);
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  wait_until (find_shown (terminal, GTK_TYPE_LABEL, "Not found") == NULL);
  g_signal_emit_by_name (entry, "stop-search");
  wait_until (find_shown (terminal, GTK_TYPE_SEARCH_ENTRY, NULL) == NULL);
  wait_until (gtk_widget_has_focus (GTK_WIDGET (vte)));
}

int
main (int argc, char **argv)
{
#define ADD(name, function) g_test_add ("/lines/" name, Fixture, NULL, set_up, function, tear_down)

  stage_init (&argc, &argv);
  ADD ("serial", test_serial);
  ADD ("cut-off", test_cut_off);
  ADD ("find", test_find);
  return stage_run ();
}
