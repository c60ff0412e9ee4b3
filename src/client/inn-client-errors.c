/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What can go wrong on the way to the helper, in sentences. The helper's own errors pass through.
 */
#include "inn-client-private.h"

#include <glib/gi18n-lib.h>

static GError *
map_dbus_error (int code)
{
  switch (code)
    {
    case G_DBUS_ERROR_SERVICE_UNKNOWN:
    case G_DBUS_ERROR_NAME_HAS_NO_OWNER:
    case G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND:
      return g_error_new_literal (
          INN_ERROR, INN_ERROR_HELPER,
          _ ("Innkeeper's helper, which runs the machines, is not installed or not running. "
             "Install "
             "vmm-helper, or start Innkeeper with src/run from its source folder."));
    case G_DBUS_ERROR_NO_REPLY:
    case G_DBUS_ERROR_DISCONNECTED:
      return g_error_new_literal (
          INN_ERROR, INN_ERROR_HELPER,
          _ ("The helper ended before it answered. Your machines keep running; try again in a "
             "moment."));
    case G_DBUS_ERROR_UNKNOWN_OBJECT:
      return g_error_new_literal (INN_ERROR, INN_ERROR_NOT_FOUND,
                                  _ ("This is no longer there. Choose another."));
    case G_DBUS_ERROR_UNKNOWN_METHOD:
    case G_DBUS_ERROR_UNKNOWN_INTERFACE:
    case G_DBUS_ERROR_UNKNOWN_PROPERTY:
      return g_error_new_literal (INN_ERROR, INN_ERROR_HELPER,
                                  _ ("The helper is too old for this version of Innkeeper. Update "
                                     "vmm-helper, then start it "
                                     "again."));
    case G_DBUS_ERROR_ACCESS_DENIED:
    case G_DBUS_ERROR_AUTH_FAILED:
      return g_error_new_literal (
          INN_ERROR, INN_ERROR_DENIED,
          _ ("You are not allowed to do this here. Ask the administrator of this computer."));
    case G_DBUS_ERROR_SPAWN_EXEC_FAILED:
    case G_DBUS_ERROR_SPAWN_FORK_FAILED:
    case G_DBUS_ERROR_SPAWN_CHILD_EXITED:
    case G_DBUS_ERROR_SPAWN_CHILD_SIGNALED:
    case G_DBUS_ERROR_SPAWN_FAILED:
    case G_DBUS_ERROR_SPAWN_SETUP_FAILED:
    case G_DBUS_ERROR_SPAWN_FILE_INVALID:
    case G_DBUS_ERROR_SPAWN_CONFIG_INVALID:
    case G_DBUS_ERROR_TIMED_OUT:
      return g_error_new_literal (
          INN_ERROR, INN_ERROR_HELPER,
          _ ("The helper could not be started. Look into the system's journal for messages of "
             "vmm-helper, then try again."));
    case G_DBUS_ERROR_LIMITS_EXCEEDED:
      return g_error_new_literal (
          INN_ERROR, INN_ERROR_LIMIT,
          _ ("The helper has too much to do at the moment. Try again in a little while."));
    default:
      return NULL;
    }
}

GError *
inn_client_bus_ended (void)
{
  return g_error_new_literal (INN_ERROR, INN_ERROR_HELPER,
                              _ ("The message bus of this computer has ended. Innkeeper connects "
                                 "again as soon as it is back."));
}

GError *
inn_client_map_error (const GError *error)
{
  g_autoptr (GError) copy = g_error_copy (error);

  inn_error_strip (copy);
  if (copy->domain == INN_ERROR)
    return g_steal_pointer (&copy);
  if (copy->domain == G_DBUS_ERROR)
    {
      GError *mapped = map_dbus_error (copy->code);
      if (mapped != NULL)
        return mapped;
    }
  if (g_error_matches (copy, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return g_error_new_literal (INN_ERROR, INN_ERROR_CANCELLED, _ ("This was cancelled."));
  if (g_error_matches (copy, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
      g_error_matches (copy, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    return inn_client_bus_ended ();
  return g_error_new (INN_ERROR, INN_ERROR_FAILED, _ ("The helper failed: %s"), copy->message);
}
