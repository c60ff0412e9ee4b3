/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A machine's calls to the helper, each typed; what it says of itself is in inn-machine.c. */
#include <glib/gi18n-lib.h>
#include "inn-client-private.h"

/* The call's GTask is the caller's own; @on_called gets it as data. */
static void
call_full (InnMachine *self,
           const char *interface,
           const char *method,
           GVariant *parameters,
           InnCallFlags flags,
           GTask *task,
           GAsyncReadyCallback on_called)
{
  InnConnection *connection = inn_machine_get_connection (self);

  if (connection == NULL)
    {
      g_variant_unref (g_variant_ref_sink (parameters));
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_HELPER,
                               _ ("The connection to the helper is closed. Open it again."));
      g_object_unref (task);
      return;
    }
  g_task_set_check_cancellable (task, FALSE);
  inn_connection_call_full_async (connection, inn_machine_get_path (self), interface, method,
                                  parameters, NULL, flags, g_task_get_cancellable (task), on_called,
                                  task);
}

static void
call (InnMachine *self,
      const char *interface,
      const char *method,
      GVariant *parameters,
      GTask *task,
      GAsyncReadyCallback on_called)
{
  call_full (self, interface, method, parameters, INN_CALL_MAY_ASK, task, on_called);
}

/* The reply of @type, or NULL and the task failed. */
static GVariant *
take_reply (GObject *source,
            GAsyncResult *result,
            const char *type,
            GTask *task,
            GUnixFDList **out_fds)
{
  GError *error = NULL;
  GVariant *reply = inn_connection_call_finish (INN_CONNECTION (source), result, out_fds, &error);

  if (reply == NULL)
    {
      g_task_return_error (task, error);
      return NULL;
    }
  if (g_variant_is_of_type (reply, G_VARIANT_TYPE (type)))
    return reply;
  g_variant_unref (reply);
  g_task_return_new_error (task, INN_ERROR, INN_ERROR_HELPER,
                           _ ("The helper's answer makes no sense. Update vmm-helper."));
  return NULL;
}

static void
on_start_job_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (inn_job_wait_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const gboolean has_job = GPOINTER_TO_INT (g_task_get_task_data (task)) == INN_VERB_START;
  g_autoptr (GVariant) reply = take_reply (source, result, has_job ? "(o)" : "()", task, NULL);
  const char *job;

  if (reply == NULL)
    return;
  if (!has_job)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_variant_get (reply, "(&o)", &job);
  inn_job_wait_async (INN_CONNECTION (source), job, g_task_get_cancellable (task),
                      on_start_job_ended, g_object_ref (task));
}

void
inn_machine_do_async (InnMachine *self,
                      InnVerb verb,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task;

  g_return_if_fail (INN_IS_MACHINE (self));
  g_return_if_fail (verb <= INN_VERB_RESUME);
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_do_async);
  g_task_set_task_data (task, GINT_TO_POINTER (verb), NULL);
  call (self, INN_IFACE_MACHINE, inn_verb_get_method (verb), g_variant_new ("(a{sv})", NULL), task,
        on_done);
}

gboolean
inn_machine_do_finish (InnMachine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_got_xml (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GVariant *reply = take_reply (source, result, "(st)", task, NULL);

  if (reply != NULL)
    g_task_return_pointer (task, reply, (GDestroyNotify)g_variant_unref);
}

void
inn_machine_get_xml_async (InnMachine *self,
                           gboolean live,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  GTask *task;
  GVariantBuilder options;

  g_return_if_fail (INN_IS_MACHINE (self));
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_get_xml_async);
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (live)
    g_variant_builder_add (&options, "{sv}", "live", g_variant_new_boolean (TRUE));
  call (self, INN_IFACE_MACHINE, "GetXml", g_variant_new ("(a{sv})", &options), task, on_got_xml);
}

char *
inn_machine_get_xml_finish (InnMachine *self,
                            GAsyncResult *result,
                            guint64 *out_generation,
                            GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  char *xml;
  guint64 generation;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  reply = g_task_propagate_pointer (G_TASK (result), error);
  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(st)", &xml, &generation);
  if (out_generation != NULL)
    *out_generation = generation;
  return xml;
}

/* The one value of a reply of @type is what the task answers. */
static void
return_value (GObject *source, GAsyncResult *result, const char *type, GTask *owned)
{
  g_autoptr (GTask) task = owned;
  g_autoptr (GVariant) reply = take_reply (source, result, type, task, NULL);

  if (reply != NULL)
    g_task_return_pointer (task, g_variant_get_child_value (reply, 0),
                           (GDestroyNotify)g_variant_unref);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  return_value (source, result, "(a(sss))", data);
}

void
inn_machine_apply_async (InnMachine *self,
                         const char *xml,
                         guint64 generation,
                         GVariant *storage,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  GTask *task;
  GVariantBuilder options;

  g_return_if_fail (INN_IS_MACHINE (self));
  g_return_if_fail (xml != NULL);
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_apply_async);
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (generation != 0)
    g_variant_builder_add (&options, "{sv}", "generation", g_variant_new_uint64 (generation));
  if (storage != NULL)
    g_variant_builder_add (&options, "{sv}", "storage", storage);
  call (self, INN_IFACE_MACHINE, "Apply", g_variant_new ("(sa{sv})", xml, &options), task,
        on_applied);
}

GVariant *
inn_machine_apply_finish (InnMachine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_inspected (GObject *source, GAsyncResult *result, gpointer data)
{
  return_value (source, result, "(a{sv})", data);
}

void
inn_machine_inspect_disk_async (InnMachine *self,
                                const char *target,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer data)
{
  GTask *task;

  g_return_if_fail (INN_IS_MACHINE (self));
  g_return_if_fail (target != NULL);
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_inspect_disk_async);
  call_full (self, INN_IFACE_MACHINE, "InspectDisk", g_variant_new ("(sa{sv})", target, NULL),
             INN_CALL_QUIET, task, on_inspected);
}

GVariant *
inn_machine_inspect_disk_finish (InnMachine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_disk_grown (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GVariant) reply = take_reply (source, result, "(s)", task, NULL);
  char *note;

  if (reply == NULL)
    return;
  g_variant_get (reply, "(s)", &note);
  g_task_return_pointer (task, note, g_free);
}

void
inn_machine_grow_disk_async (InnMachine *self,
                             const char *target,
                             guint64 size,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  GTask *task;

  g_return_if_fail (INN_IS_MACHINE (self));
  g_return_if_fail (target != NULL);
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_grow_disk_async);
  call (self, INN_IFACE_MACHINE, "GrowDisk", g_variant_new ("(sta{sv})", target, size, NULL), task,
        on_disk_grown);
}

char *
inn_machine_grow_disk_finish (InnMachine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = take_reply (source, result, "(h)", task, &fds);
  gint32 handle;
  GError *error = NULL;
  int fd = -1;

  if (reply == NULL)
    return;
  g_variant_get (reply, "(h)", &handle);
  if (fds != NULL && handle >= 0 && handle < g_unix_fd_list_get_length (fds))
    fd = g_unix_fd_list_get (fds, handle, &error);
  if (fd >= 0)
    g_task_return_int (task, fd);
  else if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_HELPER,
                             _ ("The helper gave no line to the machine. Update vmm-helper."));
}

void
inn_machine_open_display_async (InnMachine *self,
                                const char *protocol,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer data)
{
  GTask *task;

  g_return_if_fail (INN_IS_MACHINE (self));
  g_return_if_fail (protocol != NULL);
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_open_display_async);
  call (self, INN_IFACE_CONSOLE, "OpenDisplay", g_variant_new ("(sa{sv})", protocol, NULL), task,
        on_opened);
}

void
inn_machine_open_serial_async (InnMachine *self,
                               const char *name,
                               gboolean read_only,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer data)
{
  GTask *task;
  GVariantBuilder options;

  g_return_if_fail (INN_IS_MACHINE (self));
  g_return_if_fail (name != NULL);
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_open_serial_async);
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (read_only)
    g_variant_builder_add (&options, "{sv}", "read-only", g_variant_new_boolean (TRUE));
  call (self, INN_IFACE_CONSOLE, "OpenSerial", g_variant_new ("(sa{sv})", name, &options), task,
        on_opened);
}

void
inn_machine_open_usb_async (InnMachine *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer data)
{
  GTask *task;

  g_return_if_fail (INN_IS_MACHINE (self));
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_open_usb_async);
  call (self, INN_IFACE_CONSOLE, "OpenUsb", g_variant_new ("(a{sv})", NULL), task, on_opened);
}

void
inn_machine_screenshot_async (InnMachine *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  GTask *task;

  g_return_if_fail (INN_IS_MACHINE (self));
  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, inn_machine_screenshot_async);
  call_full (self, INN_IFACE_CONSOLE, "Screenshot", g_variant_new ("(a{sv})", NULL), INN_CALL_QUIET,
             task, on_opened);
}

int
inn_machine_open_finish (InnMachine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  return (int)g_task_propagate_int (G_TASK (result), error);
}
