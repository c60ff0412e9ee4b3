/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns one QMP socket: framing, bounds, the queue of unsent bytes. A QEMU that a guest has taken
 * over may send anything here; the worst it gets is a closed connection. */
#include "qemu/vmh-qmp-wire.h"

#include "core/vmh-wire.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK     16384
#define READS_PER_TURN 16 /* then other sources get their turn, whatever QEMU sends */

/* What QEMU may send, in bytes: each message is as dear as some more of them. Beyond that it is
 * read more slowly, and nothing is lost: a guest can make QEMU tell of very many things. */
#define MESSAGE_COST   1000
#define PER_SECOND     1000000
#define AT_ONCE        (2 * PER_SECOND)
#define PAUSE_LEAST_MS 20

typedef struct
{
  GBytes *bytes;
  gsize done;
  int fd; /* goes with the first byte; -1 when sent or none */
} Chunk;

struct _VmhQmpWire
{
  gatomicrefcount refs;
  int fd;
  guint in, out, pause; /* sources */
  gint64 allowance;     /* bytes; below zero: not read before it has grown above */
  gint64 allowance_at;  /* g_get_monotonic_time() */
  GByteArray *line;
  GQueue unsent; /* Chunk */
  gsize unsent_bytes;
  VmhQmpWireFunc func; /* NULL once freed or closed */
  gpointer data;
};

static void
chunk_free (Chunk *chunk)
{
  if (chunk->fd >= 0)
    close (chunk->fd);
  g_bytes_unref (chunk->bytes);
  g_free (chunk);
}

static void
wire_shut (VmhQmpWire *wire)
{
  g_clear_handle_id (&wire->in, g_source_remove);
  g_clear_handle_id (&wire->out, g_source_remove);
  g_clear_handle_id (&wire->pause, g_source_remove);
  vmh_clear_fd (&wire->fd);
  g_queue_clear_full (&wire->unsent, (GDestroyNotify)chunk_free);
  wire->unsent_bytes = 0;
}

static void
wire_unref (VmhQmpWire *wire)
{
  if (!g_atomic_ref_count_dec (&wire->refs))
    return;
  wire_shut (wire);
  g_byte_array_unref (wire->line);
  g_free (wire);
}

static void
wire_fail (VmhQmpWire *wire, const GError *error)
{
  VmhQmpWireFunc func = g_steal_pointer (&wire->func);

  wire_shut (wire);
  if (func)
    func (NULL, error, wire->data);
}

/* Four digits, -1 where they are none. */
static int
read_unit (const char *at, const char *end)
{
  int unit = 0;

  if (end - at < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      if (!g_ascii_isxdigit (at[i]))
        return -1;
      unit = unit * 16 + g_ascii_xdigit_value (at[i]);
    }
  return unit;
}

/* Behind the escape that begins with the backslash @at; NULL where it is none that JSON has. */
static const char *
skip_escape (const char *at, const char *end)
{
  int unit;

  if (end - at < 2)
    return NULL;
  if (at[1] != 'u')
    return memchr ("\"\\/bfnrt", at[1], 8) ? at + 2 : NULL;
  unit = read_unit (at + 2, end);
  if (unit < 0 || (unit & 0xfc00) == 0xdc00)
    return NULL;
  if ((unit & 0xfc00) != 0xd800)
    return at + 6;
  if (end - at < 12 || at[6] != '\\' || at[7] != 'u' ||
      (read_unit (at + 8, end) & ~0x3ff) != 0xdc00)
    return NULL;
  return at + 12;
}

/* Behind the string that begins with the quote @at; NULL where it is none. json-glib (1.6) says so,
 * too, but loses what it has read of it. */
static const char *
skip_string (const char *at, const char *end)
{
  at++;
  while (at && at < end && *at != '"')
    at = *at == '\\' ? skip_escape (at, end) : at + 1;
  return at && at < end ? at + 1 : NULL;
}

/* json-glib recurses, so depth is counted before it sees anything; it also takes comments and
 * 'quotes', which would hide brackets from the count, so those are refused; and of several values
 * on a line it returns the last and loses the others, so there is one object and no more. */
static gboolean
shape_is_sane (const char *line, gsize length)
{
  const char *end = line + length;
  gboolean begun = FALSE;
  int depth = 0;

  while (line && line < end)
    {
      char c = *line;

      if (depth == 0 && !g_ascii_isspace (c) && (begun || c != '{'))
        return FALSE;
      if (c == '"')
        {
          line = skip_string (line, end);
          continue;
        }
      if (c == '{' || c == '[')
        {
          begun = TRUE;
          if (++depth > VMH_QMP_MAX_DEPTH)
            return FALSE;
        }
      else if (c == '}' || c == ']')
        depth--;
      else if (!g_ascii_isalnum (c) && !strchr (" \t\r,:+-.", c))
        return FALSE;
      line++;
    }
  return line != NULL;
}

JsonNode *
vmh_qmp_wire_parse (const char *line, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) reason = NULL;
  JsonNode *root;

  if (!shape_is_sane (line, length))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_QEMU,
                   "QEMU sent a message that is nested too deeply or is no JSON object.");
      return NULL;
    }
  if (!g_utf8_validate_len (line, length, NULL) ||
      !json_parser_load_from_data (parser, line, (gssize)length, &reason))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_QEMU, "QEMU sent something that is not JSON: %s",
                   reason ? reason->message : "not UTF-8");
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_QEMU, "QEMU sent JSON that is not an object.");
      return NULL;
    }
  return json_node_ref (root);
}

static void
wire_line (VmhQmpWire *wire, const char *line, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;

  while (length > 0 && g_ascii_isspace (line[length - 1]))
    length--;
  if (length == 0)
    return;
  wire->allowance -= MESSAGE_COST;
  node = vmh_qmp_wire_parse (line, length, &error);
  if (!node)
    wire_fail (wire, error);
  else if (wire->func)
    wire->func (json_node_get_object (node), NULL, wire->data);
}

/* Hands over the complete lines; what is left stays. */
static void
wire_feed (VmhQmpWire *wire, const char *bytes, gsize length)
{
  while (length > 0 && wire->func)
    {
      const char *end = memchr (bytes, '\n', length);
      gsize part = end ? (gsize)(end - bytes) : length;

      if (wire->line->len + part > VMH_QMP_MAX_MESSAGE)
        {
          g_autoptr (GError) error =
              g_error_new (INN_ERROR, INN_ERROR_QEMU, "QEMU sent a message of more than %d bytes.",
                           VMH_QMP_MAX_MESSAGE);

          wire_fail (wire, error);
          return;
        }
      if (end && wire->line->len == 0)
        wire_line (wire, bytes, part);
      else
        {
          g_byte_array_append (wire->line, (const guint8 *)bytes, part);
          if (end)
            {
              g_autoptr (GByteArray) whole = g_steal_pointer (&wire->line);

              wire->line = g_byte_array_new ();
              wire_line (wire, (const char *)whole->data, whole->len);
            }
        }
      part += end ? 1 : 0;
      bytes += part;
      length -= part;
    }
}

static void
wire_fail_errno (VmhQmpWire *wire, int number)
{
  g_autoptr (GError) error =
      number == 0 ? g_error_new (INN_ERROR, INN_ERROR_QEMU, "QEMU closed its monitor.")
                  : g_error_new (INN_ERROR, INN_ERROR_QEMU, "QEMU's monitor failed: %s.",
                                 g_strerror (number));

  wire_fail (wire, error);
}

static gboolean on_pause_over (gpointer data);

static void
grow_allowance (VmhQmpWire *wire)
{
  gint64 now = g_get_monotonic_time ();
  gint64 grown = (now - wire->allowance_at) * PER_SECOND / G_USEC_PER_SEC;

  if (grown <= 0)
    return;
  wire->allowance = MIN (wire->allowance + grown, AT_ONCE);
  wire->allowance_at = now;
}

static void
pause_where_due (VmhQmpWire *wire)
{
  gint64 wait = -wire->allowance * 1000 / PER_SECOND;

  if (wire->in == 0 || wire->allowance >= 0)
    return;
  g_clear_handle_id (&wire->in, g_source_remove);
  wire->pause = g_timeout_add ((guint)MAX (wait, PAUSE_LEAST_MS), on_pause_over, wire);
}

static gboolean
on_fd_readable (int fd, GIOCondition condition, gpointer data)
{
  VmhQmpWire *wire = data;
  char buffer[READ_CHUNK];

  g_atomic_ref_count_inc (&wire->refs);
  grow_allowance (wire);
  for (int i = 0; i < READS_PER_TURN && wire->func && wire->allowance >= 0; i++)
    {
      ssize_t n = recv (wire->fd, buffer, sizeof buffer, MSG_DONTWAIT);

      if (n > 0)
        {
          wire->allowance -= n;
          wire_feed (wire, buffer, (gsize)n);
        }
      else if (n < 0 && errno == EINTR)
        continue;
      else if (n < 0 && errno == EAGAIN)
        break;
      else
        wire_fail_errno (wire, n == 0 ? 0 : errno);
    }
  pause_where_due (wire);
  wire_unref (wire);
  return G_SOURCE_CONTINUE; /* who has removed it has done so by its id */
}

static void
watch (VmhQmpWire *wire)
{
  wire->in = g_unix_fd_add (wire->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_fd_readable, wire);
}

static gboolean
on_pause_over (gpointer data)
{
  VmhQmpWire *wire = data;

  wire->pause = 0;
  watch (wire);
  return G_SOURCE_REMOVE;
}

static ssize_t
send_chunk (int socket, const Chunk *chunk)
{
  gsize size;
  const char *bytes = g_bytes_get_data (chunk->bytes, &size);

  return vmh_wire_send (socket, bytes + chunk->done, size - chunk->done, chunk->fd, MSG_DONTWAIT);
}

/* TRUE when nothing is left to send. A dead socket is left to the reading side to report. */
static gboolean
wire_flush (VmhQmpWire *wire)
{
  Chunk *chunk;

  while ((chunk = g_queue_peek_head (&wire->unsent)))
    {
      ssize_t n = send_chunk (wire->fd, chunk);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return errno != EAGAIN;
      vmh_clear_fd (&chunk->fd);
      chunk->done += (gsize)n;
      wire->unsent_bytes -= (gsize)n;
      if (chunk->done == g_bytes_get_size (chunk->bytes))
        chunk_free (g_queue_pop_head (&wire->unsent));
    }
  return TRUE;
}

static gboolean
on_fd_writable (int fd, GIOCondition condition, gpointer data)
{
  VmhQmpWire *wire = data;

  if (!wire_flush (wire))
    return G_SOURCE_CONTINUE;
  wire->out = 0;
  return G_SOURCE_REMOVE;
}

gboolean
vmh_qmp_wire_send (VmhQmpWire *wire, JsonObject *message, int fd, GError **error)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), message);
  g_autofree char *text = json_to_string (node, FALSE);
  gsize length = strlen (text);
  Chunk *chunk;

  if (wire->fd < 0 || wire->unsent_bytes + length > VMH_QMP_MAX_UNSENT)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_QEMU,
                   wire->fd < 0 ? "QEMU closed its monitor." : "QEMU does not read its monitor.");
      return FALSE;
    }
  text[length] = '\n'; /* in the NUL's place: the bytes go by length from here on */
  chunk = g_new0 (Chunk, 1);
  chunk->bytes = g_bytes_new (text, length + 1);
  chunk->fd = fd < 0 ? -1 : fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (fd >= 0 && chunk->fd < 0)
    {
      int number = errno;

      chunk_free (chunk);
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "Cannot pass a file: %s.", g_strerror (number));
      return FALSE;
    }
  g_queue_push_tail (&wire->unsent, chunk);
  wire->unsent_bytes += length + 1;
  if (wire->out == 0 && !wire_flush (wire))
    wire->out = g_unix_fd_add (wire->fd, G_IO_OUT, on_fd_writable, wire);
  return TRUE;
}

VmhQmpWire *
vmh_qmp_wire_new (int fd, VmhQmpWireFunc func, gpointer data)
{
  VmhQmpWire *wire = g_new0 (VmhQmpWire, 1);

  g_atomic_ref_count_init (&wire->refs);
  wire->fd = fd;
  wire->line = g_byte_array_new ();
  wire->func = func;
  wire->data = data;
  g_queue_init (&wire->unsent);
  wire->allowance = AT_ONCE;
  wire->allowance_at = g_get_monotonic_time ();
  watch (wire);
  return wire;
}

void
vmh_qmp_wire_free (VmhQmpWire *wire)
{
  wire->func = NULL;
  wire_shut (wire);
  wire_unref (wire);
}
