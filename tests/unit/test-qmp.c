/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The QMP client against a peer that says what no QEMU would, and against a real QEMU. */
#include "qemu/vmh-fd.h"
#include "qemu/vmh-qmp-measure.h"
#include "qemu/vmh-qmp-wire.h"
#include "qemu/vmh-qmp.h"
#include "shared/inn-errors.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

typedef struct
{
  int peer; /* the fake QEMU's end, blocking */
  VmhQmp *qmp;
  GError *closed;
  GString *events;
  JsonNode *reply; /* of the last call that ended */
  GError *error;
  guint ended;
} Fixture;

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  g_clear_error (&f->error);
  f->qmp = vmh_qmp_open_finish (result, &f->error);
  f->ended++;
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  g_clear_error (&f->error);
  g_clear_pointer (&f->reply, json_node_unref);
  f->reply = vmh_qmp_call_finish (VMH_QMP (source), result, &f->error);
  f->ended++;
}

static void
on_closed (VmhQmp *qmp, const GError *error, gpointer data)
{
  Fixture *f = data;

  g_assert_null (f->closed);
  f->closed = g_error_copy (error);
}

static void
on_event (VmhQmp *qmp, const char *name, JsonObject *data, gint64 micros, gpointer user_data)
{
  Fixture *f = user_data;

  g_string_append_printf (f->events, "%s/%u@%" G_GINT64_FORMAT ";", name,
                          json_object_get_size (data), micros);
}

static void
run_until (guint *counter, guint value)
{
  while (*counter < value)
    g_main_context_iteration (NULL, TRUE);
}

static void
run_until_closed (Fixture *f)
{
  while (!f->closed)
    g_main_context_iteration (NULL, TRUE);
}

static void
say (Fixture *f, const char *text)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      ssize_t n = send (f->peer, text + strlen (text) - left, left, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n > 0)
        left -= (gsize)n;
      else if (errno == EPIPE || errno == ECONNRESET)
        return; /* the client has had enough, which is what some cases are about */
      else
        g_main_context_iteration (NULL, FALSE);
    }
}

/* The client's next line; what it waits for is told by the test. */
static char *
hear (Fixture *f)
{
  GString *line = g_string_new (NULL);
  char c;

  while (recv (f->peer, &c, 1, 0) == 1 && c != '\n')
    g_string_append_c (line, c);
  return g_string_free (line, FALSE);
}

static void
setup_closed (Fixture *f, gconstpointer data)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  f->peer = fds[0];
  f->events = g_string_new (NULL);
  vmh_qmp_open_async (fds[1], NULL, on_opened, f);
}

static void
setup (Fixture *f, gconstpointer data)
{
  g_autofree char *line = NULL;

  setup_closed (f, data);
  say (f, GREETING);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  line = hear (f);
  g_assert_cmpstr (line, ==, "{\"execute\":\"qmp_capabilities\",\"id\":0}");
  say (f, "{\"return\": {}, \"id\": 0}\r\n");
  run_until (&f->ended, 1);
  g_assert_no_error (f->error);
  g_signal_connect (f->qmp, "closed", G_CALLBACK (on_closed), f);
  g_signal_connect (f->qmp, "event", G_CALLBACK (on_event), f);
}

static void
teardown (Fixture *f, gconstpointer data)
{
  if (f->qmp)
    {
      vmh_qmp_close (f->qmp);
      g_assert_finalize_object (f->qmp);
    }
  vmh_clear_fd (&f->peer);
  g_clear_error (&f->closed);
  g_clear_error (&f->error);
  g_clear_pointer (&f->reply, json_node_unref);
  g_string_free (f->events, TRUE);
}

static void
call (Fixture *f, const char *command, guint timeout_ms, GCancellable *cancellable)
{
  vmh_qmp_call_async (f->qmp, command, NULL, -1, timeout_ms, cancellable, on_called, f);
}

static void
test_reply (Fixture *f, gconstpointer data)
{
  call (f, "query-status", 5000, NULL);
  /* In three pieces, with an event and an empty line in between. */
  say (
      f,
      "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 3, \"microseconds\": 14}}\r\n\r\n{\"ret");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  say (f, "urn\": {\"status\": \"pa,\\\"{[\"}, \"id\"");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  say (f, ": 1}\r\n");
  run_until (&f->ended, 2);
  g_assert_no_error (f->error);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (f->reply), "status"), ==,
                   "pa,\"{[");
  g_assert_cmpstr (f->events->str, ==, "STOP/0@3000014;");
}

static void
test_out_of_order (Fixture *f, gconstpointer data)
{
  call (f, "a", 5000, NULL);
  call (f, "b", 5000, NULL);
  say (f, "{\"return\": 2, \"id\": 2}\r\n");
  run_until (&f->ended, 2);
  g_assert_cmpint (json_node_get_int (f->reply), ==, 2);
  say (f, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"No such %s\"}, \"id\": 1}\r\n");
  run_until (&f->ended, 3);
  g_assert_error (f->error, INN_ERROR, INN_ERROR_QEMU);
  g_assert_nonnull (strstr (f->error->message, "No such %s"));
}

static void
test_timeout (Fixture *f, gconstpointer data)
{
  call (f, "a", 30, NULL);
  run_until (&f->ended, 2);
  g_assert_error (f->error, INN_ERROR, INN_ERROR_TIMEOUT);
  /* The late answer harms nobody. */
  say (f, "{\"return\": 1, \"id\": 1}\r\n");
  call (f, "b", 5000, NULL);
  say (f, "{\"return\": 2, \"id\": 2}\r\n");
  run_until (&f->ended, 3);
  g_assert_no_error (f->error);
  g_assert_null (f->closed);
}

static void
test_escapes (Fixture *f, gconstpointer data)
{
  call (f, "a", 5000, NULL);
  say (f, "{\"return\": \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\ude00\", \"id\": 1}\r\n");
  run_until (&f->ended, 2);
  g_assert_no_error (f->error);
  g_assert_cmpstr (json_node_get_string (f->reply), ==, "\"\\/\b\f\n\r\tä😀");
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  call (f, "a", 5000, cancellable);
  g_cancellable_cancel (cancellable);
  run_until (&f->ended, 2);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  call (f, "b", 5000, cancellable);
  run_until (&f->ended, 3);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_hostile (Fixture *f, gconstpointer data)
{
  call (f, "a", 5000, NULL);
  say (f, data);
  run_until_closed (f);
  run_until (&f->ended, 2);
  g_assert_error (f->error, INN_ERROR, INN_ERROR_QEMU);
  g_assert_error (f->closed, INN_ERROR, INN_ERROR_QEMU);
  call (f, "b", 5000, NULL);
  run_until (&f->ended, 3);
  g_assert_error (f->error, INN_ERROR, INN_ERROR_QEMU);
}

static void
test_endless_line (Fixture *f, gconstpointer data)
{
  g_autofree char *chunk = g_strnfill (64 * 1024, data ? '[' : 'x');

  call (f, "a", 5000, NULL);
  for (int i = 0; i < 32 && !f->closed; i++)
    say (f, chunk);
  run_until_closed (f);
  run_until (&f->ended, 2);
  g_assert_error (f->error, INN_ERROR, INN_ERROR_QEMU);
}

static void
test_largest (Fixture *f, gconstpointer data)
{
  g_autofree char *fill = g_strnfill (VMH_QMP_MAX_MESSAGE - 64, 'y');
  g_autofree char *line = g_strdup_printf ("{\"return\": \"%s\", \"id\": 1}\r\n", fill);

  call (f, "a", 5000, NULL);
  say (f, line);
  run_until (&f->ended, 2);
  g_assert_no_error (f->error);
  g_assert_cmpuint (strlen (json_node_get_string (f->reply)), ==, VMH_QMP_MAX_MESSAGE - 64);
}

static void
test_deep (Fixture *f, gconstpointer data)
{
  g_autofree char *open = g_strnfill (VMH_QMP_MAX_DEPTH - 1, '[');
  g_autofree char *shut = g_strnfill (VMH_QMP_MAX_DEPTH - 1, ']');
  g_autofree char *fits = g_strdup_printf ("{\"return\": %s%s, \"id\": 1}\r\n", open, shut);
  g_autofree char *deep = g_strdup_printf ("{\"return\": [%s%s], \"id\": 2}\r\n", open, shut);

  call (f, "a", 5000, NULL);
  say (f, fits);
  run_until (&f->ended, 2);
  g_assert_no_error (f->error);
  call (f, "b", 5000, NULL);
  say (f, deep);
  run_until_closed (f);
}

static void
test_early_eof (Fixture *f, gconstpointer data)
{
  if (data)
    say (f, data);
  vmh_clear_fd (&f->peer);
  run_until (&f->ended, 1);
  g_assert_error (f->error, INN_ERROR, INN_ERROR_QEMU);
  g_assert_null (f->qmp);
}

static void
test_full_queue (Fixture *f, gconstpointer data)
{
  guint refused = 0;

  /* Nobody reads: neither the socket nor our queue may grow for ever. */
  for (guint i = 0; i < 300; i++)
    call (f, "a", 60000, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  refused = f->ended - 1;
  g_assert_cmpuint (refused, ==, 300 - 256);
  g_assert_error (f->error, INN_ERROR, INN_ERROR_QEMU);
  vmh_qmp_close (f->qmp);
  run_until (&f->ended, 301);
}

static void
test_pass_fd (Fixture *f, gconstpointer data)
{
  char buffer[4096];
  union
  {
    struct cmsghdr align;
    char space[CMSG_SPACE (sizeof (int) * 4)];
  } control;
  struct iovec part = { buffer, sizeof buffer };
  struct msghdr message = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space };
  VMH_AUTOFD fd = open ("/dev/zero", O_RDONLY | O_CLOEXEC);
  VMH_AUTOFD got = -1;
  struct stat a, b;

  vmh_qmp_call_async (f->qmp, "getfd", NULL, fd, 5000, NULL, on_called, f);
  g_assert_cmpint (recvmsg (f->peer, &message, MSG_CMSG_CLOEXEC), >, 0);
  g_assert_nonnull (CMSG_FIRSTHDR (&message));
  g_assert_cmpuint (CMSG_FIRSTHDR (&message)->cmsg_len, ==, CMSG_LEN (sizeof (int)));
  memcpy (&got, CMSG_DATA (CMSG_FIRSTHDR (&message)), sizeof (int));
  g_assert_cmpint (fstat (fd, &a), ==, 0);
  g_assert_cmpint (fstat (got, &b), ==, 0);
  g_assert_cmpuint (a.st_rdev, ==, b.st_rdev);
  say (f, "{\"return\": {}, \"id\": 1}\r\n");
  run_until (&f->ended, 2);
  g_assert_no_error (f->error);
}

static void
test_members (void)
{
  g_autoptr (GError) error = NULL;
  const char *line = "{\"s\": \"t\", \"i\": 7, \"b\": true, \"n\": null, \"o\": {}, \"a\": [], "
                     "\"d\": 1.5}";
  g_autoptr (JsonNode) node = vmh_qmp_wire_parse (line, strlen (line), &error);
  static const char *const names[] = { "s", "i", "b", "n", "o", "a", "d", "none" };
  JsonObject *object;

  g_assert_no_error (error);
  object = json_node_get_object (node);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_cmpstr (vmh_qmp_string (object, names[i]), ==, i == 0 ? "t" : "");
      g_assert_cmpint (vmh_qmp_int (object, names[i], -3), ==, i == 1 ? 7 : -3);
      g_assert_cmpint (vmh_qmp_flag (object, names[i]), ==, i == 2);
    }
}

/* What a fake peer is worth is told by the real one. */
static void
test_real (Fixture *f, gconstpointer data)
{
  g_autofree char *qemu = g_find_program_in_path ("qemu-system-x86_64");
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  VMH_AUTOFD fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  JsonObject *arguments = json_object_new ();
  int fds[2];

  if (!qemu)
    {
      json_object_unref (arguments);
      g_test_skip ("qemu-system-x86_64 is not installed");
      return;
    }
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  g_subprocess_launcher_take_fd (launcher, fds[0], 3);
  process = g_subprocess_launcher_spawn (
      launcher, &error, qemu, "-nodefaults", "-no-user-config", "-machine", "none", "-display",
      "none", "-chardev", "socket,id=q,fd=3", "-mon", "chardev=q,mode=control", NULL);
  g_assert_no_error (error);
  g_clear_object (&launcher); /* its end of the pair */
  f->peer = -1;
  f->events = g_string_new (NULL);
  vmh_qmp_open_async (fds[1], NULL, on_opened, f);
  run_until (&f->ended, 1);
  g_assert_no_error (f->error);
  g_signal_connect (f->qmp, "event", G_CALLBACK (on_event), f);
  json_object_set_string_member (arguments, "fdname", "a,b\"c");
  vmh_qmp_call_async (f->qmp, "getfd", arguments, fd, 5000, NULL, on_called, f);
  run_until (&f->ended, 2);
  g_assert_no_error (f->error);
  call (f, "qom-list-types", 5000, NULL);
  run_until (&f->ended, 3);
  g_assert_no_error (f->error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (f->reply)), >, 100);
  call (f, "no-such-command", 5000, NULL);
  run_until (&f->ended, 4);
  g_assert_error (f->error, INN_ERROR, INN_ERROR_QEMU);
  g_signal_connect (f->qmp, "closed", G_CALLBACK (on_closed), f);
  call (f, "quit", 5000, NULL);
  run_until_closed (f);
  g_assert_true (g_subprocess_wait (process, NULL, &error));
  g_assert_true (g_str_has_prefix (f->events->str, "SHUTDOWN/2@"));
}

/* A guest can make QEMU tell of very many things: that costs nobody else, and nothing is lost. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  const guint n_events = 4000; /* twice what may come at once */
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GString) text = g_string_new (NULL);
  gsize at = 0;

  for (guint i = 0; i < n_events; i++)
    g_string_append (text, "{\"event\": \"E\"}\n");
  g_string_append (text, "{\"event\": \"LAST\"}\n");
  while (at < text->len)
    {
      ssize_t n = send (f->peer, text->str + at, text->len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n > 0)
        at += (gsize)n;
      else
        g_main_context_iteration (NULL, TRUE);
    }
  while (!strstr (f->events->str, "LAST"))
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (f->closed);
  g_assert_cmpuint (f->events->len, ==, n_events * strlen ("E/0@0;") + strlen ("LAST/0@0;"));
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 800000);
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer data)
{
  *(VmhQmpMeasures **)data = vmh_qmp_measure_finish (VMH_QMP (source), result);
}

/* Values that no QEMU has, of types that none has: what can be is taken, the rest left out, and
 * what is never answered is done without. */
static void
test_measure (Fixture *f, gconstpointer data)
{
  static const char *const answers[] = {
    "{\"base-memory\": -5}",
    "[7, {\"data\": []}, {\"data\": {\"id\": \"memory\", \"size\": 1e300, \"max-size\": 4}}]",
    "[]",
    "{\"last-update\": 5, \"stats\": {\"stat-total-memory\": -1, \"stat-free-memory\": \"x\","
    " \"stat-disk-caches\": 12}}",
    "[null, {\"cpu-index\": -1, \"thread-id\": 5}, {\"cpu-index\": 0, \"thread-id\": 0},"
    " {\"cpu-index\": 1, \"thread-id\": 99999999999}, {\"cpu-index\": 1000000, \"thread-id\": 5},"
    " {\"cpu-index\": 2, \"thread-id\": 5}]",
    NULL, /* the disks' */
  };
  g_autoptr (VmhQmpMeasures) measures = NULL;
  VmhQmpVcpu *vcpu;

  vmh_qmp_measure_async (f->qmp, on_measured, &measures);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    if (answers[i])
      {
        g_autofree char *answer =
            g_strdup_printf ("{\"return\": %s, \"id\": %u}\r\n", answers[i], i + 1);

        say (f, answer);
      }
  while (!measures)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (measures->memory.first, ==, 0);
  g_assert_cmpuint (measures->memory.plugged, ==, 0);
  g_assert_cmpuint (measures->memory.most, ==, 4);
  g_assert_cmpuint (measures->memory.balloon, ==, 0);
  g_assert_cmpuint (measures->guest_total, ==, 0);
  g_assert_cmpuint (measures->guest_free, ==, 0);
  g_assert_cmpuint (measures->guest_caches, ==, 12);
  g_assert_cmpuint (measures->vcpus->len, ==, 1);
  vcpu = &g_array_index (measures->vcpus, VmhQmpVcpu, 0);
  g_assert_cmpuint (vcpu->index, ==, 2);
  g_assert_cmpint (vcpu->thread, ==, 5);
  g_assert_cmpuint (measures->drives->len, ==, 0);
  g_assert_null (f->closed);
}

#define ADD(name, data, set, func) g_test_add ("/qmp/" name, Fixture, data, set, func, teardown)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("reply", NULL, setup, test_reply);
  ADD ("out-of-order", NULL, setup, test_out_of_order);
  ADD ("timeout", NULL, setup, test_timeout);
  ADD ("escapes", NULL, setup, test_escapes);
  ADD ("cancel", NULL, setup, test_cancel);
  ADD ("hostile/wrong-id", "{\"return\": {}, \"id\": 7}\n", setup, test_hostile);
  ADD ("hostile/negative-id", "{\"return\": {}, \"id\": -1}\n", setup, test_hostile);
  ADD ("hostile/text-id", "{\"return\": {}, \"id\": \"1\"}\n", setup, test_hostile);
  ADD ("hostile/no-id", "{\"error\": {\"desc\": \"JSON parse error\"}}\n", setup, test_hostile);
  ADD ("hostile/no-json", "HTTP/1.1 200 OK\r\n", setup, test_hostile);
  ADD ("hostile/no-object", "[1, 2]\n", setup, test_hostile);
  ADD ("hostile/neither", "{\"id\": 1}\n", setup, test_hostile);
  ADD ("hostile/event-type", "{\"event\": {}}\n", setup, test_hostile);
  ADD ("hostile/error-type", "{\"error\": 1, \"id\": 1}\n", setup, test_hostile);
  ADD ("hostile/utf8", "{\"return\": \"\xff\", \"id\": 1}\n", setup, test_hostile);
  ADD ("hostile/greeting", GREETING, setup, test_hostile);
  ADD ("hostile/quotes", "{'return': '\"', 'id': 1}\n", setup, test_hostile);
  ADD ("hostile/comment", "/* \" */ {\"return\": 1, \"id\": 1}\n", setup, test_hostile);
  /* What json-glib takes, but loses all but the last of. */
  ADD ("hostile/two-values", "{\"return\": {}, \"id\": 1} {\"return\": {}, \"id\": 1}\n", setup,
       test_hostile);
  /* What json-glib refuses, too, but loses. */
  ADD ("hostile/half-pair", "{\"return\": \"long enough to be noticed \\ud800\", \"id\": 1}\n",
       setup, test_hostile);
  ADD ("hostile/other-half", "{\"return\": \"\\udc00\\ud800\", \"id\": 1}\n", setup, test_hostile);
  ADD ("hostile/escape", "{\"return\": \"\\x41\", \"id\": 1}\n", setup, test_hostile);
  ADD ("hostile/open-string", "{\"return\": \"\\\"}\n", setup, test_hostile);
  ADD ("endless-line", NULL, setup, test_endless_line);
  ADD ("endless-depth", "", setup, test_endless_line);
  ADD ("largest", NULL, setup, test_largest);
  ADD ("deep", NULL, setup, test_deep);
  ADD ("measure", NULL, setup, test_measure);
  ADD ("early-eof/silent", NULL, setup_closed, test_early_eof);
  ADD ("early-eof/half", "{\"QMP\"", setup_closed, test_early_eof);
  ADD ("early-eof/greeted", GREETING, setup_closed, test_early_eof);
  ADD ("full-queue", NULL, setup, test_full_queue);
  ADD ("pass-fd", NULL, setup, test_pass_fd);
  ADD ("flood", NULL, setup, test_flood);
  g_test_add_func ("/qmp/members", test_members);
  g_test_add ("/qmp/real", Fixture, NULL, NULL, test_real, teardown);
  return g_test_run ();
}
