/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Talks with a guest's agent that says what none would. */
#include "core/vmh-limits.h"
#include "qemu/vmh-agent-info.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

typedef struct
{
  int peer; /* the agent's end */
  guint source;
  GString *asked;                           /* that the agent has not answered yet */
  char *(*answer) (const char *, gpointer); /* to one line; NULL: nothing */
  gpointer data;
  guint n; /* lines heard */
  gboolean over;
  GPtrArray *answers;
  GError *error;
} Fixture;

static void
say (Fixture *f, const char *bytes, gsize length)
{
  while (length > 0)
    {
      ssize_t n = send (f->peer, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n < 0 && errno == EPIPE)
        return;
      if (n < 0)
        {
          g_main_context_iteration (NULL, TRUE);
          if (f->over)
            return;
          continue;
        }
      bytes += n;
      length -= (gsize)n;
    }
}

static gint64
find_number (const char *line)
{
  const char *at = strstr (line, "\"id\": ");

  return at ? g_ascii_strtoll (at + 6, NULL, 10) : -1;
}

/* As a good one answers what wakes it. */
static char *
dup_awake (const char *line)
{
  return g_strdup_printf ("\xff{\"return\": %" G_GINT64_FORMAT "}\n", find_number (line));
}

static gboolean
on_asked (int fd, GIOCondition condition, gpointer data)
{
  Fixture *f = data;
  char buffer[4096];
  ssize_t n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
  char *end;

  if (n <= 0)
    {
      f->source = 0;
      return G_SOURCE_REMOVE;
    }
  g_string_append_len (f->asked, buffer, n);
  while ((end = memchr (f->asked->str, '\n', f->asked->len)))
    {
      g_autofree char *line = g_strndup (f->asked->str, (gsize)(end - f->asked->str));
      g_autofree char *answer = NULL;

      g_string_erase (f->asked, 0, end + 1 - f->asked->str);
      f->n++;
      answer = f->answer (line, f->data);
      if (answer)
        say (f, answer, strlen (answer));
    }
  return G_SOURCE_CONTINUE;
}

static void
on_talked (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  f->answers = vmh_agent_ask_finish (result, &f->error);
  f->over = TRUE;
}

static void
talk (Fixture *f, GPtrArray *commands)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  f->peer = fds[0];
  f->asked = g_string_new (NULL);
  f->source = g_unix_fd_add (f->peer, G_IO_IN | G_IO_HUP, on_asked, f);
  vmh_agent_talk_async (fds[1], commands, on_talked, f);
  while (!f->over)
    g_main_context_iteration (NULL, TRUE);
}

static void
end (Fixture *f)
{
  g_clear_handle_id (&f->source, g_source_remove);
  vmh_clear_fd (&f->peer);
  g_string_free (f->asked, TRUE);
  g_clear_pointer (&f->answers, g_ptr_array_unref);
  g_clear_error (&f->error);
}

static GVariant *
info_of (Fixture *f)
{
  talk (f, vmh_agent_info_list ());
  g_assert_no_error (f->error);
  return g_variant_ref_sink (vmh_agent_info_build (f->answers));
}

/* What wakes it is answered well; then each line by what the test has. */
static char *
answer_all (const char *line, gpointer text)
{
  return strstr (line, "guest-sync") ? dup_awake (line) : g_strdup (text);
}

static char *
answer_good (const char *line, gpointer data)
{
  static const char *const answers[][2] = {
    { "guest-info", "{\"version\": \"9.2\"}" },
    { "guest-get-host-name", "{\"host-name\": \"a \\u202e\\u0007b<b>\\nc\"}" },
    { "guest-get-osinfo", "{\"id\": \"x\", \"name\": \"X\", \"version-id\": 7}" },
    { "guest-get-users", "[{\"user\": \"ann\", \"login-time\": 12.5}, {\"user\": 3}, 7, "
                         "{\"user\": \"eve\", \"login-time\": 1e300}]" },
    { "guest-network-get-interfaces",
      "[{\"name\": \"eth0\", \"hardware-address\": \"52:54:00:00:00:01\", \"ip-addresses\": "
      "[{\"ip-address\": \"192.0.2.7\", \"prefix\": 24}, {\"ip-address\": \"no\", \"prefix\": 1}, "
      "{\"ip-address\": \"2001:db8::1\", \"prefix\": 4000000000}, 4]}]" },
    { "guest-get-fsinfo", "[{\"mountpoint\": \"/\", \"type\": \"ext4\", \"used-bytes\": 5, "
                          "\"total-bytes\": 9}, {\"mountpoint\": \"/x\", \"type\": [], "
                          "\"used-bytes\": 99, \"total-bytes\": -1}]" },
  };

  if (strstr (line, "guest-sync"))
    return dup_awake (line);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    if (strstr (line, answers[i][0]))
      return g_strdup_printf ("{\"return\": %s}\n", answers[i][1]);
  return g_strdup ("{\"error\": {\"desc\": \"no\"}}\n");
}

static void
test_told (void)
{
  Fixture f = { .answer = answer_good };
  g_autoptr (GVariant) info = info_of (&f);
  g_autoptr (GVariant) wanted = g_variant_ref_sink (g_variant_new_parsed (
      "{'present': <true>, 'version': <'9.2'>, 'hostname': <'a   b<b> c'>, 'os-id': <'x'>, "
      "'os-name': <'X'>, 'users': <@a(st) [('ann', 12500000), ('eve', 0)]>, 'cards': <[('eth0', "
      "'52:54:00:00:00:01', ['192.0.2.7/24', '2001:db8::1'])]>, 'disks': <@a(sstt) [('/', 'ext4', "
      "5, 9), ('/x', '', 0, 0)]>}"));
  g_autofree char *text = g_variant_print (info, FALSE);

  if (!g_variant_equal (info, wanted))
    g_error ("%s", text);
  end (&f);
}

/* Nothing that is refused, or of another shape, is told. */
static void
test_shapes (void)
{
  static const char *const answers[] = {
    "{\"return\": 7}\n",
    "{\"return\": null}\n",
    "{\"return\": {\"version\": {}, \"host-name\": [], \"pretty-name\": 5}}\n",
    "{\"return\": [[], 3, null, {\"user\": {}}, {\"name\": 1}, {\"mountpoint\": \"\"}]}\n",
    "{\"return\": \"text\"}\n",
    "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}\n",
    "{\"error\": {}}\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      Fixture f = { .answer = answer_all, .data = (gpointer)answers[i] };
      g_autoptr (GVariant) info = info_of (&f);
      GVariantIter iter;
      const char *key;
      GVariant *value;

      g_variant_iter_init (&iter, info);
      while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
        {
          g_assert_true (g_str_equal (key, "present") || g_variant_n_children (value) == 0);
          g_variant_unref (value);
        }
      end (&f);
    }
}

static void
test_refused (void)
{
  static const char *const answers[] = {
    "no JSON\n",
    "{}\n",
    "[]\n",
    "{\"error\": 4}\n",
    "{\"return\": \"\\ud800\"}\n",
    "\n",
    "{\"return\"\n",
    "{\"return\": \"\xfe\xff\"}\n",
  };
  g_autoptr (GString) deep = g_string_new ("{\"return\": ");

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      Fixture f = { .answer = answer_all, .data = (gpointer)answers[i] };

      talk (&f, vmh_agent_info_list ());
      g_assert_error (f.error, INN_ERROR, INN_ERROR_GUEST);
      end (&f);
    }
  for (guint i = 0; i < 100000; i++)
    g_string_append_c (deep, '[');
  g_string_append_c (deep, '\n');
  {
    Fixture f = { .answer = answer_all, .data = deep->str };

    talk (&f, vmh_agent_info_list ());
    g_assert_error (f.error, INN_ERROR, INN_ERROR_GUEST);
    end (&f);
  }
}

static char *
answer_endless (const char *line, gpointer data)
{
  g_autofree char *awake = data ? dup_awake (line) : g_strdup ("");
  g_autofree char *much = g_strnfill (4 << 20, data ? 'x' : ' ');

  return g_strconcat (awake, much, NULL);
}

/* Before it has woken up, and in an answer: a line without end ends the talk. */
static void
test_endless (void)
{
  for (guint i = 0; i < 2; i++)
    {
      Fixture f = { .answer = answer_endless, .data = GUINT_TO_POINTER (i) };

      talk (&f, vmh_agent_info_list ());
      g_assert_error (f.error, INN_ERROR, INN_ERROR_GUEST);
      end (&f);
    }
}

/* Rows without number: as many as fit an answer are read, and the first are told. */
static void
test_many (void)
{
  g_autoptr (GString) text = g_string_new ("{\"return\": [");
  g_autoptr (GVariant) info = NULL;
  g_autoptr (GVariant) disks = NULL;
  g_autofree char *name = g_strnfill (2000, 'n');

  g_string_append_printf (text, "{\"mountpoint\": \"%s\"}", name);
  while (text->len < VMH_AGENT_MAX_ANSWER - 100)
    g_string_append (text, ",{\"mountpoint\":\"/\"}");
  g_string_append (text, "]}\n");
  {
    Fixture f = { .answer = answer_all, .data = text->str };
    const char *first;

    talk (&f, vmh_agent_info_list ());
    /* Six of them are more than a talk may take. */
    g_assert_error (f.error, INN_ERROR, INN_ERROR_GUEST);
    g_assert_cmpuint (f.n, <, 7);
    end (&f);
    {
      g_autoptr (GPtrArray) answers = g_ptr_array_new ();
      g_autoptr (JsonNode) node = json_from_string (text->str, NULL);

      g_ptr_array_set_size (answers, 5);
      g_ptr_array_add (answers, node);
      info = g_variant_ref_sink (vmh_agent_info_build (answers));
    }
    disks = g_variant_lookup_value (info, "disks", G_VARIANT_TYPE ("a(sstt)"));
    g_assert_cmpuint (g_variant_n_children (disks), ==, VMH_AGENT_MAX_ROWS);
    g_variant_get_child (disks, 0, "(&s&stt)", &first, NULL, NULL, NULL);
    g_assert_cmpuint (strlen (first), <=, VMH_AGENT_MAX_TEXT);
  }
}

static char *
answer_wrong_first (const char *line, gpointer data)
{
  g_autofree char *awake = dup_awake (line);

  if (!strstr (line, "guest-sync"))
    return g_strdup ("{\"return\": {}}\n");
  /* Of who asked before, and of nobody. */
  return g_strconcat ("{\"error\": {\"desc\": \"JSON\"}}\n", "\xff{\"return\": 5}\n",
                      "\xff\xff{\"return\": \"x\"}\n", "{\"return\": {}}\n", awake, NULL);
}

/* What others were to be answered is no answer to us. */
static void
test_stale (void)
{
  Fixture f = { .answer = answer_wrong_first };
  g_autoptr (GVariant) info = info_of (&f);

  g_assert_cmpuint (f.n, ==, 7);
  end (&f);
}

static char *
answer_nothing (const char *line, gpointer data)
{
  return data && strstr (line, "guest-sync") ? dup_awake (line) : NULL;
}

/* Silent from the beginning, or later: it ends by itself; one that is to be silent has done it. */
static void
test_silent (void)
{
  Fixture f = { .answer = answer_nothing };
  Fixture later = { .answer = answer_nothing, .data = &later };
  Fixture done = { .answer = answer_nothing, .data = &done };

  talk (&f, vmh_agent_info_list ());
  g_assert_error (f.error, INN_ERROR, INN_ERROR_GUEST);
  g_assert_cmpuint (f.n, ==, 1);
  end (&f);
  talk (&later, vmh_agent_trim ());
  g_assert_error (later.error, INN_ERROR, INN_ERROR_GUEST);
  end (&later);
  talk (&done, vmh_agent_power_off ());
  g_assert_no_error (done.error);
  g_assert_null (done.answers->pdata[0]);
  end (&done);
}

static char *
answer_password (const char *line, gpointer data)
{
  if (strstr (line, "guest-sync"))
    return dup_awake (line);
  *(char **)data = g_strdup (line);
  return g_strdup ("{\"error\": {\"desc\": \"chpasswd:\\nno such \\u001b[31muser\"}}\n");
}

/* What is given goes as it is, whatever quotes it has; its refusal is told in words that can be
 * shown. */
static void
test_password (void)
{
  g_autofree char *line = NULL;
  Fixture f = { .answer = answer_password, .data = &line };
  g_autoptr (GError) error = NULL;

  talk (&f, vmh_agent_set_password ("o\"}, \"x", "\" pass\\"));
  g_assert_cmpstr (line, ==,
                   "{\"execute\": \"guest-set-user-password\", \"arguments\": {\"crypted\": false, "
                   "\"username\": \"o\\\"}, \\\"x\", \"password\": \"IiBwYXNzXA==\"}}");
  g_assert_false (vmh_agent_check (f.answers->pdata[0], &error));
  g_assert_nonnull (strstr (error->message, "chpasswd: no such  [31muser"));
  end (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent/told", test_told);
  g_test_add_func ("/agent/shapes", test_shapes);
  g_test_add_func ("/agent/refused", test_refused);
  g_test_add_func ("/agent/endless", test_endless);
  g_test_add_func ("/agent/many", test_many);
  g_test_add_func ("/agent/stale", test_stale);
  g_test_add_func ("/agent/silent", test_silent);
  g_test_add_func ("/agent/password", test_password);
  return g_test_run ();
}
