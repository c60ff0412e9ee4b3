/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What Guest.GetInfo answers, and what the guest is asked to do. */
#include "inn-guest.h"

#include <glib/gi18n-lib.h>
#include "inn-client-private.h"
#include "inn-poll.h"

struct _InnGuest
{
  GObject parent_instance;

  InnPoll *poll;
  GVariant *info; /* a{sv}; NULL: none yet */
  gboolean failed;
};

G_DEFINE_FINAL_TYPE (InnGuest, inn_guest, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
take_info (InnGuest *self, GVariant *info)
{
  if (info != NULL && self->info != NULL && g_variant_equal (info, self->info))
    return;
  g_clear_pointer (&self->info, g_variant_unref);
  self->info = info != NULL ? g_variant_ref (info) : NULL;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_info (gpointer owner, GVariant *reply)
{
  InnGuest *self = owner;
  const gboolean failed = self->failed;

  self->failed = reply == NULL;
  if (reply != NULL)
    {
      g_autoptr (GVariant) info = g_variant_get_child_value (reply, 0);

      take_info (self, info);
    }
  if (failed || self->failed)
    g_signal_emit (self, signals[CHANGED], 0);
}

static gboolean
may_ask (InnState state)
{
  return state == INN_STATE_RUNNING;
}

static const InnPollWhat question = {
  .interface = INN_IFACE_GUEST,
  .method = "GetInfo",
  .type = "(a{sv})",
  .interval = 10000,
  .may = may_ask,
  .take = on_info,
};

static void
update (InnGuest *self)
{
  if (inn_poll_update (self->poll) || (self->info == NULL && !self->failed))
    return;
  self->failed = FALSE;
  take_info (self, NULL);
}

static void
inn_guest_dispose (GObject *object)
{
  InnGuest *self = INN_GUEST (object);

  inn_poll_stop (self->poll);
  G_OBJECT_CLASS (inn_guest_parent_class)->dispose (object);
}

static void
inn_guest_finalize (GObject *object)
{
  InnGuest *self = INN_GUEST (object);

  g_clear_pointer (&self->poll, inn_poll_free);
  g_clear_pointer (&self->info, g_variant_unref);
  G_OBJECT_CLASS (inn_guest_parent_class)->finalize (object);
}

static void
inn_guest_class_init (InnGuestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = inn_guest_dispose;
  object_class->finalize = inn_guest_finalize;
  signals[CHANGED] = g_signal_new ("changed", INN_TYPE_GUEST, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
inn_guest_init (InnGuest *self)
{
}

InnGuest *
inn_machine_get_guest (InnMachine *machine)
{
  InnGuest *self;

  g_return_val_if_fail (INN_IS_MACHINE (machine), NULL);
  self = g_object_get_data (G_OBJECT (machine), "inn-guest");
  if (self != NULL)
    return self;
  self = g_object_new (INN_TYPE_GUEST, NULL);
  self->poll = inn_poll_new (self, machine, &question);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_object_set_data_full (G_OBJECT (machine), "inn-guest", self, g_object_unref);
  return self;
}

void
inn_guest_want (InnGuest *self, gboolean on)
{
  g_return_if_fail (INN_IS_GUEST (self));
  inn_poll_want (self->poll, on);
}

InnGuestState
inn_guest_get_state (InnGuest *self)
{
  gboolean present = FALSE;

  g_return_val_if_fail (INN_IS_GUEST (self), INN_GUEST_UNKNOWN);
  if (self->info == NULL)
    return INN_GUEST_UNKNOWN;
  g_variant_lookup (self->info, "present", "b", &present);
  return present ? INN_GUEST_PRESENT : INN_GUEST_SILENT;
}

const GError *
inn_guest_get_error (InnGuest *self)
{
  g_return_val_if_fail (INN_IS_GUEST (self), NULL);
  return inn_poll_get_error (self->poll);
}

const char *
inn_guest_get_text (InnGuest *self, const char *what)
{
  const char *text = "";

  g_return_val_if_fail (INN_IS_GUEST (self), "");
  if (self->info != NULL)
    g_variant_lookup (self->info, what, "&s", &text);
  return text;
}

GVariant *
inn_guest_get_list (InnGuest *self, const char *what)
{
  static const struct
  {
    const char *what, *type;
  } lists[] = { { "users", "a(st)" }, { "cards", "a(ssas)" }, { "disks", "a(sstt)" } };

  g_return_val_if_fail (INN_IS_GUEST (self), NULL);
  for (guint i = 0; self->info != NULL && i < G_N_ELEMENTS (lists); i++)
    if (g_str_equal (lists[i].what, what))
      return g_variant_lookup_value (self->info, what, G_VARIANT_TYPE (lists[i].type));
  return NULL;
}

/* ---- what it is asked to do ---- */

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, &error);

  if (reply == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
do_async (InnGuest *self, const char *method, GVariant *parameters, InnCallFlags flags, GTask *task)
{
  InnMachine *machine = inn_poll_get_machine (self->poll);
  InnConnection *connection = machine != NULL ? inn_machine_get_connection (machine) : NULL;

  if (connection == NULL)
    {
      g_variant_unref (g_variant_ref_sink (parameters));
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_HELPER,
                               _ ("The connection to the helper is closed. Open it again."));
      g_object_unref (task);
      return;
    }
  inn_connection_call_full_async (connection, inn_machine_get_path (machine), INN_IFACE_GUEST,
                                  method, parameters, NULL, flags, g_task_get_cancellable (task),
                                  on_done, task);
}

void
inn_guest_set_password_async (InnGuest *self,
                              const char *user,
                              const char *password,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, inn_guest_set_password_async);
  do_async (self, "SetPassword", g_variant_new ("(ssa{sv})", user, password, NULL),
            INN_CALL_MAY_ASK, task);
}

void
inn_guest_trim_async (InnGuest *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, inn_guest_trim_async);
  do_async (self, "Trim", g_variant_new ("(a{sv})", NULL), INN_CALL_MAY_ASK, task);
}

void
inn_guest_set_time_async (InnGuest *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, inn_guest_set_time_async);
  do_async (self, "SetTime", g_variant_new ("(a{sv})", NULL), INN_CALL_MAY_ASK, task);
}

void
inn_guest_power_off_async (InnGuest *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, inn_guest_power_off_async);
  do_async (self, "PowerOff", g_variant_new ("(a{sv})", NULL), INN_CALL_QUIET, task);
}

gboolean
inn_guest_do_finish (InnGuest *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
