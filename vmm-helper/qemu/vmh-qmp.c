/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The QMP client: which reply belongs to which caller. Knows the handshake, and no other command.
 */
#include "qemu/vmh-qmp.h"

#include "qemu/vmh-qmp-wire.h"
#include "shared/inn-errors.h"

#define GREETING_TIMEOUT_MS                                                                        \
  60000                 /* from exec to greeting; QEMU maps the guest's memory meanwhile */
#define MAX_WAITING 256 /* calls without a reply yet */

struct _VmhQmp
{
  GObject parent_instance;
  VmhQmpWire *wire;    /* NULL once closed */
  GHashTable *waiting; /* id → Waiter */
  gint64 next_id;
  GTask *opening;
  guint opening_timeout;
  GSource *opening_cancel;
};

G_DEFINE_FINAL_TYPE (VmhQmp, vmh_qmp, G_TYPE_OBJECT)

enum
{
  SIGNAL_EVENT,
  SIGNAL_CLOSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

typedef struct
{
  VmhQmp *qmp; /* not owned; the table that owns this is the client's */
  gint64 id;
  GTask *task;
  char *command;
  guint timeout_ms;
  guint timeout;
  GSource *cancel_source;
} Waiter;

static void
waiter_free (Waiter *waiter)
{
  g_clear_handle_id (&waiter->timeout, g_source_remove);
  if (waiter->cancel_source)
    {
      g_source_destroy (waiter->cancel_source);
      g_source_unref (waiter->cancel_source);
    }
  g_clear_object (&waiter->task);
  g_free (waiter->command);
  g_free (waiter);
}

/* Takes the waiter out before it is answered: the answer may call us again. */
static GTask *
waiter_steal_task (Waiter *waiter)
{
  GTask *task = g_steal_pointer (&waiter->task);

  g_hash_table_remove (waiter->qmp->waiting, &waiter->id);
  return task;
}

static gboolean
on_waiter_timeout (gpointer data)
{
  Waiter *waiter = data;
  guint timeout_ms = waiter->timeout_ms;
  g_autofree char *command = g_strdup (waiter->command);
  g_autoptr (GTask) task = NULL;

  waiter->timeout = 0;
  task = waiter_steal_task (waiter);
  g_task_return_new_error (task, INN_ERROR, INN_ERROR_TIMEOUT,
                           "QEMU did not answer %s within %u ms.", command, timeout_ms);
  return G_SOURCE_REMOVE;
}

static gboolean
on_waiter_cancelled (GCancellable *cancellable, gpointer data)
{
  g_autoptr (GTask) task = waiter_steal_task (data);

  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
fail_all (VmhQmp *qmp, const GError *error)
{
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  Waiter *waiter;

  g_hash_table_iter_init (&iter, qmp->waiting);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&waiter))
    {
      g_ptr_array_add (tasks, g_steal_pointer (&waiter->task));
      g_hash_table_iter_remove (&iter);
    }
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_error (tasks->pdata[i], g_error_copy (error));
}

static void
clear_opening_sources (VmhQmp *qmp)
{
  g_clear_handle_id (&qmp->opening_timeout, g_source_remove);
  if (qmp->opening_cancel)
    g_source_destroy (qmp->opening_cancel);
  g_clear_pointer (&qmp->opening_cancel, g_source_unref);
}

/* The end, whoever wanted it. */
static void
shut (VmhQmp *qmp, const GError *error)
{
  g_autoptr (GTask) opening = g_steal_pointer (&qmp->opening);

  if (!qmp->wire)
    return;
  g_object_ref (qmp);
  g_clear_pointer (&qmp->wire, vmh_qmp_wire_free);
  clear_opening_sources (qmp);
  fail_all (qmp, error);
  if (opening)
    g_task_return_error (opening, g_error_copy (error));
  else
    g_signal_emit (qmp, signals[SIGNAL_CLOSED], 0, error);
  g_object_unref (qmp);
}

static void G_GNUC_PRINTF (2, 3) shut_with (VmhQmp *qmp, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (INN_ERROR, INN_ERROR_QEMU, format, args);
  va_end (args);
  shut (qmp, error);
}

/* Members are looked at only through these: a hostile QEMU may give them any type. */
JsonObject *
vmh_qmp_object (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

JsonArray *
vmh_qmp_array (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

JsonObject *
vmh_qmp_nth (JsonArray *array, guint index)
{
  JsonNode *node = json_array_get_element (array, index);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const char *
member_string (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
}

const char *
vmh_qmp_string (JsonObject *object, const char *name)
{
  const char *text = member_string (object, name);

  return text ? text : "";
}

gboolean
vmh_qmp_questions_end (VmhQmpQuestions *questions, GError *error)
{
  if (!questions->error)
    questions->error = error;
  else
    g_clear_error (&error);
  return --questions->asked == 0;
}

gboolean
vmh_qmp_refuse_shape (GError **error)
{
  g_set_error_literal (error, INN_ERROR, INN_ERROR_QEMU, "QEMU gave an answer of the wrong shape.");
  return FALSE;
}

static gboolean
holds (JsonObject *object, const char *name, GType type)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

gboolean
vmh_qmp_flag (JsonObject *object, const char *name)
{
  return holds (object, name, G_TYPE_BOOLEAN) && json_object_get_boolean_member (object, name);
}

gint64
vmh_qmp_int (JsonObject *object, const char *name, gint64 fallback)
{
  return holds (object, name, G_TYPE_INT64) ? json_object_get_int_member (object, name) : fallback;
}

static void
on_event (VmhQmp *qmp, const char *name, JsonObject *message)
{
  JsonObject *data = vmh_qmp_object (message, "data");
  JsonObject *stamp = vmh_qmp_object (message, "timestamp");
  gint64 seconds = vmh_qmp_int (stamp, "seconds", 0),
         micros = vmh_qmp_int (stamp, "microseconds", 0);
  g_autoptr (JsonObject) none = data ? NULL : json_object_new ();

  if (seconds < 0 || seconds > G_MAXINT64 / G_USEC_PER_SEC - 1)
    seconds = 0;
  if (micros < 0 || micros >= G_USEC_PER_SEC)
    micros = 0;
  g_signal_emit (qmp, signals[SIGNAL_EVENT], 0, name, data ? data : none,
                 seconds * G_USEC_PER_SEC + micros);
}

static void
on_reply (VmhQmp *qmp, JsonObject *message)
{
  gint64 id = vmh_qmp_int (message, "id", -1);
  JsonObject *failure = vmh_qmp_object (message, "error");
  Waiter *waiter;
  g_autofree char *command = NULL;
  g_autoptr (GTask) task = NULL;

  if (id < 0 || id >= qmp->next_id)
    {
      shut_with (qmp, "QEMU answered a command that was never sent.");
      return;
    }
  waiter = g_hash_table_lookup (qmp->waiting, &id);
  if (!waiter) /* its caller has given up */
    return;
  command = g_strdup (waiter->command);
  task = waiter_steal_task (waiter);
  if (failure)
    {
      const char *words = member_string (failure, "desc");

      g_task_return_new_error (task, INN_ERROR, INN_ERROR_QEMU, "QEMU refused %s: %s", command,
                               words ? words : "without a reason");
    }
  else
    g_task_return_pointer (task, json_node_ref (json_object_get_member (message, "return")),
                           (GDestroyNotify)json_node_unref);
}

static void
on_capabilities_replied (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhQmp *qmp = VMH_QMP (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (qmp, result, &error);
  GTask *opening;

  if (!qmp->opening) /* shut meanwhile */
    return;
  if (!reply)
    {
      shut (qmp, error);
      return;
    }
  clear_opening_sources (qmp);
  opening = g_steal_pointer (&qmp->opening);
  g_task_return_pointer (opening, g_object_ref (qmp), g_object_unref);
  g_object_unref (opening);
}

static void
on_wire_message (JsonObject *message, const GError *error, gpointer data)
{
  g_autoptr (VmhQmp) qmp = g_object_ref (data);

  if (!message)
    {
      shut (qmp, error);
      return;
    }
  if (vmh_qmp_object (message, "QMP"))
    {
      if (qmp->next_id == 0)
        vmh_qmp_call_async (qmp, "qmp_capabilities", NULL, -1, GREETING_TIMEOUT_MS, NULL,
                            on_capabilities_replied, NULL);
      else
        shut_with (qmp, "QEMU greeted twice.");
    }
  else if (member_string (message, "event"))
    on_event (qmp, member_string (message, "event"), message);
  else if (json_object_has_member (message, "return") || vmh_qmp_object (message, "error"))
    on_reply (qmp, message);
  else
    shut_with (qmp, "QEMU sent a message that is neither a reply nor an event.");
}

static gboolean
on_opening_timeout (gpointer data)
{
  VmhQmp *qmp = data;
  g_autoptr (GError) error = g_error_new (
      INN_ERROR, INN_ERROR_TIMEOUT, "QEMU did not greet within %d s.", GREETING_TIMEOUT_MS / 1000);

  qmp->opening_timeout = 0;
  shut (qmp, error);
  return G_SOURCE_REMOVE;
}

static gboolean
on_opening_cancelled (GCancellable *cancellable, gpointer data)
{
  VmhQmp *qmp = data;
  g_autoptr (GError) error = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    shut (qmp, error);
  return G_SOURCE_REMOVE;
}

static void
vmh_qmp_dispose (GObject *object)
{
  VmhQmp *qmp = VMH_QMP (object);

  vmh_qmp_close (qmp);
  G_OBJECT_CLASS (vmh_qmp_parent_class)->dispose (object);
}

static void
vmh_qmp_finalize (GObject *object)
{
  VmhQmp *qmp = VMH_QMP (object);

  g_hash_table_unref (qmp->waiting);
  G_OBJECT_CLASS (vmh_qmp_parent_class)->finalize (object);
}

static void
vmh_qmp_class_init (VmhQmpClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vmh_qmp_dispose;
  object_class->finalize = vmh_qmp_finalize;
  signals[SIGNAL_EVENT] =
      g_signal_new ("event", VMH_TYPE_QMP, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                    G_TYPE_STRING, JSON_TYPE_OBJECT, G_TYPE_INT64);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", VMH_TYPE_QMP, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
vmh_qmp_init (VmhQmp *qmp)
{
  qmp->waiting =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)waiter_free);
}

void
vmh_qmp_open_async (int fd, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (VmhQmp) qmp = g_object_new (VMH_TYPE_QMP, NULL);

  qmp->wire = vmh_qmp_wire_new (fd, on_wire_message, qmp);
  qmp->opening = g_task_new (qmp, cancellable, callback, data);
  g_task_set_source_tag (qmp->opening, vmh_qmp_open_async);
  g_task_set_check_cancellable (qmp->opening, FALSE);
  qmp->opening_timeout = g_timeout_add (GREETING_TIMEOUT_MS, on_opening_timeout, qmp);
  if (!cancellable)
    return;
  qmp->opening_cancel = g_cancellable_source_new (cancellable);
  g_source_set_callback (qmp->opening_cancel, G_SOURCE_FUNC (on_opening_cancelled), qmp, NULL);
  g_source_attach (qmp->opening_cancel, NULL);
}

VmhQmp *
vmh_qmp_open_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
vmh_qmp_call_async (VmhQmp *qmp,
                    const char *command,
                    JsonObject *arguments,
                    int fd,
                    guint timeout_ms,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer data)
{
  g_autoptr (GTask) task = g_task_new (qmp, cancellable, callback, data);
  g_autoptr (JsonObject) message = json_object_new ();
  g_autoptr (GError) error = NULL;
  Waiter *waiter;

  g_task_set_source_tag (task, vmh_qmp_call_async);
  g_task_set_check_cancellable (task, FALSE); /* what was answered was done */
  json_object_set_string_member (message, "execute", command);
  if (arguments)
    json_object_set_object_member (message, "arguments", arguments);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!qmp->wire || g_hash_table_size (qmp->waiting) >= MAX_WAITING)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_QEMU,
                               qmp->wire ? "QEMU has too many unanswered commands."
                                         : "QEMU's monitor is closed.");
      return;
    }
  json_object_set_int_member (message, "id", qmp->next_id);
  if (!vmh_qmp_wire_send (qmp->wire, message, fd, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  waiter = g_new0 (Waiter, 1);
  waiter->qmp = qmp;
  waiter->id = qmp->next_id++;
  waiter->task = g_steal_pointer (&task);
  waiter->command = g_strdup (command);
  waiter->timeout_ms = timeout_ms;
  waiter->timeout = g_timeout_add (timeout_ms, on_waiter_timeout, waiter);
  if (cancellable)
    {
      waiter->cancel_source = g_cancellable_source_new (cancellable);
      g_source_set_callback (waiter->cancel_source, G_SOURCE_FUNC (on_waiter_cancelled), waiter,
                             NULL);
      g_source_attach (waiter->cancel_source, NULL);
    }
  g_hash_table_insert (qmp->waiting, &waiter->id, waiter);
}

JsonNode *
vmh_qmp_call_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
vmh_qmp_close (VmhQmp *qmp)
{
  shut_with (qmp, "QEMU's monitor was closed.");
}
