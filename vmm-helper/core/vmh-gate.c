/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The gate: every message for our objects comes through here, in this order: the caller's uid (from
 * the bus), size, the object and whether the caller sees it, the action that the contract names,
 * polkit, and only then the handler. Knows nothing of machines. */
#include "vmh-registry-private.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>
#include "shared/inn-errors.h"
#include "shared/inn-names.h"
#include "vmh-auth.h"
#include "vmh-intake.h"
#include "vmh-stuck.h"

#define ANNOTATION_ACTION "org.innkeeper.Action"
#define ACTION_OTHERS     "org.innkeeper.helper.others"
#define IFACE_PROPERTIES  "org.freedesktop.DBus.Properties"
#define IFACE_MANAGER     "org.freedesktop.DBus.ObjectManager"

/* The same words for what is not there and for what is another user's. */
static void
fail_not_found (VmhCall *call)
{
  const char *path = g_dbus_method_invocation_get_object_path (call->invocation);

  vmh_call_fail (call, g_error_new (INN_ERROR, INN_ERROR_NOT_FOUND,
                                    _ ("There is no “%s” here, or it is not yours."), path));
}

static VmhExport *
find_visible (VmhCall *call)
{
  const char *path = g_dbus_method_invocation_get_object_path (call->invocation);
  VmhExport *object = g_hash_table_lookup (call->registry->by_path, path);

  return object != NULL && vmh_client_sees (call->client, object) ? object : NULL;
}

static void
answer_property (VmhCall *call, const VmhExport *object)
{
  const char *member = g_dbus_method_invocation_get_method_name (call->invocation);
  GVariant *parameters = vmh_call_get_parameters (call);
  const VmhInterface *interface;
  const char *name;

  if (g_str_equal (member, "Set"))
    {
      vmh_call_fail (call, g_error_new (INN_ERROR, INN_ERROR_UNSUPPORTED,
                                        _ ("Properties only tell; methods change.")));
      return;
    }
  g_variant_get_child (parameters, 0, "&s", &name);
  interface = vmh_export_find (object, name);
  if (interface == NULL)
    {
      fail_not_found (call);
      return;
    }
  if (g_str_equal (member, "GetAll"))
    {
      vmh_call_return (call, g_variant_new ("(@a{sv})", vmh_export_get_all (object, interface)));
      return;
    }
  g_variant_get_child (parameters, 1, "&s", &name);
  for (const VmhProperty *row = interface->properties; row != NULL && row->name != NULL; row++)
    if (g_str_equal (row->name, name))
      {
        vmh_call_return (call, g_variant_new ("(v)", row->get (object->object)));
        return;
      }
  fail_not_found (call);
}

static void
on_authorized (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhCall *call = data;
  VmhExport *object;
  GError *error = NULL;

  if (!vmh_auth_check_finish (result, &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  /* The prompt may have taken minutes: the caller, the object or its owner may be others now. */
  object = find_visible (call);
  if (call->client->gone)
    vmh_call_fail (call, g_error_new (INN_ERROR, INN_ERROR_CANCELLED, _ ("The caller is gone.")));
  else if (object == NULL || object->object != call->object)
    fail_not_found (call);
  else
    call->method->handle (call);
}

static const char *
find_action (VmhCall *call, const VmhExport *object)
{
  const GDBusMethodInfo *info = g_dbus_method_invocation_get_method_info (call->invocation);
  const char *action = g_dbus_annotation_info_lookup (info->annotations, ANNOTATION_ACTION);

  if (action == NULL || *action == '\0')
    return NULL;
  if (object->owner != VMH_OWNER_ALL && object->owner != call->client->uid)
    return ACTION_OTHERS;
  return action;
}

static void
authorize (VmhCall *call, const VmhExport *object, const char *action)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);
  gboolean interactive = (g_dbus_message_get_flags (message) &
                          G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;

  call->object = g_object_ref (object->object);
  /* On a session bus the uid has been compared already, and one's own machines need no password. */
  if (!call->registry->system_mode)
    call->method->handle (call);
  else
    vmh_auth_check_async (call->client->name, call->client->uid, action, interactive,
                          call->cancellable, on_authorized, call);
}

static void
dispatch (VmhCall *call)
{
  const char *interface_name = g_dbus_method_invocation_get_interface_name (call->invocation);
  const char *member = g_dbus_method_invocation_get_method_name (call->invocation);
  VmhExport *object;
  const VmhInterface *interface;
  const char *action;
  GError *error = NULL;

  if (g_str_equal (interface_name, IFACE_MANAGER))
    {
      if (!vmh_client_listen (call->client, &error))
        {
          vmh_call_fail (call, error);
          return;
        }
      vmh_call_return (call, vmh_registry_get_managed (call->registry, call->client));
      return;
    }
  object = find_visible (call);
  if (object == NULL)
    {
      fail_not_found (call);
      return;
    }
  if (g_str_equal (interface_name, IFACE_PROPERTIES))
    {
      answer_property (call, object);
      return;
    }
  interface = vmh_export_find (object, interface_name);
  for (const VmhMethod *row = interface != NULL ? interface->methods : NULL;
       row != NULL && row->name != NULL; row++)
    if (g_str_equal (row->name, member))
      call->method = row;
  action = find_action (call, object);
  if (interface == NULL)
    fail_not_found (call);
  else if (action == NULL)
    vmh_call_fail (call,
                   g_error_new (INN_ERROR, INN_ERROR_DENIED,
                                _ ("“%s” names no authorization, so nobody may call it."), member));
  else if (call->method == NULL)
    vmh_call_fail (call, g_error_new (INN_ERROR, INN_ERROR_UNSUPPORTED,
                                      _ ("This helper cannot do “%s”."), member));
  else
    authorize (call, object, action);
}

static gboolean
check_size (VmhCall *call, GError **error)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);
  gsize size = g_variant_get_size (vmh_call_get_parameters (call));

  if (size > VMH_MAX_MESSAGE || g_dbus_message_get_num_unix_fds (message) > VMH_MAX_FDS)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
                   _ ("The request is too large: %u bytes and %u files are the most."),
                   (guint)VMH_MAX_MESSAGE, (guint)VMH_MAX_FDS);
      return FALSE;
    }
  return TRUE;
}

static void
admit (VmhCall *call)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);
  uid_t user = call->client->uid;
  GError *error = NULL;

  if (call->client->gone) /* before its turn came */
    vmh_call_fail (call, g_error_new (INN_ERROR, INN_ERROR_CANCELLED, _ ("The caller is gone.")));
  else if ((g_dbus_message_get_num_unix_fds (message) > 0 && !vmh_stuck_check (user, &error)) ||
           !check_size (call, &error))
    vmh_call_fail (call, error);
  else if (!call->registry->system_mode && user != geteuid ())
    vmh_call_fail (
        call, g_error_new (INN_ERROR, INN_ERROR_DENIED, _ ("This helper serves another user.")));
  else
    dispatch (call);
}

/* One in each turn of the main loop, so that nobody's answers wait for all that are asked. Rests
 * before it looks: the bus may take an answer meanwhile, and wakes it. */
static gboolean
on_turn (GSource *source, GSourceFunc callback, gpointer data)
{
  VmhRegistry *registry = data;
  VmhCall *call;

  g_source_set_ready_time (source, -1);
  call = vmh_turns_pop_of (&registry->arrived, vmh_intake_may_answer);
  if (call != NULL)
    {
      g_source_set_ready_time (source, 0);
      admit (call);
    }
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs turn_funcs = { .dispatch = on_turn };

GSource *
vmh_gate_open (VmhRegistry *registry)
{
  GSource *source = g_source_new (&turn_funcs, sizeof (GSource));

  g_source_set_callback (source, G_SOURCE_FUNC (on_turn), registry, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  vmh_intake_wake (source, TRUE);
  return source;
}

void
vmh_gate_queue (VmhCall *call)
{
  VmhRegistry *registry = call->registry;

  vmh_client_count (call->client, call);
  vmh_intake_claim (g_dbus_method_invocation_get_message (call->invocation), call->client->uid);
  vmh_turns_push (&registry->arrived, call->client->uid, call);
  g_source_set_ready_time (registry->turn, 0);
}

void
vmh_gate_receive (VmhRegistry *registry, GDBusMethodInvocation *invocation)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  VmhClient *client;
  VmhCall *call;

  if (sender == NULL) /* no bus, no bus credentials */
    {
      g_dbus_method_invocation_return_error_literal (invocation, INN_ERROR, INN_ERROR_DENIED,
                                                     _ ("Calls are taken from a bus only."));
      return;
    }
  client = vmh_client_obtain (registry, sender);
  call = vmh_call_new (invocation, client);
  if (client->known)
    vmh_gate_queue (call);
  else
    g_queue_push_tail (&client->waiting, call);
}
