/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-job.h"

#include <glib/gi18n-lib.h>
#include "inn-client-private.h"
#include "inn-props.h"

enum
{
  ROW_OPERATION,
  ROW_MACHINE_NAME,
  ROW_STATE,
  ROW_STEP,
  ROW_PROGRESS,
  ROW_RATE,
  ROW_REMAINING,
  ROW_ERROR_MESSAGE,
  ROW_ERROR_NAME,
  ROW_MACHINE,
  N_ROWS,
  PROP_TITLE
};

static const InnProp rows[N_ROWS] = {
  [ROW_OPERATION] = { "operation", INN_IFACE_JOB, "Operation", "s" },
  [ROW_MACHINE_NAME] = { "machine-name", INN_IFACE_JOB, "MachineName", "s" },
  [ROW_STATE] = { "state", INN_IFACE_JOB, "State", "s" },
  [ROW_STEP] = { "step", INN_IFACE_JOB, "Step", "s" },
  [ROW_PROGRESS] = { "progress", INN_IFACE_JOB, "Progress", "d" },
  [ROW_RATE] = { "rate", INN_IFACE_JOB, "Rate", "t" },
  [ROW_REMAINING] = { "remaining", INN_IFACE_JOB, "Remaining", "u" },
  [ROW_ERROR_MESSAGE] = { "error-message", INN_IFACE_JOB, "ErrorMessage", "s" },
  [ROW_ERROR_NAME] = { NULL, INN_IFACE_JOB, "ErrorName", "s" },
  [ROW_MACHINE] = { NULL, INN_IFACE_JOB, "Machine", "o" },
};

struct _InnJob
{
  GObject parent_instance;

  InnConnection *connection; /* unowned: it owns us, and clears this when it goes */
  char *path;
  InnProps props;
};

G_DEFINE_FINAL_TYPE (InnJob, inn_job, G_TYPE_OBJECT)

static char *
format_title (InnJob *self)
{
  const char *operation = inn_props_string (&self->props, ROW_OPERATION);
  const char *name = inn_props_string (&self->props, ROW_MACHINE_NAME);

  if (g_str_equal (operation, "create"))
    return g_strdup_printf (_ ("Creating “%s”"), name);
  if (g_str_equal (operation, "start"))
    return g_strdup_printf (_ ("Starting “%s”"), name);
  if (g_str_equal (operation, "delete"))
    return g_strdup_printf (_ ("Deleting “%s”"), name);
  return g_strdup_printf (_ ("Working on “%s”"), name);
}

static void
inn_job_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  InnJob *self = INN_JOB (object);

  if (id == PROP_TITLE)
    g_value_take_string (value, format_title (self));
  else if (id >= 1 && id <= N_ROWS)
    inn_props_get (&self->props, id - 1, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
inn_job_dispose (GObject *object)
{
  g_clear_weak_pointer (&INN_JOB (object)->connection);
  G_OBJECT_CLASS (inn_job_parent_class)->dispose (object);
}

static void
inn_job_finalize (GObject *object)
{
  InnJob *self = INN_JOB (object);

  g_free (self->path);
  inn_props_clear (&self->props);
  G_OBJECT_CLASS (inn_job_parent_class)->finalize (object);
}

static void
inn_job_class_init (InnJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = inn_job_get_property;
  object_class->dispose = inn_job_dispose;
  object_class->finalize = inn_job_finalize;
  inn_props_install (object_class, rows, N_ROWS);
  g_object_class_install_property (
      object_class, PROP_TITLE,
      g_param_spec_string ("title", NULL, NULL, "", G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
inn_job_init (InnJob *self)
{
  inn_props_init (&self->props, rows, N_ROWS);
}

InnJob *
inn_job_new (InnConnection *connection, const char *path)
{
  InnJob *self = g_object_new (INN_TYPE_JOB, NULL);

  g_set_weak_pointer (&self->connection, connection);
  self->path = g_strdup (path);
  return self;
}

void
inn_job_update (InnJob *self, const char *interface, GVariant *members)
{
  g_autofree char *before = format_title (self);
  g_autofree char *after = NULL;

  g_object_freeze_notify (G_OBJECT (self));
  inn_props_update (&self->props, G_OBJECT (self), interface, members);
  after = format_title (self);
  if (!g_str_equal (before, after))
    g_object_notify (G_OBJECT (self), "title");
  g_object_thaw_notify (G_OBJECT (self));
}

const char *
inn_job_get_path (InnJob *self)
{
  g_return_val_if_fail (INN_IS_JOB (self), NULL);
  return self->path;
}

gboolean
inn_job_is_running (InnJob *self)
{
  g_return_val_if_fail (INN_IS_JOB (self), FALSE);
  return g_str_equal (inn_props_string (&self->props, ROW_STATE), "running");
}

gboolean
inn_job_take_result (InnJob *self, GError **error)
{
  const char *state = inn_props_string (&self->props, ROW_STATE);
  const char *name = inn_props_string (&self->props, ROW_ERROR_NAME);
  const char *message = inn_props_string (&self->props, ROW_ERROR_MESSAGE);
  g_autoptr (GError) remote = NULL;

  if (g_str_equal (state, "done"))
    return TRUE;
  if (g_str_equal (state, "cancelled"))
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_CANCELLED,
                           *message != '\0' ? message : _ ("This was cancelled."));
      return FALSE;
    }
  (void)INN_ERROR; /* registers the names that the next line looks up */
  remote = g_dbus_error_new_for_dbus_error (*name != '\0' ? name : "org.innkeeper.Error.Failed",
                                            *message != '\0' ? message : _ ("The work failed."));
  g_propagate_error (error, inn_client_map_error (remote));
  return FALSE;
}

static void
on_cancel_done (GObject *source, GAsyncResult *result, gpointer data)
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

void
inn_job_cancel_async (InnJob *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (INN_IS_JOB (self));
  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, inn_job_cancel_async);
  if (self->connection == NULL || !inn_job_is_running (self))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  inn_connection_call_async (self->connection, self->path, INN_IFACE_JOB, "Cancel",
                             g_variant_new ("(a{sv})", NULL), NULL, NULL, on_cancel_done,
                             g_steal_pointer (&task));
}

gboolean
inn_job_cancel_finish (InnJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
