/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-agent.h"

#include "core/vmh-limits.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-qemu-private.h"
#include "qemu/vmh-qmp-wire.h"
#include "qemu/vmh-runtime.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_CHUNK     16384
#define READS_PER_TURN 4
#define MARK           0xff        /* the agent says it before it answers guest-sync-delimited */
#define SOCKET         "agent"     /* in the runtime folder; see vmh-dev-channel.c */
#define TALKS          "vmh-talks" /* of a VmhQemu: a GQueue of GTask; the first one talks */

typedef struct
{
  VmhQemu *qemu; /* NULL: of vmh_agent_talk_async() */
  int socket;    /* -1 while it waits for its turn */
  guint in, timeout;
  gsize heard; /* bytes of all this talk */
  gint64 number;
  gboolean marked, awake;
  GByteArray *line;
  GPtrArray *commands, *answers;
} Talk;

static void next_command (GTask *task);

VmhAgentCommand *
vmh_agent_command (const char *name, const char *arguments)
{
  VmhAgentCommand *command = g_new0 (VmhAgentCommand, 1);

  command->text =
      arguments ? g_strdup_printf ("{\"execute\": \"%s\", \"arguments\": %s}\n", name, arguments)
                : g_strdup_printf ("{\"execute\": \"%s\"}\n", name);
  return command;
}

void
vmh_agent_command_free (VmhAgentCommand *command)
{
  explicit_bzero (command->text, strlen (command->text)); /* it may hold a password */
  g_free (command->text);
  g_free (command);
}

static void
answer_free (gpointer answer)
{
  if (answer)
    json_node_unref (answer);
}

static void
talk_shut (Talk *talk)
{
  g_clear_handle_id (&talk->in, g_source_remove);
  g_clear_handle_id (&talk->timeout, g_source_remove);
  vmh_clear_fd (&talk->socket);
}

static void
talk_free (gpointer data)
{
  Talk *talk = data;

  talk_shut (talk);
  g_clear_object (&talk->qemu);
  g_clear_pointer (&talk->line, g_byte_array_unref);
  g_ptr_array_unref (talk->commands);
  g_ptr_array_unref (talk->answers);
  g_free (talk);
}

static GTask *
talk_new (GPtrArray *commands, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Talk *talk = g_new0 (Talk, 1);

  g_task_set_source_tag (task, talk_new);
  talk->socket = -1;
  talk->line = g_byte_array_new ();
  talk->commands = commands;
  talk->answers = g_ptr_array_new_with_free_func (answer_free);
  g_task_set_task_data (task, talk, talk_free);
  return task;
}

/* ---- turns ---- */

static void begin (GTask *task);

static void
queue_free (gpointer queue)
{
  g_queue_free_full (queue, g_object_unref);
}

static GQueue *
get_queue (VmhQemu *qemu)
{
  GQueue *queue = g_object_get_data (G_OBJECT (qemu), TALKS);

  if (queue)
    return queue;
  queue = g_queue_new ();
  g_object_set_data_full (G_OBJECT (qemu), TALKS, queue, queue_free);
  return queue;
}

/* Consumes @task and @error, NULL where all is well. */
static void
end_talk (GTask *task, GError *error)
{
  Talk *talk = g_task_get_task_data (task);
  g_autoptr (VmhQemu) qemu = g_steal_pointer (&talk->qemu);
  GTask *next = NULL;

  talk_shut (talk);
  if (qemu)
    {
      GQueue *queue = get_queue (qemu);

      g_queue_pop_head (queue);
      next = g_queue_peek_head (queue);
    }
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_ptr_array_ref (talk->answers),
                           (GDestroyNotify)g_ptr_array_unref);
  g_object_unref (task);
  if (next)
    begin (next);
}

static GError *
no_agent (void)
{
  return g_error_new_literal (INN_ERROR, INN_ERROR_GUEST,
                              _ ("No guest agent answers. Install qemu-guest-agent in the machine, "
                                 "or wait until its system "
                                 "has started."));
}

static GError *
bad_agent (void)
{
  return g_error_new_literal (INN_ERROR, INN_ERROR_GUEST,
                              _ ("The guest agent's answer makes no sense, or is too long."));
}

/* ---- what the agent says ---- */

static void
take_answer (GTask *task, JsonNode *answer)
{
  Talk *talk = g_task_get_task_data (task);

  g_ptr_array_add (talk->answers, answer ? json_node_ref (answer) : NULL);
  next_command (task);
}

/* What was asked before by who gave up may still come: so what is no answer to our own number is
 * thrown away. It is random, so that the guest of before cannot have said it in advance. */
static void
wake (GTask *task, JsonNode *answer)
{
  Talk *talk = g_task_get_task_data (task);

  if (!answer || vmh_qmp_int (json_node_get_object (answer), "return", -1) != talk->number)
    {
      talk->marked = FALSE;
      return;
    }
  talk->awake = TRUE;
  next_command (task);
}

/* FALSE: the talk is over. */
static gboolean
take_line (GTask *task)
{
  Talk *talk = g_task_get_task_data (task);
  g_autoptr (GByteArray) line = g_steal_pointer (&talk->line);
  g_autoptr (JsonNode) answer = NULL;
  gsize length = line->len;
  JsonObject *object;

  talk->line = g_byte_array_new ();
  while (length > 0 && g_ascii_isspace (line->data[length - 1]))
    length--;
  answer = length > 0 ? vmh_qmp_wire_parse ((const char *)line->data, length, NULL) : NULL;
  if (!talk->awake)
    {
      wake (task, answer);
      return TRUE;
    }
  object = answer ? json_node_get_object (answer) : NULL;
  if (!object || (!json_object_has_member (object, "return") && !vmh_qmp_object (object, "error")))
    {
      end_talk (task, bad_agent ());
      return FALSE;
    }
  take_answer (task, answer);
  return TRUE;
}

/* FALSE: the talk is over. */
static gboolean
take_bytes (GTask *task, const guint8 *bytes, gsize length)
{
  Talk *talk = g_task_get_task_data (task);

  talk->heard += length;
  while (length > 0)
    {
      const guint8 *end = memchr (bytes, talk->marked ? '\n' : MARK, length);
      gsize part = end ? (gsize)(end - bytes) : length;

      if (talk->marked)
        {
          if (talk->line->len + part > VMH_AGENT_MAX_ANSWER)
            {
              end_talk (task, bad_agent ());
              return FALSE;
            }
          g_byte_array_append (talk->line, bytes, (guint)part);
        }
      part += end ? 1 : 0;
      bytes += part;
      length -= part;
      if (end && !talk->marked)
        talk->marked = TRUE;
      else if (end && (!take_line (task) || talk->socket < 0))
        return FALSE;
    }
  if (talk->heard <= VMH_AGENT_MAX_TALK)
    return TRUE;
  end_talk (task, bad_agent ());
  return FALSE;
}

/* Nothing more comes: that is well where the command needs no answer. */
static void
end_silence (GTask *task)
{
  Talk *talk = g_task_get_task_data (task);
  const guint n = talk->answers->len;

  if (talk->awake && ((const VmhAgentCommand *)talk->commands->pdata[n])->silent)
    {
      g_ptr_array_add (talk->answers, NULL);
      end_talk (task, NULL);
    }
  else
    end_talk (task, no_agent ());
}

static gboolean
on_agent_says (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (GTask) task = g_object_ref (data);
  guint8 buffer[READ_CHUNK];

  for (int i = 0; i < READS_PER_TURN; i++)
    {
      ssize_t n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EAGAIN)
        break;
      if (n <= 0)
        {
          end_silence (task);
          break;
        }
      if (!take_bytes (task, buffer, (gsize)n))
        break;
    }
  return G_SOURCE_CONTINUE; /* who has removed it has done so by its id */
}

static gboolean
on_agent_late (gpointer data)
{
  GTask *task = data;
  Talk *talk = g_task_get_task_data (task);

  talk->timeout = 0;
  end_silence (task);
  return G_SOURCE_REMOVE;
}

/* ---- what it is told ---- */

/* FALSE: the talk is over. What is said is short, and goes into an empty socket. */
static gboolean
say (GTask *task, const char *text, gsize length, guint timeout_ms)
{
  Talk *talk = g_task_get_task_data (task);

  g_clear_handle_id (&talk->timeout, g_source_remove);
  if (send (talk->socket, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)length)
    {
      end_talk (task, no_agent ());
      return FALSE;
    }
  talk->timeout = g_timeout_add (timeout_ms, on_agent_late, task);
  return TRUE;
}

static void
next_command (GTask *task)
{
  Talk *talk = g_task_get_task_data (task);
  const VmhAgentCommand *command;

  if (talk->answers->len >= talk->commands->len)
    {
      end_talk (task, NULL);
      return;
    }
  command = talk->commands->pdata[talk->answers->len];
  say (task, command->text, strlen (command->text), VMH_AGENT_ANSWER_MS);
}

static void
greet (GTask *task, int socket)
{
  Talk *talk = g_task_get_task_data (task);
  g_autofree char *text = NULL;

  talk->socket = socket;
  talk->number = (gint64)g_random_int () << 16 | (g_random_int () & 0xffff);
  talk->in = g_unix_fd_add (socket, G_IO_IN | G_IO_HUP | G_IO_ERR, on_agent_says, task);
  /* The byte before it ends what the one before us may have begun to say. */
  text = g_strdup_printf ("%c{\"execute\": \"guest-sync-delimited\", \"arguments\": {\"id\": "
                          "%" G_GINT64_FORMAT "}}\n",
                          MARK, talk->number);
  say (task, text, strlen (text), VMH_AGENT_WAKE_MS);
}

static void
begin (GTask *task)
{
  Talk *talk = g_task_get_task_data (task);
  int socket = vmh_runtime_connect (talk->qemu->bundle, SOCKET, SOCK_STREAM, NULL);

  if (socket >= 0)
    greet (task, socket);
  else
    end_talk (task, no_agent ()); /* its XML has the channel lead elsewhere */
}

void
vmh_agent_talk_async (int socket, GPtrArray *commands, GAsyncReadyCallback callback, gpointer data)
{
  greet (talk_new (commands, callback, data), socket);
}

void
vmh_agent_ask_async (VmhQemu *qemu,
                     GPtrArray *commands,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  GTask *task = talk_new (commands, callback, data);
  Talk *talk = g_task_get_task_data (task);
  GQueue *queue = get_queue (qemu);

  if (queue->length >= VMH_MAX_TALKS_PER_GUEST)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_LIMIT,
                               _ ("Too many questions wait for this machine's guest agent. Try "
                                  "again later."));
      g_object_unref (task);
      return;
    }
  talk->qemu = g_object_ref (qemu);
  g_queue_push_tail (queue, task);
  if (queue->length == 1)
    begin (task);
}

GPtrArray *
vmh_agent_ask_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- what is made of it ---- */

char *
vmh_agent_dup_text (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize)strnlen (text, VMH_AGENT_MAX_TEXT));
  GString *result = g_string_new (NULL);

  for (const char *at = valid; *at; at = g_utf8_next_char (at))
    {
      const gunichar c = g_utf8_get_char (at);
      const GUnicodeType type = g_unichar_type (c);

      /* Neither new lines nor what turns the direction of what follows it. */
      if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
          type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
        g_string_append_c (result, ' ');
      else if (result->len + 6 <= VMH_AGENT_MAX_TEXT)
        g_string_append_unichar (result, c);
    }
  return g_strstrip (g_string_free (result, FALSE));
}

gboolean
vmh_agent_check (JsonNode *answer, GError **error)
{
  JsonObject *failure = answer ? vmh_qmp_object (json_node_get_object (answer), "error") : NULL;
  g_autofree char *words = failure ? vmh_agent_dup_text (vmh_qmp_string (failure, "desc")) : NULL;

  if (answer && !failure)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_GUEST, _ ("The guest agent refuses: %s"),
               words && *words ? words : _ ("it does not say why."));
  return FALSE;
}
