/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Reads libvirt's configuration as files: no libvirtd need run, and none is asked. */
#include "inn-import.h"

#include <glib/gi18n-lib.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "inn-found-media.h"
#include "shared/inn-errors.h"
#include "shared/inn-libvirt.h"

void
inn_imported_free (InnImported *imported)
{
  g_clear_pointer (&imported->domain, inn_domain_unref);
  g_clear_pointer (&imported->notes, g_ptr_array_unref);
  g_clear_pointer (&imported->disks, g_ptr_array_unref);
  g_free (imported);
}

static void
disk_free (gpointer data)
{
  InnImportDisk *disk = data;

  g_free (disk->id);
  g_free (disk->label);
  g_free (disk->path);
  g_free (disk);
}

gboolean
inn_import_is_definition (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);
  gsize length = name != NULL ? strlen (name) : 0;

  return length > 4 && g_ascii_strcasecmp (name + length - 4, ".xml") == 0;
}

/* ---- where libvirt keeps things ---- */

/* The user's own come first: what it says of a name counts. */
static char *
dup_folder (gboolean system, const char *inside)
{
  return system ? g_build_filename ("/etc/libvirt", inside, NULL)
                : g_build_filename (g_get_user_config_dir (), "libvirt", inside, NULL);
}

typedef void (*Found) (GFile *file, gpointer data);

static gboolean
look_in (const char *path, GCancellable *cancellable, Found found, gpointer data)
{
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileEnumerator) list = g_file_enumerate_children (
      folder, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
      G_FILE_QUERY_INFO_NONE, cancellable, &error);
  GFileInfo *info;

  while (list != NULL && (info = g_file_enumerator_next_file (list, cancellable, NULL)) != NULL)
    {
      g_autoptr (GFile) child = g_file_enumerator_get_child (list, info);

      if (g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR &&
          inn_import_is_definition (child))
        found (child, data);
      g_object_unref (info);
    }
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

typedef struct
{
  GPtrArray *files; /* InnFoundFile */
  const char *folder;
  gboolean denied;
} Listing;

static void
on_machine_found (GFile *file, gpointer data)
{
  Listing *listing = data;
  g_autofree char *name = g_file_get_basename (file);
  InnFoundFile *found;

  if (access (g_file_peek_path (file), R_OK) != 0)
    {
      listing->denied = TRUE;
      return;
    }
  found = g_new0 (InnFoundFile, 1);
  name[strlen (name) - strlen (".xml")] = '\0';
  found->file = g_object_ref (file);
  found->name = g_filename_display_name (name);
  found->folder = g_strdup (listing->folder);
  g_ptr_array_add (listing->files, found);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const InnFoundFile *x = *(InnFoundFile *const *)a, *y = *(InnFoundFile *const *)b;

  return g_utf8_collate (x->name, y->name);
}

static void
listing_free (Listing *listing)
{
  g_clear_pointer (&listing->files, g_ptr_array_unref);
  g_free (listing);
}

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Listing *listing = g_new0 (Listing, 1);

  listing->files = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_found_file_free);
  for (gboolean system = FALSE; system <= TRUE; system++)
    {
      g_autofree char *folder = dup_folder (system, "qemu");

      listing->folder = system ? _ ("From the system’s libvirt") : _ ("From your own libvirt");
      if (!look_in (folder, cancellable, on_machine_found, listing))
        listing->denied = TRUE;
    }
  g_ptr_array_sort (listing->files, compare_names);
  g_task_return_pointer (task, listing, (GDestroyNotify)listing_free);
}

void
inn_import_list_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, inn_import_list_async);
  g_task_run_in_thread (task, list_in_thread);
}

GPtrArray *
inn_import_list_finish (GAsyncResult *result, gboolean *out_denied, GError **error)
{
  Listing *listing = g_task_propagate_pointer (G_TASK (result), error);
  GPtrArray *files;

  if (listing == NULL)
    return NULL;
  *out_denied = listing->denied;
  files = g_steal_pointer (&listing->files);
  listing_free (listing);
  return files;
}

/* ---- pools and networks ---- */

typedef struct
{
  InnImportNetwork kind;
  char *bridge;
} Network;

static void
network_free (gpointer data)
{
  Network *network = data;

  g_free (network->bridge);
  g_free (network);
}

typedef struct
{
  gboolean system;
  GHashTable *pools;    /* name → folder */
  GHashTable *networks; /* name → Network */
} Known;

static char *
read_small (GFile *file, gsize *out_length, GError **error)
{
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autofree char *text = g_malloc (INN_DOMAIN_MAX_XML + 2);

  if (stream == NULL || !g_input_stream_read_all (G_INPUT_STREAM (stream), text,
                                                  INN_DOMAIN_MAX_XML + 1, out_length, NULL, error))
    return NULL;
  text[*out_length] = '\0';
  return g_realloc (g_steal_pointer (&text), *out_length + 1);
}

static void
on_pool_found (GFile *file, gpointer data)
{
  Known *known = data;
  g_autofree char *name = NULL, *folder = NULL, *xml = NULL;
  gsize length;

  xml = read_small (file, &length, NULL);
  if (xml != NULL && inn_libvirt_parse_pool (xml, length, &name, &folder) &&
      !g_hash_table_contains (known->pools, name))
    g_hash_table_insert (known->pools, g_steal_pointer (&name), g_steal_pointer (&folder));
}

static void
on_network_found (GFile *file, gpointer data)
{
  Known *known = data;
  g_autofree char *name = NULL, *bridge = NULL, *xml = NULL;
  InnImportNetwork kind;
  Network *network;
  gsize length;

  xml = read_small (file, &length, NULL);
  if (xml == NULL || !inn_libvirt_parse_network (xml, length, &name, &kind, &bridge) ||
      g_hash_table_contains (known->networks, name))
    return;
  network = g_new0 (Network, 1);
  network->kind = kind;
  network->bridge = g_steal_pointer (&bridge);
  g_hash_table_insert (known->networks, g_steal_pointer (&name), network);
}

static void
known_init (Known *known, gboolean system, GCancellable *cancellable)
{
  known->system = system;
  known->pools = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  known->networks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, network_free);
  for (gboolean whose = FALSE; whose <= TRUE; whose++)
    {
      g_autofree char *pools = dup_folder (whose, "storage");
      g_autofree char *networks = dup_folder (whose, "qemu/networks");

      look_in (pools, cancellable, on_pool_found, known);
      look_in (networks, cancellable, on_network_found, known);
    }
}

static void
known_clear (Known *known)
{
  g_hash_table_unref (known->pools);
  g_hash_table_unref (known->networks);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Known, known_clear)

/* A volume is a name in its pool's folder: none leads out of it. */
static char *
find_volume (const char *pool, const char *volume, gpointer data)
{
  const Known *known = data;
  const char *folder = g_hash_table_lookup (known->pools, pool);

  if (strchr (volume, '/') != NULL || g_str_equal (volume, "..") || g_str_equal (volume, "."))
    return NULL;
  /* libvirt's own, whose definition only an administrator can read. */
  if (folder == NULL && g_str_equal (pool, "default"))
    folder = "/var/lib/libvirt/images";
  return folder != NULL ? g_build_filename (folder, volume, NULL) : NULL;
}

static InnImportNetwork
find_network (const char *name, char **out_bridge, gpointer data)
{
  const Known *known = data;
  const Network *network = g_hash_table_lookup (known->networks, name);

  if (network == NULL)
    return INN_IMPORT_NETWORK_UNKNOWN;
  *out_bridge = g_strdup (network->bridge);
  return network->kind;
}

/* ---- one machine ---- */

static InnImportFile
look_at (const char *path, gboolean writable)
{
  if (access (path, writable ? R_OK | W_OK : R_OK) == 0)
    return INN_IMPORT_FILE_GOOD;
  return access (path, F_OK) == 0 || errno == EACCES ? INN_IMPORT_FILE_DENIED
                                                     : INN_IMPORT_FILE_MISSING;
}

static void
tell_empty (InnImported *imported, const InnElement *drive, const char *path)
{
  InnImportNote *note = g_new0 (InnImportNote, 1);

  note->sort = INN_IMPORT_ADAPTED;
  note->what = inn_element_dup_label (drive);
  note->text =
      g_strdup_printf (_ ("“%s” is not there, or not yours to read. The drive is empty."), path);
  note->path = g_strdup ("devices/disk/source");
  g_ptr_array_add (imported->notes, note);
}

static void
add_files (InnImported *imported, const char *kind)
{
  g_autoptr (GPtrArray) list = inn_domain_list (imported->domain, kind);
  gboolean disk = g_str_equal (kind, "disk");

  for (guint i = 0; i < list->len; i++)
    {
      InnElement *element = list->pdata[i];
      const char *field = inn_element_is (element, "type", "block") ? "block" : "source";
      g_autofree char *path = inn_element_dup (element, field);
      InnImportDisk *entry;
      InnImportFile file;

      if (path == NULL)
        continue;
      file = look_at (path, disk && !inn_element_get_bool (element, "readonly"));
      if (!disk && file != INN_IMPORT_FILE_GOOD && inn_element_set (element, field, NULL, NULL))
        {
          tell_empty (imported, element, path);
          continue;
        }
      entry = g_new0 (InnImportDisk, 1);
      entry->id = inn_element_dup_id (element);
      entry->label = inn_element_dup_label (element);
      entry->path = g_steal_pointer (&path);
      entry->file = file;
      g_ptr_array_add (imported->disks, entry);
    }
}

typedef struct
{
  GFile *file;
  gboolean system;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  g_object_unref (reading->file);
  g_free (reading);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Reading *reading = data;
  g_auto (Known) known = { 0 };
  const InnImportHost host = { reading->system, find_volume, find_network, &known };
  g_autoptr (InnImported) imported = g_new0 (InnImported, 1);
  g_autoptr (GError) fault = NULL;
  g_autofree char *shown = g_file_get_parse_name (reading->file);
  g_autofree char *xml = NULL;
  GError *error = NULL;
  gsize length;

  known_init (&known, reading->system, cancellable);
  xml = read_small (reading->file, &length, &fault);
  if (xml == NULL)
    {
      g_task_return_error (task, inn_error_from_io (fault, shown));
      return;
    }
  imported->domain = inn_domain_import (xml, (gssize)length, &host, &imported->notes, &error);
  if (imported->domain == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  imported->disks = g_ptr_array_new_with_free_func (disk_free);
  add_files (imported, "disk");
  add_files (imported, "cdrom");
  add_files (imported, "floppy");
  g_task_return_pointer (task, g_steal_pointer (&imported), (GDestroyNotify)inn_imported_free);
}

void
inn_import_read_async (GFile *file,
                       gboolean system,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Reading *reading = g_new0 (Reading, 1);

  g_task_set_source_tag (task, inn_import_read_async);
  reading->file = g_object_ref (file);
  reading->system = system;
  g_task_set_task_data (task, reading, reading_free);
  g_task_run_in_thread (task, read_in_thread);
}

InnImported *
inn_import_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
