/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the one copy of libosinfo's database. A loaded database is only read; identifying writes to
 * the medium, not to it. */

#include "inn-os.h"
#include "inn-foreign-leaks.h"
#include <glib/gi18n-lib.h>
#include <osinfo/osinfo.h>
#include <string.h>

struct _InnOs
{
  GObject parent_instance;
  OsinfoOs *osinfo; /* owned by the database, which is never freed */
  char *id, *name, *keys, *family;
  char *series, *sort_key; /* the name up to its first digit, and a key that sorts by number */
  int year;
};

enum
{
  PROP_0,
  PROP_NAME,
  PROP_KEYS,
  N_PROPS
};
static GParamSpec *os_props[N_PROPS];

struct _InnOsDb
{
  GObject parent_instance;
  OsinfoDb *osinfo;
  GListStore *list;
  GHashTable *by_id; /* id -> InnOs, owned by the list */
  InnOs *generic;    /* owned by the list */
  GMutex lock;
};

/* Systems that people run and libosinfo's database (osinfo-db 0.20221130, Debian 12's) lacks. The
 * identifiers follow its manner; the label is the start of the medium's volume id. */
static const struct
{
  const char *id, *name, *family, *label;
  int year;
} own_rows[] = {
  { "http://reactos.org/reactos/0.4", "ReactOS 0.4", "reactos", "REACTOS", 2016 },
};

/* How many releases back from the medium's own number a known one is looked for. */
#define NEAREST_STEPS 6

G_DEFINE_FINAL_TYPE (InnOs, inn_os, G_TYPE_OBJECT)
G_DEFINE_FINAL_TYPE (InnOsDb, inn_os_db, G_TYPE_OBJECT)

static char *
series_of (const char *name)
{
  g_autofree char *head = g_strndup (name, strcspn (name, "0123456789"));

  return g_utf8_casefold (head, -1);
}

static InnOs *
os_new (OsinfoOs *osinfo, const char *id, const char *name, const char *family, int year)
{
  InnOs *self = g_object_new (INN_TYPE_OS, NULL);
  const char *vendor = osinfo != NULL ? osinfo_product_get_vendor (OSINFO_PRODUCT (osinfo)) : NULL;
  const char *short_id =
      osinfo != NULL ? osinfo_product_get_short_id (OSINFO_PRODUCT (osinfo)) : NULL;
  g_autofree char *keys =
      g_strjoin (" ", name, short_id != NULL ? short_id : "", vendor != NULL ? vendor : "", NULL);

  self->osinfo = osinfo;
  self->id = g_strdup (id);
  self->name = g_strdup (name);
  self->family = g_strdup (family != NULL ? family : "");
  self->keys = g_utf8_casefold (keys, -1);
  self->series = series_of (name);
  self->sort_key = g_utf8_collate_key_for_filename (name, -1);
  self->year = year;
  return self;
}

static void
inn_os_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  InnOs *self = INN_OS (object);

  if (prop_id == PROP_NAME)
    g_value_set_string (value, self->name);
  else if (prop_id == PROP_KEYS)
    g_value_set_string (value, self->keys);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
inn_os_finalize (GObject *object)
{
  InnOs *self = INN_OS (object);

  g_free (self->id);
  g_free (self->name);
  g_free (self->keys);
  g_free (self->family);
  g_free (self->series);
  g_free (self->sort_key);
  G_OBJECT_CLASS (inn_os_parent_class)->finalize (object);
}

static void
inn_os_class_init (InnOsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = inn_os_get_property;
  object_class->finalize = inn_os_finalize;
  os_props[PROP_NAME] =
      g_param_spec_string ("name", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  os_props[PROP_KEYS] =
      g_param_spec_string ("keys", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, os_props);
}

static void
inn_os_init (InnOs *self)
{
}

static int
compare_os (gconstpointer a, gconstpointer b)
{
  InnOs *x = *(InnOs *const *)a, *y = *(InnOs *const *)b;
  int order = strcmp (x->series, y->series);

  if (inn_os_is_generic (x) || inn_os_is_generic (y))
    return inn_os_is_generic (y) - inn_os_is_generic (x);
  return order != 0 ? order : strcmp (y->sort_key, x->sort_key);
}

static void
add_os (InnOsDb *self, GPtrArray *array, InnOs *os)
{
  g_ptr_array_add (array, os);
  g_hash_table_insert (self->by_id, os->id, os);
}

static void
fill_list (InnOsDb *self)
{
  g_autoptr (OsinfoOsList) list = osinfo_db_get_os_list (self->osinfo);
  g_autoptr (GPtrArray) array = g_ptr_array_new_with_free_func (g_object_unref);

  self->generic = os_new (NULL, "", _ ("Another system"), "", 0);
  add_os (self, array, self->generic);
  for (gsize i = 0; i < G_N_ELEMENTS (own_rows); i++)
    add_os (self, array,
            os_new (NULL, own_rows[i].id, own_rows[i].name, own_rows[i].family, own_rows[i].year));
  for (int i = 0; i < osinfo_list_get_length (OSINFO_LIST (list)); i++)
    {
      OsinfoEntity *entity = osinfo_list_get_nth (OSINFO_LIST (list), i);
      OsinfoProduct *product = OSINFO_PRODUCT (entity);
      const char *id = osinfo_entity_get_id (entity);
      const char *name = osinfo_product_get_name (product);
      const char *date = osinfo_product_get_release_date_string (product);

      /* "Unknown" says no more than our generic row. */
      if (name == NULL || g_str_has_suffix (id, "libosinfo.org/unknown") ||
          g_hash_table_contains (self->by_id, id))
        continue;
      add_os (self, array,
              os_new (OSINFO_OS (entity), id, name, osinfo_os_get_family (OSINFO_OS (entity)),
                      date != NULL ? (int)g_ascii_strtoll (date, NULL, 10) : 0));
    }
  g_ptr_array_sort (array, compare_os);
  g_list_store_splice (self->list, 0, 0, array->pdata, array->len);
}

static void
inn_os_db_finalize (GObject *object)
{
  InnOsDb *self = INN_OS_DB (object);

  g_hash_table_unref (self->by_id);
  g_object_unref (self->list);
  g_object_unref (self->osinfo);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (inn_os_db_parent_class)->finalize (object);
}

static void
inn_os_db_class_init (InnOsDbClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = inn_os_db_finalize;
}

static void
inn_os_db_init (InnOsDb *self)
{
  g_mutex_init (&self->lock);
  self->list = g_list_store_new (INN_TYPE_OS);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
}

static void
load_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, inn_os_db_load_sync (), g_object_unref);
}

/* The volume id with its first number lowered by @steps: "Debian 12.5.0 amd64" -> "Debian
 * 11.5.0 amd64"; NULL where there is none or it would not be positive. */
static char *
older_label (const char *label, guint steps)
{
  gsize head = strcspn (label, "0123456789");
  char *end = NULL;
  guint64 number;

  if (label[head] == '\0')
    return NULL;
  number = g_ascii_strtoull (label + head, &end, 10);
  if (number <= steps || number > 9999)
    return NULL;
  return g_strdup_printf ("%.*s%" G_GUINT64_FORMAT "%s", (int)head, label, number - steps, end);
}

static InnOs *
identify_as_is (InnOsDb *self, OsinfoMedia *media)
{
  OsinfoOs *os;

  if (!osinfo_db_identify_media (self->osinfo, media))
    return NULL;
  os = osinfo_media_get_os (media);
  return os != NULL ? inn_os_db_find (self, osinfo_entity_get_id (OSINFO_ENTITY (os))) : NULL;
}

static InnOs *
identify_older (InnOsDb *self, OsinfoMedia *media)
{
  static const char *const same[] = { OSINFO_MEDIA_PROP_SYSTEM_ID, OSINFO_MEDIA_PROP_PUBLISHER_ID,
                                      OSINFO_MEDIA_PROP_APPLICATION_ID,
                                      OSINFO_MEDIA_PROP_ARCHITECTURE };
  const char *label = osinfo_media_get_volume_id (media);

  for (guint steps = 1; label != NULL && steps <= NEAREST_STEPS; steps++)
    {
      g_autofree char *older = older_label (label, steps);
      g_autoptr (OsinfoMedia) twin = NULL;
      InnOs *os;

      if (older == NULL)
        break;
      twin = osinfo_media_new ("https://innkeeper.org/older", NULL);
      for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
        {
          const char *value = osinfo_entity_get_param_value (OSINFO_ENTITY (media), same[i]);

          if (value != NULL)
            osinfo_entity_set_param (OSINFO_ENTITY (twin), same[i], value);
        }
      osinfo_entity_set_param (OSINFO_ENTITY (twin), OSINFO_MEDIA_PROP_VOLUME_ID, older);
      os = identify_as_is (self, twin);
      if (os != NULL && !g_str_has_suffix (os->id, "/unknown"))
        return os;
    }
  return NULL;
}

const char *
inn_os_get_id (InnOs *self)
{
  return self->id;
}

const char *
inn_os_get_name (InnOs *self)
{
  return self->name;
}

const char *
inn_os_get_family (InnOs *self)
{
  return self->family;
}

int
inn_os_get_year (InnOs *self)
{
  return self->year;
}

gboolean
inn_os_is_generic (InnOs *self)
{
  return self->id[0] == '\0';
}

OsinfoOs *
inn_os_get_osinfo (InnOs *self)
{
  return self->osinfo;
}

void
inn_os_db_load_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, inn_os_db_load_async);
  g_task_run_in_thread (task, load_in_thread);
}

InnOsDb *
inn_os_db_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

InnOsDb *
inn_os_db_load_sync (void)
{
  static InnOsDb *loaded = NULL;
  static GMutex lock;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (loaded == NULL)
    {
      InnOsDb *self = g_object_new (INN_TYPE_OS_DB, NULL);
      g_autoptr (OsinfoLoader) loader = osinfo_loader_new ();
      g_autoptr (GError) error = NULL;

      INN_FOREIGN_LEAKS_BEGIN;
      osinfo_loader_process_default_path (loader, &error);
      INN_FOREIGN_LEAKS_END;
      if (error != NULL)
        g_message ("The database of operating systems could not be read: %s", error->message);
      self->osinfo = g_object_ref (osinfo_loader_get_db (loader));
      fill_list (self);
      loaded = self;
    }
  return g_object_ref (loaded);
}

GListModel *
inn_os_db_get_list (InnOsDb *self)
{
  return G_LIST_MODEL (self->list);
}

InnOs *
inn_os_db_get_generic (InnOsDb *self)
{
  return self->generic;
}

InnOs *
inn_os_db_find (InnOsDb *self, const char *id)
{
  return g_hash_table_lookup (self->by_id, id);
}

InnOs *
inn_os_db_identify (InnOsDb *self, OsinfoMedia *media, gboolean *out_exact)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const char *label = osinfo_media_get_volume_id (media);
  InnOs *os, *older;

  *out_exact = TRUE;
  for (gsize i = 0; label != NULL && i < G_N_ELEMENTS (own_rows); i++)
    if (g_str_has_prefix (label, own_rows[i].label))
      return inn_os_db_find (self, own_rows[i].id);
  os = identify_as_is (self, media);
  /* "Fedora Linux Unknown" says less than the nearest release. */
  if (os != NULL && !g_str_has_suffix (os->id, "/unknown"))
    return os;
  older = identify_older (self, media);
  *out_exact = FALSE;
  return older != NULL ? older : os;
}
