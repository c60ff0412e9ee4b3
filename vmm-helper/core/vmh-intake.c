/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* All of it may happen in GDBus's thread and in ours: what is counted has a mutex. */
#include "vmh-intake.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>
#include "shared/inn-errors.h"
#include "vmh-limits.h"
#include "vmh-stuck.h"
#include "vmh-tally.h"
#include "vmh-turns.h"

/* A connection that has messages here, or that we know. */
typedef struct
{
  char *name;
  uid_t user; /* VMH_STRANGERS until it is known */
  guint calls;
  guint bytes;
  guint owed; /* bytes of answers and signals that the bus has not taken yet */
  guint n_owed;
  gboolean gone;
} Sender;

/* What a message brought; freed with it, so that whoever drops it need not tell us. */
typedef struct
{
  char *sender; /* NULL: not counted */
  guint size;
  uid_t user; /* whose files they are */
  gsize n_files;
  int files[];
} Ticket;

static GMutex mutex;
static GHashTable *senders; /* unique name → Sender */
static VmhTally calls, bytes, owed, n_owed;
static VmhTurns refused; /* GDBusMessage, owned: answers that wait for those before */
static guint n_refusals;
static GSource *waiter;

static GQuark
ticket_quark (void)
{
  return g_quark_from_static_string ("vmh-intake");
}

static GQuark
refusal_quark (void)
{
  return g_quark_from_static_string ("vmh-refusal");
}

static void
sender_free (gpointer data)
{
  Sender *sender = data;

  g_free (sender->name);
  g_free (sender);
}

/* These are called with the mutex. */

static Sender *
obtain (const char *name)
{
  Sender *sender;

  if (senders == NULL)
    senders = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, sender_free);
  sender = g_hash_table_lookup (senders, name);
  if (sender == NULL)
    {
      sender = g_new0 (Sender, 1);
      sender->name = g_strdup (name);
      sender->user = VMH_STRANGERS;
      g_hash_table_insert (senders, sender->name, sender);
    }
  return sender;
}

static void
drop_if_unused (Sender *sender)
{
  if (sender->calls > 0 || sender->n_owed > 0 || (sender->user != VMH_STRANGERS && !sender->gone))
    return;
  g_hash_table_remove (senders, sender->name);
  if (g_hash_table_size (senders) == 0)
    g_clear_pointer (&senders, g_hash_table_unref);
}

static void
move_tally (VmhTally *tally, uid_t from, uid_t to, guint n)
{
  vmh_tally_take (tally, from, n);
  vmh_tally_add (tally, to, n);
}

static gboolean
may_answer (uid_t user)
{
  return vmh_tally_get (&owed, user) <= VMH_MAX_OWED_BYTES_AHEAD &&
         vmh_tally_get (&n_owed, user) <= VMH_MAX_OWED_MESSAGES_AHEAD;
}

static gboolean
has_room (const Sender *sender, guint size)
{
  guint held = vmh_tally_get (&bytes, sender->user);

  if (vmh_tally_get (&owed, sender->user) > VMH_MAX_OWED_BYTES_PER_UID)
    return FALSE;
  if (held > 0 && held + size > VMH_MAX_CALL_BYTES_PER_UID && size > VMH_SMALL_MESSAGE)
    return FALSE;
  if (sender->user == VMH_STRANGERS)
    return sender->calls < VMH_MAX_CALLS_PER_STRANGER;
  return sender->calls < VMH_MAX_CALLS_PER_CLIENT &&
         vmh_tally_get (&calls, sender->user) < VMH_MAX_CALLS_PER_UID;
}

/* And these without it. */

static gboolean
enter (const char *name, guint size)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  Sender *sender = obtain (name);

  if (!has_room (sender, size))
    {
      drop_if_unused (sender);
      return FALSE;
    }
  sender->calls++;
  sender->bytes += size;
  vmh_tally_add (&calls, sender->user, 1);
  vmh_tally_add (&bytes, sender->user, size);
  return TRUE;
}

static void
leave (const char *name, guint size)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  Sender *sender = g_hash_table_lookup (senders, name);

  sender->calls--;
  sender->bytes -= size;
  vmh_tally_take (&calls, sender->user, 1);
  vmh_tally_take (&bytes, sender->user, size);
  drop_if_unused (sender);
}

/* The bus takes the message now. */
static void
pay (GDBusMessage *message)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  const char *name = g_dbus_message_get_destination (message);
  GVariant *body = g_dbus_message_get_body (message);
  Sender *sender = senders != NULL && name != NULL ? g_hash_table_lookup (senders, name) : NULL;
  guint size;

  if (sender == NULL || body == NULL)
    return;
  size = (guint)MIN (g_variant_get_size (body), sender->owed);
  sender->owed -= size;
  vmh_tally_take (&owed, sender->user, size);
  if (sender->n_owed > 0)
    {
      sender->n_owed--;
      vmh_tally_take (&n_owed, sender->user, 1);
    }
  if (waiter != NULL && may_answer (sender->user))
    g_source_set_ready_time (waiter, 0);
  drop_if_unused (sender);
}

static void
ticket_free (gpointer data)
{
  Ticket *ticket = data;

  for (gsize i = 0; i < ticket->n_files; i++)
    vmh_close_later (ticket->user, ticket->files[i]);
  if (ticket->sender != NULL)
    leave (ticket->sender, ticket->size);
  g_free (ticket->sender);
  g_free (ticket);
}

/* GDBus would close the files in its thread or ours. */
static Ticket *
add_ticket (GDBusMessage *message)
{
  GUnixFDList *list = g_dbus_message_get_unix_fd_list (message);
  g_autofree int *files = NULL;
  Ticket *ticket;
  int n = 0;

  if (list != NULL)
    files = g_unix_fd_list_steal_fds (list, &n);
  ticket = g_malloc0 (sizeof (Ticket) + (gsize)n * sizeof (int));
  ticket->user = VMH_STRANGERS;
  ticket->n_files = (gsize)n;
  if (n > 0)
    memcpy (ticket->files, files, (gsize)n * sizeof (int));
  g_object_set_qdata_full (G_OBJECT (message), ticket_quark (), ticket, ticket_free);
  return ticket;
}

/* Of @user; NULL: of whoever waits, for one has left. Who floods us gets thousands of them in a
 * second, and everybody's answers would wait behind those. */
static GDBusMessage *
next_refusal (uid_t user, GDBusMessage *reply)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  if (reply == NULL)
    n_refusals--;
  else
    vmh_turns_push (&refused, user, reply);
  reply = n_refusals < VMH_MAX_REFUSALS_AHEAD ? vmh_turns_pop (&refused) : NULL;
  n_refusals += reply != NULL;
  return reply;
}

static void
send_refusal (GDBusConnection *connection, uid_t user, GDBusMessage *reply)
{
  g_autoptr (GDBusMessage) next = next_refusal (user, reply);

  if (next != NULL && !g_dbus_connection_send_message (connection, next,
                                                       G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL))
    next_refusal (user, NULL); /* the bus is gone */
}

static uid_t
user_of (const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  const Sender *sender = senders != NULL ? g_hash_table_lookup (senders, name) : NULL;

  return sender != NULL ? sender->user : VMH_STRANGERS;
}

static void
refuse (GDBusConnection *connection, GDBusMessage *message)
{
  g_autoptr (GError) error = g_error_new_literal (
      INN_ERROR, INN_ERROR_LIMIT, _ ("Too many requests at once. Wait until some are answered."));
  g_autofree char *name = g_dbus_error_encode_gerror (error);
  GDBusMessage *reply;

  if (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)
    return;
  reply = g_dbus_message_new_method_error_literal (message, name, error->message);
  g_object_set_qdata (G_OBJECT (reply), refusal_quark (), GINT_TO_POINTER (TRUE));
  send_refusal (connection, user_of (g_dbus_message_get_sender (message)), reply);
}

/* Replies and signals may carry files, too; only calls are counted. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean in, gpointer data)
{
  const char *sender = in ? g_dbus_message_get_sender (message) : NULL;
  gboolean call = g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL;
  GVariant *body;
  Ticket *ticket;
  gsize size;

  if (!in && g_object_get_qdata (G_OBJECT (message), refusal_quark ()) != NULL)
    send_refusal (connection, VMH_STRANGERS, NULL);
  else if (!in)
    pay (message);
  if (!in || ((!call || sender == NULL) && g_dbus_message_get_unix_fd_list (message) == NULL))
    return message;
  ticket = add_ticket (message);
  if (!call || sender == NULL)
    return message;
  body = g_dbus_message_get_body (message);
  size = body != NULL ? g_variant_get_size (body) : 0;
  ticket->size = (guint)MIN (size, VMH_MAX_MESSAGE);
  if (enter (sender, ticket->size))
    {
      ticket->sender = g_strdup (sender);
      return message;
    }
  refuse (connection, message);
  g_object_unref (message);
  return NULL;
}

/* What is in the kernel's queue is in front of everybody's answers, and counts as taken. */
static void
shorten_queue (GDBusConnection *connection)
{
  GIOStream *stream = g_dbus_connection_get_stream (connection);
  GSocket *socket = G_IS_SOCKET_CONNECTION (stream)
                        ? g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream))
                        : NULL;

  if (socket != NULL)
    g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, VMH_MAX_OWED_BYTES_AHEAD, NULL);
}

void
vmh_intake_begin (GDBusConnection *connection)
{
  shorten_queue (connection);
  g_dbus_connection_add_filter (connection, on_message, NULL, NULL);
}

void
vmh_intake_wake (GSource *source, gboolean on)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  if (!on && waiter != source)
    return;
  g_clear_pointer (&waiter, g_source_unref);
  waiter = on ? g_source_ref (source) : NULL;
}

gboolean
vmh_intake_may_answer (uid_t user)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  return may_answer (user);
}

void
vmh_intake_know (const char *name, uid_t user)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  Sender *sender = obtain (name);

  move_tally (&calls, sender->user, user, sender->calls);
  move_tally (&bytes, sender->user, user, sender->bytes);
  move_tally (&owed, sender->user, user, sender->owed);
  move_tally (&n_owed, sender->user, user, sender->n_owed);
  sender->user = user;
}

void
vmh_intake_owe (const char *name, GVariant *body)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  Sender *sender = senders != NULL ? g_hash_table_lookup (senders, name) : NULL;
  guint size = (guint)g_variant_get_size (body);

  if (sender == NULL)
    return;
  sender->owed += size;
  sender->n_owed++;
  vmh_tally_add (&owed, sender->user, size);
  vmh_tally_add (&n_owed, sender->user, 1);
}

void
vmh_intake_forget (const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  Sender *sender = senders != NULL ? g_hash_table_lookup (senders, name) : NULL;

  if (sender == NULL)
    return;
  sender->gone = TRUE;
  drop_if_unused (sender);
}

int *
vmh_intake_get_files (GDBusMessage *message, gsize *n_files)
{
  Ticket *ticket = g_object_get_qdata (G_OBJECT (message), ticket_quark ());

  *n_files = ticket != NULL ? ticket->n_files : 0;
  return *n_files > 0 ? ticket->files : NULL;
}

void
vmh_intake_claim (GDBusMessage *message, uid_t user)
{
  Ticket *ticket = g_object_get_qdata (G_OBJECT (message), ticket_quark ());

  if (ticket != NULL)
    ticket->user = user;
}
