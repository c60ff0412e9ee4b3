/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-objects.h"

#include "inn-client-private.h"

typedef struct
{
  GListStore *list;
  GHashTable *by_path; /* object's own path → object, owned by list */
} Store;

struct _InnObjects
{
  InnConnection *connection; /* unowned: it owns us */
  Store machines;
  Store jobs;
  GHashTable *seen;  /* between expect_all and take_all: paths that this helper has named */
  GVariant *manager; /* a{sv} */
  GVariant *host;    /* a{sv} */
  guint n_running;
};

static void
store_init (Store *store, GType type)
{
  store->list = g_list_store_new (type);
  store->by_path = g_hash_table_new (g_str_hash, g_str_equal);
}

static void
store_clear (Store *store)
{
  g_clear_pointer (&store->by_path, g_hash_table_unref);
  g_clear_object (&store->list);
}

static void
store_remove (Store *store, const char *path)
{
  gpointer object = g_hash_table_lookup (store->by_path, path);
  guint position;

  if (object == NULL)
    return;
  g_hash_table_remove (store->by_path, path);
  if (g_list_store_find (store->list, object, &position))
    g_list_store_remove (store->list, position);
}

static gboolean
is_running (InnMachine *machine)
{
  return inn_machine_get_state (machine) == INN_STATE_RUNNING;
}

static void
update_machine (InnObjects *self,
                const char *path,
                const char *interface,
                GVariant *members,
                GPtrArray *added)
{
  InnMachine *machine = g_hash_table_lookup (self->machines.by_path, path);
  g_autoptr (InnMachine) created = NULL;
  gboolean ran;

  if (machine == NULL)
    {
      if (added == NULL)
        return;
      machine = created = inn_machine_new (self->connection, path);
      g_hash_table_insert (self->machines.by_path, (char *)inn_machine_get_path (machine), machine);
      g_ptr_array_add (added, g_object_ref (machine));
    }
  ran = is_running (machine);
  inn_machine_update (machine, interface, members);
  if (ran != is_running (machine))
    self->n_running += ran ? -1 : 1;
}

static void
update_job (InnObjects *self,
            const char *path,
            const char *interface,
            GVariant *members,
            GPtrArray *added)
{
  InnJob *job = g_hash_table_lookup (self->jobs.by_path, path);
  g_autoptr (InnJob) created = NULL;

  if (job == NULL)
    {
      if (added == NULL)
        return;
      job = created = inn_job_new (self->connection, path);
      g_hash_table_insert (self->jobs.by_path, (char *)inn_job_get_path (job), job);
      g_ptr_array_add (added, g_object_ref (job));
    }
  inn_job_update (job, interface, members);
}

/* One interface of one object, from whichever of the three ways it came. @added_*: where new
 * objects are put; NULL: only known objects are meant. */
static void
take_interface (InnObjects *self,
                const char *path,
                const char *interface,
                GVariant *members,
                GPtrArray *added_machines,
                GPtrArray *added_jobs)
{
  if (g_str_has_prefix (path, INN_MACHINES_PATH "/"))
    {
      if (g_str_equal (interface, INN_IFACE_MACHINE) || g_str_equal (interface, INN_IFACE_CONSOLE))
        update_machine (self, path, interface, members, added_machines);
    }
  else if (g_str_has_prefix (path, INN_JOBS_PATH "/"))
    {
      if (g_str_equal (interface, INN_IFACE_JOB))
        update_job (self, path, interface, members, added_jobs);
    }
  else if (g_str_equal (path, INN_MANAGER_PATH) && added_machines != NULL)
    {
      GVariant **kept = g_str_equal (interface, INN_IFACE_MANAGER) ? &self->manager
                        : g_str_equal (interface, INN_IFACE_HOST)  ? &self->host
                                                                   : NULL;
      if (kept != NULL)
        {
          g_clear_pointer (kept, g_variant_unref);
          *kept = g_variant_ref (members);
        }
    }
}

static void
take_interfaces (InnObjects *self,
                 const char *path,
                 GVariant *interfaces, /* a{sa{sv}} */
                 GPtrArray *added_machines,
                 GPtrArray *added_jobs)
{
  GVariantIter iter;
  const char *interface;
  GVariant *members;

  if (self->seen != NULL)
    g_hash_table_add (self->seen, g_strdup (path));
  g_variant_iter_init (&iter, interfaces);
  while (g_variant_iter_loop (&iter, "{&s@a{sv}}", &interface, &members))
    take_interface (self, path, interface, members, added_machines, added_jobs);
}

/* One "items-changed" for all of them: a thousand machines are one change of the list. */
static void
append_all (Store *store, GPtrArray *added)
{
  if (added->len > 0)
    g_list_store_splice (store->list, g_list_model_get_n_items (G_LIST_MODEL (store->list)), 0,
                         added->pdata, added->len);
}

static void
remove_machine (InnObjects *self, const char *path)
{
  InnMachine *machine = g_hash_table_lookup (self->machines.by_path, path);

  if (machine != NULL && is_running (machine))
    self->n_running--;
  store_remove (&self->machines, path);
}

static void
remove_job (InnObjects *self, const char *path)
{
  store_remove (&self->jobs, path);
}

/* What the helper before this one had and this one has not. */
static void
remove_unseen (InnObjects *self, Store *store, void (*remove) (InnObjects *self, const char *path))
{
  g_autofree gpointer *paths = g_hash_table_get_keys_as_array (store->by_path, NULL);

  for (guint i = 0; paths[i] != NULL; i++)
    if (!g_hash_table_contains (self->seen, paths[i]))
      remove (self, paths[i]);
}

void
inn_objects_take_signal (InnObjects *self,
                         const char *path,
                         const char *member,
                         GVariant *parameters)
{
  if (g_str_equal (member, "PropertiesChanged") &&
      g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    {
      const char *changed_interface;
      g_autoptr (GVariant) members = NULL;

      g_variant_get (parameters, "(&s@a{sv}@as)", &changed_interface, &members, NULL);
      take_interface (self, path, changed_interface, members, NULL, NULL);
    }
  else if (g_str_equal (member, "InterfacesAdded") &&
           g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oa{sa{sv}})")))
    {
      g_autoptr (GPtrArray) machines = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (g_object_unref);
      const char *object;
      g_autoptr (GVariant) interfaces = NULL;

      g_variant_get (parameters, "(&o@a{sa{sv}})", &object, &interfaces);
      take_interfaces (self, object, interfaces, machines, jobs);
      append_all (&self->machines, machines);
      append_all (&self->jobs, jobs);
    }
  else if (g_str_equal (member, "InterfacesRemoved") &&
           g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oas)")))
    {
      const char *object;
      g_autofree const char **interfaces = NULL;

      g_variant_get (parameters, "(&o^a&s)", &object, &interfaces);
      if (self->seen != NULL)
        g_hash_table_remove (self->seen, object);
      if (g_strv_contains (interfaces, INN_IFACE_MACHINE))
        remove_machine (self, object);
      if (g_strv_contains (interfaces, INN_IFACE_JOB))
        remove_job (self, object);
    }
}

void
inn_objects_expect_all (InnObjects *self)
{
  g_clear_pointer (&self->seen, g_hash_table_unref);
  self->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

guint32
inn_objects_take_all (InnObjects *self, GVariant *reply)
{
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GPtrArray) machines = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (g_object_unref);
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;
  guint32 protocol = 0;

  g_clear_pointer (&self->manager, g_variant_unref);
  g_clear_pointer (&self->host, g_variant_unref);
  g_variant_get (reply, "(@a{oa{sa{sv}}})", &objects);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    take_interfaces (self, path, interfaces, machines, jobs);
  append_all (&self->machines, machines);
  append_all (&self->jobs, jobs);
  remove_unseen (self, &self->machines, remove_machine);
  remove_unseen (self, &self->jobs, remove_job);
  g_clear_pointer (&self->seen, g_hash_table_unref);
  if (self->manager != NULL)
    g_variant_lookup (self->manager, "Protocol", "u", &protocol);
  return protocol;
}

void
inn_objects_forget_samples (InnObjects *self)
{
  GHashTableIter iter;
  gpointer machine;

  g_hash_table_iter_init (&iter, self->machines.by_path);
  while (g_hash_table_iter_next (&iter, NULL, &machine))
    inn_machine_forget_samples (machine);
}

InnObjects *
inn_objects_new (InnConnection *connection)
{
  InnObjects *self = g_new0 (InnObjects, 1);

  self->connection = connection;
  store_init (&self->machines, INN_TYPE_MACHINE);
  store_init (&self->jobs, INN_TYPE_JOB);
  return self;
}

void
inn_objects_free (InnObjects *self)
{
  store_clear (&self->machines);
  store_clear (&self->jobs);
  g_clear_pointer (&self->seen, g_hash_table_unref);
  g_clear_pointer (&self->manager, g_variant_unref);
  g_clear_pointer (&self->host, g_variant_unref);
  g_free (self);
}

guint
inn_objects_get_n_running (InnObjects *self)
{
  return self->n_running;
}

GVariant *
inn_objects_get_manager (InnObjects *self)
{
  return self->manager;
}

GVariant *
inn_objects_get_host (InnObjects *self)
{
  return self->host;
}

GListModel *
inn_objects_get_machines (InnObjects *self)
{
  return G_LIST_MODEL (self->machines.list);
}

GListModel *
inn_objects_get_jobs (InnObjects *self)
{
  return G_LIST_MODEL (self->jobs.list);
}

InnMachine *
inn_objects_lookup_machine (InnObjects *self, const char *path)
{
  return g_hash_table_lookup (self->machines.by_path, path);
}

InnJob *
inn_objects_lookup_job (InnObjects *self, const char *path)
{
  return g_hash_table_lookup (self->jobs.by_path, path);
}
