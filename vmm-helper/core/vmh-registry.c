/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The objects on the bus and what is told of them: GetManagedObjects and the unicast signals to
 * those who have called it. Who may call what is the gate's. */
#include "vmh-registry-private.h"

#include <malloc.h>
#include "shared/inn-names.h"
#include "vmh-intake.h"

#define IFACE_MANAGER    "org.freedesktop.DBus.ObjectManager"
#define IFACE_PROPERTIES "org.freedesktop.DBus.Properties"

/* From so many objects on the list of all is large: 3 KiB each. */
#define MANY         100
#define TRIM_SECONDS 2

static const char manager_xml[] =
    "<node><interface name='" IFACE_MANAGER "'>"
    "<method name='GetManagedObjects'>"
    "<arg name='objects' type='a{oa{sa{sv}}}' direction='out'/></method>"
    "<signal name='InterfacesAdded'><arg name='path' type='o'/>"
    "<arg name='interfaces' type='a{sa{sv}}'/></signal>"
    "<signal name='InterfacesRemoved'><arg name='path' type='o'/>"
    "<arg name='interfaces' type='as'/></signal>"
    "</interface></node>";

G_DEFINE_FINAL_TYPE (VmhRegistry, vmh_registry, G_TYPE_OBJECT)

static void
export_free (gpointer data)
{
  VmhExport *object = data;

  g_clear_pointer (&object->changed, g_hash_table_unref);
  g_object_unref (object->object);
  g_free (object->path);
  g_free (object);
}

static void
info_free (gpointer data)
{
  GDBusInterfaceInfo *info = data;

  g_dbus_interface_info_cache_release (info); /* the cache goes by the address */
  g_dbus_interface_info_unref (info);
}

const VmhInterface *
vmh_export_find (const VmhExport *object, const char *interface)
{
  for (guint i = 0; object->interfaces[i] != NULL; i++)
    if (g_str_equal (object->interfaces[i]->name, interface))
      return object->interfaces[i];
  return NULL;
}

GVariant *
vmh_export_get_all (const VmhExport *object, const VmhInterface *interface)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (const VmhProperty *row = interface->properties; row != NULL && row->name != NULL; row++)
    g_variant_builder_add (&builder, "{sv}", row->name, row->get (object->object));
  return g_variant_builder_end (&builder);
}

static GVariant *
export_get_interfaces (const VmhExport *object)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{sa{sv}}"));
  for (guint i = 0; object->interfaces[i] != NULL; i++)
    g_variant_builder_add (&builder, "{s@a{sv}}", object->interfaces[i]->name,
                           vmh_export_get_all (object, object->interfaces[i]));
  return g_variant_builder_end (&builder);
}

/* What such an answer took lies between what stays, and malloc keeps it. */
static gboolean
on_trim (gpointer data)
{
  VmhRegistry *registry = data;

  registry->trim_id = 0;
  malloc_trim (0);
  return G_SOURCE_REMOVE;
}

GVariant *
vmh_registry_get_managed (VmhRegistry *registry, VmhClient *client)
{
  GVariantBuilder builder;
  GHashTableIter iter;
  VmhExport *object;

  if (registry->trim_id == 0 && g_hash_table_size (registry->by_path) > MANY)
    registry->trim_id = g_timeout_add_seconds (TRIM_SECONDS, on_trim, registry);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  g_hash_table_iter_init (&iter, registry->by_path);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&object))
    if (vmh_client_sees (client, object))
      g_variant_builder_add (&builder, "{o@a{sa{sv}}}", object->path,
                             export_get_interfaces (object));
  return g_variant_new ("(@a{oa{sa{sv}}})", g_variant_builder_end (&builder));
}

/* To each who listens and sees the object, to nobody else: a broadcast on the system bus would tell
 * every user of every machine. */
static void
tell (VmhRegistry *registry,
      const VmhExport *object,
      VmhClient *only,
      const char *path,
      const char *interface,
      const char *signal,
      GVariant *parameters)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (parameters);
  GHashTableIter iter;
  VmhClient *client;

  g_hash_table_iter_init (&iter, registry->clients);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&client))
    if (client->listening && (only == NULL || only == client) && vmh_client_sees (client, object))
      {
        vmh_intake_owe (client->name, owned);
        g_dbus_connection_emit_signal (registry->connection, client->name, path, interface, signal,
                                       owned, NULL);
      }
}

static void
tell_added (VmhRegistry *registry, const VmhExport *object, VmhClient *only)
{
  tell (registry, object, only, INN_ROOT_PATH, IFACE_MANAGER, "InterfacesAdded",
        g_variant_new ("(o@a{sa{sv}})", object->path, export_get_interfaces (object)));
}

static void
tell_changed (VmhRegistry *registry, VmhExport *object)
{
  g_autoptr (GHashTable) changed = g_steal_pointer (&object->changed);
  GHashTableIter iter;
  const char *name;
  GHashTable *properties;

  g_hash_table_remove (registry->dirty, object);
  if (changed == NULL)
    return;
  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, (gpointer *)&name, (gpointer *)&properties))
    {
      const VmhInterface *interface = vmh_export_find (object, name);
      GVariantBuilder builder;

      g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
      for (const VmhProperty *row = interface->properties; row->name != NULL; row++)
        if (g_hash_table_contains (properties, row->name))
          g_variant_builder_add (&builder, "{sv}", row->name, row->get (object->object));
      tell (registry, object, NULL, object->path, IFACE_PROPERTIES, "PropertiesChanged",
            g_variant_new ("(s@a{sv}@as)", name, g_variant_builder_end (&builder),
                           g_variant_new_strv (NULL, 0)));
    }
}

static gboolean
on_flush (gpointer data)
{
  VmhRegistry *registry = data;
  g_autofree gpointer *objects = NULL;
  guint n_objects;

  registry->flush_id = 0;
  objects = g_hash_table_get_keys_as_array (registry->dirty, &n_objects);
  for (guint i = 0; i < n_objects; i++)
    tell_changed (registry, objects[i]);
  return G_SOURCE_REMOVE;
}

/* GDBus asks these three for each message. None of their answers depends on which objects exist
 * (but for those that all may see), so that neither introspection nor an error leaks a uuid. */
static char **
on_enumerate (GDBusConnection *connection, const char *sender, const char *path, gpointer data)
{
  VmhRegistry *registry = data;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  VmhExport *object;

  if (g_str_equal (path, INN_ROOT_PATH))
    {
      g_hash_table_iter_init (&iter, registry->by_path);
      while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&object))
        if (object->owner == VMH_OWNER_ALL)
          g_strv_builder_add (builder, strrchr (object->path, '/') + 1);
    }
  return g_strv_builder_end (builder);
}

static GDBusInterfaceInfo **
on_introspect (GDBusConnection *connection,
               const char *sender,
               const char *path,
               const char *node,
               gpointer data)
{
  VmhRegistry *registry = data;
  g_autofree char *full = node != NULL ? g_strconcat (path, "/", node, NULL) : g_strdup (path);
  const VmhExport *object = g_hash_table_lookup (registry->by_path, full);
  gboolean is_root = g_str_equal (full, INN_ROOT_PATH);
  g_autoptr (GPtrArray) infos = g_ptr_array_new ();
  GHashTableIter iter;
  const char *name;
  GDBusInterfaceInfo *info;

  g_hash_table_iter_init (&iter, registry->infos);
  while (g_hash_table_iter_next (&iter, (gpointer *)&name, (gpointer *)&info))
    {
      if (is_root != g_str_equal (name, IFACE_MANAGER))
        continue;
      if (object != NULL && object->owner == VMH_OWNER_ALL &&
          vmh_export_find (object, name) == NULL)
        continue;
      g_ptr_array_add (infos, g_dbus_interface_info_ref (info));
    }
  g_ptr_array_add (infos, NULL);
  return (GDBusInterfaceInfo **)g_ptr_array_free (g_steal_pointer (&infos), FALSE);
}

static void
on_method_call (GDBusConnection *connection,
                const char *sender,
                const char *path,
                const char *interface,
                const char *method,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer data)
{
  vmh_gate_receive (data, invocation);
}

/* No property functions: GDBus then brings Get and GetAll to on_method_call like any call, and Set
 * of what can be written. */
static const GDBusInterfaceVTable interface_vtable = { on_method_call, NULL, NULL };

static const GDBusInterfaceVTable *
on_dispatch (GDBusConnection *connection,
             const char *sender,
             const char *path,
             const char *interface,
             const char *node,
             gpointer *out_data,
             gpointer data)
{
  *out_data = data;
  return &interface_vtable;
}

static const GDBusSubtreeVTable subtree_vtable = { on_enumerate, on_introspect, on_dispatch };

static void
on_name_owner_changed (GDBusConnection *connection,
                       const char *sender,
                       const char *path,
                       const char *interface,
                       const char *signal,
                       GVariant *parameters,
                       gpointer data)
{
  const char *name, *new_owner;

  g_variant_get (parameters, "(&s&s&s)", &name, NULL, &new_owner);
  if (*new_owner == '\0')
    vmh_client_see_leaving (data, name);
}

static void
vmh_registry_finalize (GObject *object)
{
  VmhRegistry *registry = VMH_REGISTRY (object);

  g_clear_handle_id (&registry->flush_id, g_source_remove);
  g_clear_handle_id (&registry->trim_id, g_source_remove);
  vmh_intake_wake (registry->turn, FALSE);
  g_source_destroy (registry->turn);
  g_source_unref (registry->turn);
  g_hash_table_unref (registry->clients);
  g_hash_table_unref (registry->dirty);
  g_hash_table_unref (registry->by_object);
  g_hash_table_unref (registry->by_path);
  g_hash_table_unref (registry->infos);
  g_array_unref (registry->subtrees);
  g_object_unref (registry->connection);
  G_OBJECT_CLASS (vmh_registry_parent_class)->finalize (object);
}

static void
vmh_registry_class_init (VmhRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vmh_registry_finalize;
}

static void
vmh_registry_init (VmhRegistry *registry)
{
  registry->infos = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, info_free);
  registry->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, export_free);
  registry->by_object = g_hash_table_new (NULL, NULL);
  registry->clients =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)vmh_client_unref);
  registry->dirty = g_hash_table_new (NULL, NULL);
  registry->subtrees = g_array_new (FALSE, FALSE, sizeof (guint));
}

VmhRegistry *
vmh_registry_new (GDBusConnection *connection, gboolean system_mode)
{
  /* A subtree is one level deep, so each folder of objects is one. */
  static const char *const folders[] = { INN_ROOT_PATH, INN_MACHINES_PATH, INN_JOBS_PATH };
  VmhRegistry *registry = g_object_new (VMH_TYPE_REGISTRY, NULL);
  g_autoptr (GError) error = NULL;

  registry->connection = g_object_ref (connection);
  vmh_intake_begin (connection);
  registry->turn = vmh_gate_open (registry);
  registry->system_mode = system_mode;
  /* Of all connections: asking for each client's would come to the limit of a connection's rules,
   * 512 on the system's bus, and who leaves would stay a client. Before all else, so nobody leaves
   * unseen. */
  registry->leaving = g_dbus_connection_signal_subscribe (
      connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
      "/org/freedesktop/DBus", NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_name_owner_changed, registry,
      NULL);
  if (!vmh_registry_declare (registry, manager_xml, &error))
    g_error ("%s", error->message);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      guint id = g_dbus_connection_register_subtree (
          connection, folders[i], &subtree_vtable,
          G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, registry, NULL, &error);

      if (id == 0)
        g_error ("%s", error->message);
      g_array_append_val (registry->subtrees, id);
    }
  return registry;
}

gboolean
vmh_registry_declare (VmhRegistry *registry, const char *xml, GError **error)
{
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, error);

  if (node == NULL)
    return FALSE;
  for (guint i = 0; node->interfaces[i] != NULL; i++)
    {
      GDBusInterfaceInfo *info = g_dbus_interface_info_ref (node->interfaces[i]);

      g_dbus_interface_info_cache_build (info);
      g_hash_table_replace (registry->infos, info->name, info);
    }
  return TRUE;
}

void
vmh_registry_close (VmhRegistry *registry)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new ();
  GHashTableIter iter;
  VmhClient *client;

  for (guint i = 0; i < registry->subtrees->len; i++)
    g_dbus_connection_unregister_subtree (registry->connection,
                                          g_array_index (registry->subtrees, guint, i));
  g_array_set_size (registry->subtrees, 0);
  if (registry->leaving != 0)
    g_dbus_connection_signal_unsubscribe (registry->connection, registry->leaving);
  registry->leaving = 0;
  g_hash_table_iter_init (&iter, registry->clients);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&client))
    g_ptr_array_add (clients, client);
  for (guint i = 0; i < clients->len; i++)
    vmh_client_detach (g_ptr_array_index (clients, i));
  g_hash_table_remove_all (registry->dirty);
  g_hash_table_remove_all (registry->by_object);
  g_hash_table_remove_all (registry->by_path);
}

void
vmh_registry_export (VmhRegistry *registry,
                     const char *path,
                     uid_t owner,
                     GObject *object,
                     const VmhInterface *const *interfaces)
{
  VmhExport *exported;

  g_return_if_fail (!g_hash_table_contains (registry->by_path, path));
  g_return_if_fail (!g_hash_table_contains (registry->by_object, object));
  for (guint i = 0; interfaces[i] != NULL; i++)
    g_return_if_fail (g_hash_table_contains (registry->infos, interfaces[i]->name));
  exported = g_new0 (VmhExport, 1);
  exported->path = g_strdup (path);
  exported->owner = owner;
  exported->object = g_object_ref (object);
  exported->interfaces = interfaces;
  g_hash_table_insert (registry->by_path, exported->path, exported);
  g_hash_table_insert (registry->by_object, object, exported);
  tell_added (registry, exported, NULL);
}

void
vmh_registry_unexport (VmhRegistry *registry, GObject *object)
{
  VmhExport *exported = g_hash_table_lookup (registry->by_object, object);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) strv = NULL;

  if (exported == NULL)
    return;
  tell_changed (registry, exported); /* its last words */
  for (guint i = 0; exported->interfaces[i] != NULL; i++)
    g_strv_builder_add (names, exported->interfaces[i]->name);
  strv = g_strv_builder_end (names);
  tell (registry, exported, NULL, INN_ROOT_PATH, IFACE_MANAGER, "InterfacesRemoved",
        g_variant_new ("(o^as)", exported->path, strv));
  g_hash_table_remove (registry->by_object, object);
  g_hash_table_remove (registry->by_path, exported->path);
}

void
vmh_registry_changed (VmhRegistry *registry, GObject *object, const char *interface, ...)
{
  VmhExport *exported = g_hash_table_lookup (registry->by_object, object);
  const VmhInterface *known = exported != NULL ? vmh_export_find (exported, interface) : NULL;
  GHashTable *properties;
  const char *property;
  va_list list;

  if (known == NULL) /* changes before it is exported are told by InterfacesAdded */
    return;
  if (exported->changed == NULL)
    exported->changed =
        g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
  properties = g_hash_table_lookup (exported->changed, interface);
  if (properties == NULL)
    {
      properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert (exported->changed, (gpointer)known->name, properties);
    }
  va_start (list, interface);
  while ((property = va_arg (list, const char *)) != NULL)
    g_hash_table_add (properties, g_strdup (property));
  va_end (list);
  g_hash_table_add (registry->dirty, exported);
  if (registry->flush_id == 0)
    /* Not when idle: a guest that keeps us busy must not keep the clients from knowing. */
    registry->flush_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_flush, registry, NULL);
}

void
vmh_registry_show_others (VmhRegistry *registry, VmhCall *call)
{
  VmhClient *client = call->client;
  GHashTableIter iter;
  VmhExport *object;

  if (client->shows_others)
    return;
  g_hash_table_iter_init (&iter, registry->by_path);
  while (client->listening && g_hash_table_iter_next (&iter, NULL, (gpointer *)&object))
    if (!vmh_client_sees (client, object))
      {
        /* seen from here on; the flag is set once for all below */
        client->shows_others = TRUE;
        tell_added (registry, object, client);
        client->shows_others = FALSE;
      }
  client->shows_others = TRUE;
}

gboolean
vmh_registry_sees (VmhRegistry *registry, VmhCall *call, GObject *object)
{
  const VmhExport *exported = g_hash_table_lookup (registry->by_object, object);

  return exported != NULL && vmh_client_sees (call->client, exported);
}

gboolean
vmh_registry_is_idle (VmhRegistry *registry)
{
  GHashTableIter iter;
  VmhClient *client;

  if (registry->n_calls > 0)
    return FALSE;
  g_hash_table_iter_init (&iter, registry->clients);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&client))
    if (client->listening)
      return FALSE;
  return TRUE;
}
