/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Looks through Downloads and the home folder by name and size only; no file is opened. */

#include "inn-found-media.h"
#include <string.h>

#define FOUND_MAX 12

static const char attributes[] = G_FILE_ATTRIBUTE_STANDARD_NAME
    "," G_FILE_ATTRIBUTE_STANDARD_DISPLAY_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE
    "," G_FILE_ATTRIBUTE_STANDARD_SIZE "," G_FILE_ATTRIBUTE_TIME_MODIFIED;

void
inn_found_file_free (InnFoundFile *found)
{
  g_object_unref (found->file);
  g_free (found->name);
  g_free (found->folder);
  g_free (found);
}

static gboolean
is_iso_name (const char *name)
{
  gsize length = strlen (name);

  return length > 4 && g_ascii_strcasecmp (name + length - 4, ".iso") == 0;
}

static void
look_in (GPtrArray *found, const char *path, GCancellable *cancellable)
{
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  g_autoptr (GFileEnumerator) list =
      g_file_enumerate_children (folder, attributes, G_FILE_QUERY_INFO_NONE, cancellable, NULL);
  g_autofree char *folder_name = g_filename_display_basename (path);
  GFileInfo *info;

  while (list != NULL && (info = g_file_enumerator_next_file (list, cancellable, NULL)) != NULL)
    {
      if (g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR &&
          is_iso_name (g_file_info_get_name (info)) && g_file_info_get_size (info) > 0)
        {
          InnFoundFile *entry = g_new0 (InnFoundFile, 1);

          entry->file = g_file_enumerator_get_child (list, info);
          entry->name = g_strdup (g_file_info_get_display_name (info));
          entry->folder = g_strdup (folder_name);
          entry->size = (guint64)g_file_info_get_size (info);
          entry->time =
              (gint64)g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_TIME_MODIFIED);
          g_ptr_array_add (found, entry);
        }
      g_object_unref (info);
    }
}

static int
compare_found (gconstpointer a, gconstpointer b)
{
  const InnFoundFile *x = *(InnFoundFile *const *)a, *y = *(InnFoundFile *const *)b;

  if (x->time != y->time)
    return x->time > y->time ? -1 : 1;
  return strcmp (x->name, y->name);
}

static void
look_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const char *home = g_get_home_dir ();
  const char *downloads = g_get_user_special_dir (G_USER_DIRECTORY_DOWNLOAD);
  g_autofree char *usual = g_build_filename (home, "Downloads", NULL);
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify)inn_found_file_free);

  /* Without xdg-user-dirs the folder may be there all the same. */
  if (downloads == NULL)
    downloads = usual;
  look_in (found, downloads, cancellable);
  if (!g_str_equal (downloads, home))
    look_in (found, home, cancellable);
  g_ptr_array_sort (found, compare_found);
  if (found->len > FOUND_MAX)
    g_ptr_array_set_size (found, FOUND_MAX);
  g_task_return_pointer (task, found, (GDestroyNotify)g_ptr_array_unref);
}

void
inn_found_media_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, inn_found_media_async);
  g_task_run_in_thread (task, look_in_thread);
}

GPtrArray *
inn_found_media_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
