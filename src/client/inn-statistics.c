/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the timer of GetStatistics; knows not how the connection is kept. */
#include "inn-statistics.h"

#include "inn-client-private.h"

#include <math.h>

#define SECONDS 2
#define CALM    4    /* answers that say nothing new: then only every other time */
#define NEW     0.01 /* of a core: what differs by less is shown as the same */

struct _InnStatistics
{
  InnConnection *connection; /* not owned */
  InnObjects *objects;       /* the connection's */
  GCancellable *cancellable;
  gboolean wanted;
  gboolean asking;
  guint timer;
  guint calm; /* answers since the last that said something new */
  gboolean left_out;
};

static gboolean
is_new (double use, double before)
{
  return (use < 0) != (before < 0) || fabs (use - before) >= NEW;
}

static void
on_statistics (GObject *source, GAsyncResult *result, gpointer data)
{
  InnStatistics *self = data; /* the call keeps the connection, which keeps this */
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, NULL);
  g_autoptr (GVariantIter) iter = NULL;
  const char *path;
  GVariant *facts;
  gboolean calm = TRUE;

  self->asking = FALSE;
  if (reply == NULL || !g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a(oa{sv}))")))
    return;
  g_variant_get (reply, "(a(oa{sv}))", &iter);
  while (g_variant_iter_loop (iter, "(&o@a{sv})", &path, &facts))
    {
      InnMachine *machine = inn_objects_lookup_machine (self->objects, path);
      guint64 cpu_time, monotonic;

      if (machine != NULL && g_variant_lookup (facts, "cpu-time", "t", &cpu_time) &&
          g_variant_lookup (facts, "monotonic", "t", &monotonic))
        {
          const double before = inn_machine_get_cpu_use (machine);

          inn_machine_add_sample (machine, cpu_time, monotonic);
          calm = calm && !is_new (inn_machine_get_cpu_use (machine), before);
        }
    }
  self->calm = calm ? self->calm + 1 : 0;
}

static gboolean
on_due (gpointer data)
{
  InnStatistics *self = data;

  self->left_out = self->calm >= CALM && !self->left_out;
  if (!self->asking && !self->left_out)
    {
      self->asking = TRUE;
      inn_connection_call_full_async (self->connection, INN_MANAGER_PATH, INN_IFACE_MANAGER,
                                      "GetStatistics", g_variant_new ("(a{sv})", NULL), NULL,
                                      INN_CALL_QUIET, self->cancellable, on_statistics, self);
    }
  return G_SOURCE_CONTINUE;
}

void
inn_statistics_update (InnStatistics *self)
{
  const gboolean wanted = self->wanted && inn_objects_get_n_running (self->objects) > 0 &&
                          inn_connection_get_state (self->connection) == INN_CONNECTION_READY;

  self->calm = 0;
  if (wanted && self->timer == 0)
    {
      self->timer = g_timeout_add_seconds (SECONDS, on_due, self);
      on_due (self);
    }
  else if (!wanted && self->timer != 0)
    {
      g_clear_handle_id (&self->timer, g_source_remove);
      inn_objects_forget_samples (self->objects);
    }
}

void
inn_statistics_want (InnStatistics *self, gboolean on)
{
  self->wanted = on;
  inn_statistics_update (self);
}

InnStatistics *
inn_statistics_new (InnConnection *connection, InnObjects *objects, GCancellable *cancellable)
{
  InnStatistics *self = g_new0 (InnStatistics, 1);

  self->connection = connection;
  self->objects = objects;
  self->cancellable = g_object_ref (cancellable);
  return self;
}

void
inn_statistics_free (InnStatistics *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_object_unref (self->cancellable);
  g_free (self);
}
