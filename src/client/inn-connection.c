/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-connection.h"

#include <glib/gi18n-lib.h>
#include "inn-client-private.h"
#include "inn-objects.h"
#include "inn-statistics.h"

#define RETRY_FIRST_MS 250
#define RETRY_MAX_MS   30000
/* Only a socket is tried, and whoever waits for the bus waits for everything. */
#define RETRY_BUS_MS 250
/* A helper that lived that long is started again at once when it ends. */
#define STEADY_US (10 * G_USEC_PER_SEC)

struct _InnConnection
{
  GObject parent_instance;

  GBusType bus_type;
  InnConnectionState state;
  GError *error;
  GCancellable *cancellable; /* of everything we do by ourselves */

  GDBusConnection *bus; /* NULL before there is one, and after it has ended */
  gboolean opening;     /* the next one */
  guint watch;
  char *owner; /* unique name of the helper that we listen to */
  guint subscriptions[3];
  GCancellable *loading; /* of the present owner's GetManagedObjects */

  guint retry;
  guint retry_ms;
  gint64 ready_since;

  InnObjects *objects;

  InnStatistics *statistics;
};

enum
{
  PROP_STATE = 1,
  PROP_ERROR,
  PROP_MODE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (InnConnection, inn_connection, G_TYPE_OBJECT)

static GType
inn_connection_state_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { INN_CONNECTION_CONNECTING, "INN_CONNECTION_CONNECTING", "connecting" },
    { INN_CONNECTION_READY, "INN_CONNECTION_READY", "ready" },
    { INN_CONNECTION_FAILED, "INN_CONNECTION_FAILED", "failed" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("InnConnectionState", values));
  return type;
}

/* Takes @error over. */
static void
set_state (InnConnection *self, InnConnectionState state, GError *error)
{
  const gboolean changed = state != self->state;
  const gboolean error_changed =
      (error == NULL) != (self->error == NULL) ||
      (error != NULL && !g_str_equal (error->message, self->error->message));

  self->state = state;
  g_clear_error (&self->error);
  self->error = error;
  g_object_freeze_notify (G_OBJECT (self));
  if (error_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  g_object_thaw_notify (G_OBJECT (self));
  inn_statistics_update (self->statistics);
}

static void
on_signal (GDBusConnection *bus,
           const char *sender,
           const char *path,
           const char *interface,
           const char *member,
           GVariant *parameters,
           gpointer data)
{
  InnConnection *self = data;

  inn_objects_take_signal (self->objects, path, member, parameters);
  inn_statistics_update (self->statistics);
}

static void
forget_owner (InnConnection *self)
{
  g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
  g_clear_pointer (&self->owner, g_free);
  for (guint i = 0; i < G_N_ELEMENTS (self->subscriptions); i++)
    {
      if (self->subscriptions[i] != 0)
        g_dbus_connection_signal_unsubscribe (self->bus, self->subscriptions[i]);
      self->subscriptions[i] = 0;
    }
}

static void
on_objects_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnConnection) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  guint32 protocol;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (reply == NULL)
    {
      /* If it died, on_name_vanished says the same and tries again. */
      set_state (self, INN_CONNECTION_FAILED, inn_client_map_error (error));
      return;
    }
  protocol = inn_objects_take_all (self->objects, reply);
  if (protocol < INN_PROTOCOL)
    {
      set_state (self, INN_CONNECTION_FAILED,
                 g_error_new (INN_ERROR, INN_ERROR_HELPER,
                              _ ("The helper is too old: it speaks version %u of the protocol, and "
                                 "Innkeeper needs %u. Update vmm-helper, then start it again."),
                              protocol, INN_PROTOCOL));
      return;
    }
  self->ready_since = g_get_monotonic_time ();
  set_state (self, INN_CONNECTION_READY, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MODE]);
}

static void
on_name_appeared (GDBusConnection *bus, const char *name, const char *owner, gpointer data)
{
  static const char *const signals[][2] = {
    { "org.freedesktop.DBus.ObjectManager", "InterfacesAdded" },
    { "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved" },
    { "org.freedesktop.DBus.Properties", "PropertiesChanged" },
  };
  InnConnection *self = data;

  g_clear_handle_id (&self->retry, g_source_remove);
  forget_owner (self);
  set_state (self, INN_CONNECTION_CONNECTING, NULL);
  self->owner = g_strdup (owner);
  self->loading = g_cancellable_new ();
  inn_objects_expect_all (self->objects);
  /* By the unique name: nobody else's signals are listened to. */
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    self->subscriptions[i] =
        g_dbus_connection_signal_subscribe (bus, owner, signals[i][0], signals[i][1], NULL, NULL,
                                            G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  g_dbus_connection_call (bus, owner, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                          "GetManagedObjects", NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, self->loading,
                          on_objects_loaded, g_object_ref (self));
}

static void retry_later (InnConnection *self);

/* Session and system are installed by different ways, and a person can do without the latter. */
static GError *
map_start_error (InnConnection *self, const GError *error)
{
  if (self->bus_type == G_BUS_TYPE_SYSTEM &&
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))
    return g_error_new_literal (
        INN_ERROR, INN_ERROR_HELPER,
        _ ("This computer has no machines of its own, because Innkeeper is not installed for the "
           "whole system. Install it, or choose My Machines above the list."));
  return inn_client_map_error (error);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnConnection) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->owner != NULL)
    return;
  retry_later (self); /* before it is told, so that whoever is told knows that we go on trying */
  if (reply == NULL)
    set_state (self, INN_CONNECTION_FAILED, map_start_error (self, error));
}

static void
start_helper (InnConnection *self)
{
  g_dbus_connection_call (
      self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "StartServiceByName", g_variant_new ("(su)", INN_BUS_NAME, 0), G_VARIANT_TYPE ("(u)"),
      G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->cancellable, on_started, g_object_ref (self));
}

static void connect_again (InnConnection *self);

static gboolean
on_retry (gpointer data)
{
  InnConnection *self = data;

  self->retry = 0;
  if (self->bus == NULL)
    connect_again (self);
  else
    start_helper (self);
  return G_SOURCE_REMOVE;
}

/* Twice as long each time, so that a helper that cannot start is not started in a loop. */
static void
retry_later (InnConnection *self)
{
  if (self->retry != 0)
    return;
  self->retry = g_timeout_add (self->retry_ms, on_retry, self);
  self->retry_ms = MIN (self->retry_ms * 2, RETRY_MAX_MS);
}

static void
lose_bus (InnConnection *self)
{
  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  g_clear_object (&self->bus);
  g_clear_handle_id (&self->retry, g_source_remove);
  self->retry_ms = RETRY_FIRST_MS;
  self->retry = g_timeout_add (RETRY_BUS_MS, on_retry, self);
  set_state (self, INN_CONNECTION_FAILED, inn_client_bus_ended ());
}

static void
on_name_vanished (GDBusConnection *bus, const char *name, gpointer data)
{
  InnConnection *self = data;
  const gboolean had_one = self->owner != NULL;

  forget_owner (self);
  if (bus == NULL)
    {
      lose_bus (self);
      return;
    }
  if (had_one && self->state == INN_CONNECTION_READY &&
      g_get_monotonic_time () - self->ready_since > STEADY_US)
    self->retry_ms = RETRY_FIRST_MS;
  if (had_one)
    retry_later (self);
  set_state (self, INN_CONNECTION_CONNECTING, NULL);
  if (!had_one)
    start_helper (self);
}

/* Takes @bus over. */
static void
use_bus (InnConnection *self, GDBusConnection *bus)
{
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  self->bus = bus;
  self->watch = g_bus_watch_name_on_connection (bus, INN_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                on_name_appeared, on_name_vanished, self, NULL);
}

static void
on_connected_again (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnConnection) self = data;
  GDBusConnection *bus = g_dbus_connection_new_for_address_finish (result, NULL);

  self->opening = FALSE;
  if (g_cancellable_is_cancelled (self->cancellable))
    g_clear_object (&bus);
  else if (bus != NULL)
    use_bus (self, bus);
  else
    lose_bus (self);
}

/* One of our own: GLib keeps a closed bus for the whole process. */
static void
connect_again (InnConnection *self)
{
  g_autofree char *address = g_dbus_address_get_for_bus_sync (self->bus_type, NULL, NULL);

  if (address == NULL)
    {
      lose_bus (self);
      return;
    }
  self->opening = TRUE;
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                         G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, on_connected_again,
                                     g_object_ref (self));
}

static void
on_bus_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnConnection) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
      g_cancellable_is_cancelled (self->cancellable))
    return;
  if (bus == NULL)
    {
      set_state (self, INN_CONNECTION_FAILED,
                 g_error_new (INN_ERROR, INN_ERROR_HELPER,
                              _ ("There is no message bus to reach the helper on (%s). Start "
                                 "Innkeeper with src/run, or inside dbus-run-session."),
                              error->message));
      return;
    }
  use_bus (self, g_steal_pointer (&bus));
}

static void
inn_connection_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  InnConnection *self = INN_CONNECTION (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    case PROP_MODE:
      g_value_set_string (value, inn_connection_get_mode (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
inn_connection_dispose (GObject *object)
{
  InnConnection *self = INN_CONNECTION (object);

  g_cancellable_cancel (self->cancellable);
  inn_statistics_want (self->statistics, FALSE);
  g_clear_handle_id (&self->retry, g_source_remove);
  if (self->bus != NULL)
    forget_owner (self);
  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  g_clear_object (&self->bus);
  G_OBJECT_CLASS (inn_connection_parent_class)->dispose (object);
}

static void
inn_connection_finalize (GObject *object)
{
  InnConnection *self = INN_CONNECTION (object);

  g_clear_pointer (&self->statistics, inn_statistics_free);
  g_clear_pointer (&self->objects, inn_objects_free);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (inn_connection_parent_class)->finalize (object);
}

static void
inn_connection_class_init (InnConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = inn_connection_get_property;
  object_class->dispose = inn_connection_dispose;
  object_class->finalize = inn_connection_finalize;
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, inn_connection_state_type (),
                                              INN_CONNECTION_CONNECTING, flags);
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, flags);
  properties[PROP_MODE] = g_param_spec_string ("mode", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
inn_connection_init (InnConnection *self)
{
  self->retry_ms = RETRY_FIRST_MS;
  self->cancellable = g_cancellable_new ();
  self->objects = inn_objects_new (self);
  self->statistics = inn_statistics_new (self, self->objects, self->cancellable);
}

InnConnection *
inn_connection_new (GBusType bus_type)
{
  InnConnection *self = g_object_new (INN_TYPE_CONNECTION, NULL);

  (void)INN_ERROR; /* from here on the helper's errors have their names */
  self->bus_type = bus_type;
  g_bus_get (bus_type, self->cancellable, on_bus_ready, g_object_ref (self));
  return self;
}

InnConnectionState
inn_connection_get_state (InnConnection *self)
{
  g_return_val_if_fail (INN_IS_CONNECTION (self), INN_CONNECTION_FAILED);
  return self->state;
}

const GError *
inn_connection_get_error (InnConnection *self)
{
  g_return_val_if_fail (INN_IS_CONNECTION (self), NULL);
  return self->error;
}

const char *
inn_connection_get_mode (InnConnection *self)
{
  const char *mode = NULL;

  g_return_val_if_fail (INN_IS_CONNECTION (self), NULL);
  if (inn_objects_get_manager (self->objects) != NULL)
    g_variant_lookup (inn_objects_get_manager (self->objects), "Mode", "&s", &mode);
  return mode != NULL ? mode : self->bus_type == G_BUS_TYPE_SYSTEM ? "system" : "session";
}

GListModel *
inn_connection_get_machines (InnConnection *self)
{
  g_return_val_if_fail (INN_IS_CONNECTION (self), NULL);
  return inn_objects_get_machines (self->objects);
}

GListModel *
inn_connection_get_jobs (InnConnection *self)
{
  g_return_val_if_fail (INN_IS_CONNECTION (self), NULL);
  return inn_objects_get_jobs (self->objects);
}

char *
inn_connection_dup_network_problem (InnConnection *self, const char *type)
{
  GVariantIter *networks = NULL;
  const char *name, *problem;
  char *found = NULL;

  g_return_val_if_fail (INN_IS_CONNECTION (self), NULL);
  if (inn_objects_get_manager (self->objects) == NULL ||
      !g_variant_lookup (inn_objects_get_manager (self->objects), "Networks", "a(ss)", &networks))
    return NULL;
  while (found == NULL && g_variant_iter_next (networks, "(&s&s)", &name, &problem))
    if (g_str_equal (name, type) && *problem != '\0')
      found = g_strdup (problem);
  g_variant_iter_free (networks);
  return found;
}

GVariant *
inn_connection_get_host (InnConnection *self, const char *property)
{
  GVariant *host;

  g_return_val_if_fail (INN_IS_CONNECTION (self), NULL);
  host = inn_objects_get_host (self->objects);
  return host != NULL ? g_variant_lookup_value (host, property, NULL) : NULL;
}

InnMachine *
inn_connection_lookup_machine (InnConnection *self, const char *path)
{
  g_return_val_if_fail (INN_IS_CONNECTION (self), NULL);
  return inn_objects_lookup_machine (self->objects, path);
}

InnJob *
inn_connection_lookup_job (InnConnection *self, const char *path)
{
  return inn_objects_lookup_job (self->objects, path);
}

gboolean
inn_connection_is_trying (InnConnection *self)
{
  g_return_val_if_fail (INN_IS_CONNECTION (self), FALSE);
  return self->state == INN_CONNECTION_CONNECTING || self->retry != 0 || self->opening;
}

gboolean
inn_connection_can_retry (InnConnection *self)
{
  g_return_val_if_fail (INN_IS_CONNECTION (self), FALSE);
  return self->retry != 0 || self->state == INN_CONNECTION_FAILED;
}

void
inn_connection_retry (InnConnection *self)
{
  g_return_if_fail (INN_IS_CONNECTION (self));
  if (self->opening)
    return;
  if (self->bus == NULL && self->retry != 0) /* it has ended */
    {
      g_clear_handle_id (&self->retry, g_source_remove);
      connect_again (self);
    }
  else if (self->bus == NULL && self->state == INN_CONNECTION_FAILED)
    {
      set_state (self, INN_CONNECTION_CONNECTING, NULL);
      g_bus_get (self->bus_type, self->cancellable, on_bus_ready, g_object_ref (self));
    }
  else if (self->owner != NULL && self->state == INN_CONNECTION_FAILED)
    {
      g_autofree char *owner = g_strdup (self->owner);

      on_name_appeared (self->bus, INN_BUS_NAME, owner, self);
    }
  else if (self->owner == NULL && self->retry != 0)
    {
      g_clear_handle_id (&self->retry, g_source_remove);
      set_state (self, INN_CONNECTION_CONNECTING, NULL);
      start_helper (self);
    }
}

void
inn_connection_set_statistics (InnConnection *self, gboolean on)
{
  g_return_if_fail (INN_IS_CONNECTION (self));
  inn_statistics_want (self->statistics, on);
}

GDBusConnection *
inn_connection_get_bus (InnConnection *self)
{
  return self->bus;
}
