/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the timer of Guest.GetInfo, and checks that its answer has the contract's types. */
#include "inn-guest.h"

#include <glib/gi18n-lib.h>
#include "inn-client-private.h"

#define INTERVAL_SECONDS 10

struct _InnGuest
{
  GObject parent_instance;

  InnMachine *machine; /* not owned: it owns this, and clears it when it goes */
  GCancellable *cancellable;
  GVariant *info; /* a{sv}; NULL: none yet */
  guint timer;
  gboolean wanted;
  gboolean asking;
  GError *error;
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
on_info (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnGuest) self = data;
  g_autoptr (GVariant) info = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, &error);
  const gboolean failed = self->error != NULL;

  self->asking = FALSE;
  if (g_error_matches (error, INN_ERROR, INN_ERROR_CANCELLED) || self->timer == 0)
    return; /* nobody looks any more */
  g_clear_error (&self->error);
  self->error = g_steal_pointer (&error);
  if (reply != NULL && g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{sv})")))
    {
      info = g_variant_get_child_value (reply, 0);
      take_info (self, info);
    }
  if (failed || self->error != NULL)
    g_signal_emit (self, signals[CHANGED], 0);
}

static gboolean
on_due (gpointer data)
{
  InnGuest *self = data;
  InnConnection *connection =
      self->machine != NULL ? inn_machine_get_connection (self->machine) : NULL;

  if (self->asking || connection == NULL ||
      inn_connection_get_state (connection) != INN_CONNECTION_READY)
    return G_SOURCE_CONTINUE;
  self->asking = TRUE;
  inn_connection_call_full_async (connection, inn_machine_get_path (self->machine), INN_IFACE_GUEST,
                                  "GetInfo", g_variant_new ("(a{sv})", NULL), NULL, INN_CALL_QUIET,
                                  self->cancellable, on_info, g_object_ref (self));
  return G_SOURCE_CONTINUE;
}

static void
update (InnGuest *self)
{
  const gboolean runs =
      self->machine != NULL && inn_machine_get_state (self->machine) == INN_STATE_RUNNING;

  if (!runs && (self->info != NULL || self->error != NULL))
    {
      g_clear_error (&self->error);
      take_info (self, NULL);
    }
  if (self->wanted && runs && self->timer == 0)
    {
      self->timer = g_timeout_add_seconds (INTERVAL_SECONDS, on_due, self);
      on_due (self);
    }
  else if (!self->wanted || !runs)
    g_clear_handle_id (&self->timer, g_source_remove);
}

static void
inn_guest_dispose (GObject *object)
{
  InnGuest *self = INN_GUEST (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  G_OBJECT_CLASS (inn_guest_parent_class)->dispose (object);
}

static void
inn_guest_finalize (GObject *object)
{
  InnGuest *self = INN_GUEST (object);

  g_clear_weak_pointer (&self->machine);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->info, g_variant_unref);
  g_clear_error (&self->error);
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
  self->cancellable = g_cancellable_new ();
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
  g_set_weak_pointer (&self->machine, machine);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_object_set_data_full (G_OBJECT (machine), "inn-guest", self, g_object_unref);
  return self;
}

void
inn_guest_want (InnGuest *self, gboolean on)
{
  g_return_if_fail (INN_IS_GUEST (self));
  self->wanted = on;
  update (self);
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
  return self->error;
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
do_async (InnGuest *self, const char *method, GVariant *parameters, GTask *task)
{
  InnConnection *connection =
      self->machine != NULL ? inn_machine_get_connection (self->machine) : NULL;

  if (connection == NULL)
    {
      g_variant_unref (g_variant_ref_sink (parameters));
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_HELPER,
                               _ ("The connection to the helper is closed. Open it again."));
      g_object_unref (task);
      return;
    }
  inn_connection_call_full_async (connection, inn_machine_get_path (self->machine), INN_IFACE_GUEST,
                                  method, parameters, NULL, INN_CALL_MAY_ASK,
                                  g_task_get_cancellable (task), on_done, task);
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
  do_async (self, "SetPassword", g_variant_new ("(ssa{sv})", user, password, NULL), task);
}

void
inn_guest_trim_async (InnGuest *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, inn_guest_trim_async);
  do_async (self, "Trim", g_variant_new ("(a{sv})", NULL), task);
}

gboolean
inn_guest_do_finish (InnGuest *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
