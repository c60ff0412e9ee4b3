/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-poll.h"

#include "inn-client-private.h"

struct _InnPoll
{
  const InnPollWhat *what;
  GObject *owner;      /* not owned: it owns this */
  InnMachine *machine; /* not owned; cleared when it goes */
  GCancellable *cancellable;
  guint timer;
  gboolean wanted;
  gboolean asking;
  gboolean stale; /* what is under way was asked with other arguments */
  GError *error;
};

static gboolean on_due (gpointer data);

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GObject) owner = NULL;
  InnPoll *self = data;
  GError *error = NULL;
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, &error);

  owner = self->owner; /* the call's */
  self->asking = FALSE;
  if (g_error_matches (error, INN_ERROR, INN_ERROR_CANCELLED) || self->timer == 0 || self->stale)
    {
      g_clear_error (&error);
      if (self->stale && self->timer != 0)
        on_due (self);
      return; /* nobody looks any more, or at something else */
    }
  g_clear_error (&self->error);
  self->error = error;
  if (reply != NULL && !g_variant_is_of_type (reply, G_VARIANT_TYPE (self->what->type)))
    return;
  self->what->take (owner, reply);
}

static gboolean
on_due (gpointer data)
{
  InnPoll *self = data;
  InnConnection *connection =
      self->machine != NULL ? inn_machine_get_connection (self->machine) : NULL;

  if (self->asking || connection == NULL ||
      inn_connection_get_state (connection) != INN_CONNECTION_READY)
    return G_SOURCE_CONTINUE;
  self->asking = TRUE;
  self->stale = FALSE;
  g_object_ref (self->owner);
  inn_connection_call_full_async (
      connection, inn_machine_get_path (self->machine), self->what->interface, self->what->method,
      self->what->make_arguments != NULL ? self->what->make_arguments (self->owner)
                                         : g_variant_new ("(a{sv})", NULL),
      NULL, INN_CALL_QUIET, self->cancellable, on_answer, self);
  return G_SOURCE_CONTINUE;
}

gboolean
inn_poll_update (InnPoll *self)
{
  const gboolean may =
      self->machine != NULL &&
      (self->what->may == NULL || self->what->may (inn_machine_get_state (self->machine)));

  if (!may)
    g_clear_error (&self->error);
  if (self->wanted && may && self->timer == 0)
    {
      self->timer = g_timeout_add (self->what->interval, on_due, self);
      on_due (self);
    }
  else if (!self->wanted || !may)
    g_clear_handle_id (&self->timer, g_source_remove);
  return may;
}

void
inn_poll_want (InnPoll *self, gboolean on)
{
  self->wanted = on;
  inn_poll_update (self);
}

void
inn_poll_ask_anew (InnPoll *self)
{
  if (self->timer == 0)
    return;
  self->stale = self->asking;
  on_due (self);
}

InnMachine *
inn_poll_get_machine (InnPoll *self)
{
  return self->machine;
}

const GError *
inn_poll_get_error (InnPoll *self)
{
  return self->error;
}

InnPoll *
inn_poll_new (gpointer owner, InnMachine *machine, const InnPollWhat *what)
{
  InnPoll *self = g_new0 (InnPoll, 1);

  self->what = what;
  self->owner = owner;
  self->cancellable = g_cancellable_new ();
  g_set_weak_pointer (&self->machine, machine);
  return self;
}

void
inn_poll_stop (InnPoll *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
}

void
inn_poll_free (InnPoll *self)
{
  inn_poll_stop (self);
  g_clear_weak_pointer (&self->machine);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_free (self);
}
