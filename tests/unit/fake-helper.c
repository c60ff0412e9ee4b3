/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "fake-helper.h"

#include "shared/inn-names.h"

struct _FakeHelper
{
  GDBusConnection *bus;
  char *client;        /* who asked GetManagedObjects: signals go to it only */
  GHashTable *objects; /* path → a{sa{sv}} */
  GHashTable *calls;   /* method → count */
  FakeAnswer answer;
  gpointer data;
  guint subtrees[3];
};

static const char xml[] =
    "<node>"
    "<interface name='org.freedesktop.DBus.ObjectManager'>"
    "<method name='GetManagedObjects'><arg type='a{oa{sa{sv}}}' direction='out'/></method>"
    "</interface>"
    "<interface name='org.freedesktop.DBus.Properties'>"
    "<method name='Get'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='v' direction='out'/></method></interface>"
    "<interface name='" INN_IFACE_MANAGER "'>"
    "<method name='GetStatistics'><arg type='a{sv}' direction='in'/>"
    "<arg type='a(oa{sv})' direction='out'/></method>"
    "<method name='InspectImage'><arg type='h' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='a{sv}' direction='out'/></method>"
    "<method name='Create'><arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='o' direction='out'/><arg type='o' direction='out'/></method></interface>"
    "<interface name='" INN_IFACE_MACHINE "'>"
    "<method name='Start'><arg type='a{sv}' direction='in'/><arg type='o' "
    "direction='out'/></method>"
    "<method name='Shutdown'><arg type='a{sv}' direction='in'/></method>"
    "<method name='Pause'><arg type='a{sv}' direction='in'/></method>"
    "<method name='Resume'><arg type='a{sv}' direction='in'/></method>"
    "<method name='Apply'><arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='a(sss)' direction='out'/></method>"
    "<method name='ListStorage'><arg type='a{sv}' direction='in'/>"
    "<arg type='aa{sv}' direction='out'/></method>"
    "<method name='Delete'><arg type='a{sv}' direction='in'/><arg type='o' "
    "direction='out'/></method>"
    "<method name='GetPerformance'><arg type='a{sv}' direction='in'/>"
    "<arg type='t' direction='out'/><arg type='a(sst)' direction='out'/></method>"
    "<method name='GetHistory'><arg type='u' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='as' direction='out'/><arg type='a(tuad)' direction='out'/></method>"
    "<method name='GetXml'><arg type='a{sv}' direction='in'/><arg type='s' direction='out'/>"
    "<arg type='t' direction='out'/></method></interface>"
    "<interface name='" INN_IFACE_CONSOLE "'>"
    "<method name='OpenDisplay'><arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='h' direction='out'/></method>"
    "<method name='Screenshot'><arg type='a{sv}' direction='in'/><arg type='h' direction='out'/>"
    "</method>"
    "<method name='OpenSerial'><arg type='s' direction='in'/><arg type='a{sv}' direction='in'/>"
    "<arg type='h' direction='out'/></method>"
    "<method name='OpenUsb'><arg type='a{sv}' direction='in'/><arg type='h' direction='out'/>"
    "</method></interface>"
    "<interface name='" INN_IFACE_GUEST "'>"
    "<method name='GetInfo'><arg type='a{sv}' direction='in'/>"
    "<arg type='a{sv}' direction='out'/></method>"
    "<method name='SetPassword'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{sv}' direction='in'/></method>"
    "<method name='Trim'><arg type='a{sv}' direction='in'/></method></interface>"
    "<interface name='" INN_IFACE_JOB "'>"
    "<method name='Cancel'><arg type='a{sv}' direction='in'/></method></interface>"
    "</node>";

static void
on_method_call (GDBusConnection *bus,
                const char *sender,
                const char *path,
                const char *interface,
                const char *method,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer data)
{
  FakeHelper *fake = data;
  GVariantBuilder all;
  GHashTableIter iter;
  const char *key;
  GVariant *value;

  g_hash_table_insert (
      fake->calls, g_strdup (method),
      GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (fake->calls, method)) + 1));
  if (!g_str_equal (method, "GetManagedObjects"))
    {
      fake->answer (fake, invocation, fake->data);
      return;
    }
  g_free (fake->client);
  fake->client = g_strdup (sender);
  g_variant_builder_init (&all, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  g_hash_table_iter_init (&iter, fake->objects);
  while (g_hash_table_iter_next (&iter, (gpointer *)&key, (gpointer *)&value))
    g_variant_builder_add (&all, "{o@a{sa{sv}}}", key, value);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{oa{sa{sv}}})", &all));
}

static char **
on_enumerate (GDBusConnection *bus, const char *sender, const char *path, gpointer data)
{
  return g_new0 (char *, 1);
}

static GDBusInterfaceInfo **
on_introspect (GDBusConnection *bus,
               const char *sender,
               const char *path,
               const char *node,
               gpointer data)
{
  static GDBusNodeInfo *info = NULL;
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  if (info == NULL)
    info = g_dbus_node_info_new_for_xml (xml, NULL);
  g_assert_nonnull (info);
  for (guint i = 0; info->interfaces[i] != NULL; i++)
    g_ptr_array_add (all, g_dbus_interface_info_ref (info->interfaces[i]));
  g_ptr_array_add (all, NULL);
  return (GDBusInterfaceInfo **)g_ptr_array_steal (all, NULL);
}

static const GDBusInterfaceVTable *
on_dispatch (GDBusConnection *bus,
             const char *sender,
             const char *path,
             const char *interface,
             const char *node,
             gpointer *out_data,
             gpointer data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call };

  *out_data = data;
  return &vtable;
}

static GVariant *
one_interface (const char *interface, GVariant *members)
{
  return g_variant_ref_sink (g_variant_new_parsed ("{%s: %@a{sv}}", interface, members));
}

static void
fill (FakeHelper *fake, guint protocol, guint n_machines)
{
  g_hash_table_insert (
      fake->objects, g_strdup (INN_MANAGER_PATH),
      g_variant_ref_sink (g_variant_new_parsed (
          "{%s: {'Protocol': <%u>, 'Mode': <'session'>, 'Networks': <[('user', ''), "
          "('network', 'Not in a session.'), ('bridge', 'Not in a session.'), "
          "('direct', 'Not in a session.')]>}, "
          "%s: {'Cpus': <uint32 8>}}",
          INN_IFACE_MANAGER, protocol, INN_IFACE_HOST)));
  for (guint i = 0; i < n_machines; i++)
    {
      g_autofree char *name = g_strdup_printf ("machine %u", i);
      g_hash_table_insert (
          fake->objects, g_strdup_printf (INN_MACHINES_PATH "/m%u", i),
          g_variant_ref_sink (g_variant_new_parsed (
              "{%s: {'Name': <%s>, 'State': <'off'>, 'Vcpus': <%u>}, %s: {'Displays': <['vnc']>}}",
              INN_IFACE_MACHINE, name, i, INN_IFACE_CONSOLE)));
    }
}

FakeHelper *
fake_helper_new (guint protocol, guint n_machines, FakeAnswer answer, gpointer data)
{
  static const char *const subtrees[] = { INN_ROOT_PATH, INN_MACHINES_PATH, INN_JOBS_PATH };
  static const GDBusSubtreeVTable vtable = { on_enumerate, on_introspect, on_dispatch };
  FakeHelper *fake = g_new0 (FakeHelper, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  fake->bus =
      g_dbus_connection_new_for_address_sync (g_getenv ("DBUS_SESSION_BUS_ADDRESS"),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  fake->objects =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
  fake->calls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  fake->answer = answer;
  fake->data = data;
  fill (fake, protocol, n_machines);
  for (guint i = 0; i < G_N_ELEMENTS (subtrees); i++)
    {
      fake->subtrees[i] = g_dbus_connection_register_subtree (
          fake->bus, subtrees[i], &vtable, G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES,
          fake, NULL, &error);
      g_assert_no_error (error);
    }
  reply = g_dbus_connection_call_sync (
      fake->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new ("(su)", INN_BUS_NAME, 4), G_VARIANT_TYPE ("(u)"),
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  return fake;
}

void
fake_helper_free (FakeHelper *fake)
{
  for (guint i = 0; i < G_N_ELEMENTS (fake->subtrees); i++)
    g_dbus_connection_unregister_subtree (fake->bus, fake->subtrees[i]);
  g_dbus_connection_close_sync (fake->bus, NULL, NULL);
  g_object_unref (fake->bus);
  g_hash_table_unref (fake->objects);
  g_hash_table_unref (fake->calls);
  g_free (fake->client);
  g_free (fake);
}

void
fake_helper_emit (FakeHelper *fake,
                  const char *path,
                  const char *interface,
                  const char *signal,
                  GVariant *parameters)
{
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (fake->client);
  g_dbus_connection_emit_signal (fake->bus, fake->client, path, interface, signal, parameters,
                                 &error);
  g_assert_no_error (error);
}

void
fake_helper_change (FakeHelper *fake,
                    const char *path,
                    const char *interface,
                    const char *property,
                    GVariant *value)
{
  fake_helper_emit (fake, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                    g_variant_new_parsed ("(%s, {%s: %v}, @as [])", interface, property, value));
}

void
fake_helper_add (FakeHelper *fake, const char *path, const char *interface, GVariant *members)
{
  GVariant *interfaces = one_interface (interface, members);

  g_hash_table_insert (fake->objects, g_strdup (path), interfaces);
  if (fake->client != NULL)
    fake_helper_emit (fake, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
                      g_variant_new ("(o@a{sa{sv}})", path, interfaces));
}

void
fake_helper_remove (FakeHelper *fake, const char *path, const char *interface)
{
  const char *interfaces[] = { interface, NULL };

  g_hash_table_remove (fake->objects, path);
  if (fake->client != NULL)
    fake_helper_emit (fake, INN_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                      "InterfacesRemoved", g_variant_new ("(o^as)", path, interfaces));
}

guint
fake_helper_count_calls (FakeHelper *fake, const char *method)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (fake->calls, method));
}

void
fake_helper_pass (GDBusMethodInvocation *invocation)
{
  const GDBusMethodInfo *info = g_dbus_method_invocation_get_method_info (invocation);

  if (info->out_args == NULL || info->out_args[0] == NULL)
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Unsupported",
                                                "Not here.");
}
