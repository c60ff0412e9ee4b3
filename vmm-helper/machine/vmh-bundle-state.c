/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The bundle's `state` file: what belongs to the machine and is not said in its XML. */
#include "vmh-bundle-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>
#include "shared/inn-errors.h"
#include "vmh-store.h"

#define STATE_FILE "state"
#define STATE_MAX  (256 * 1024)
#define GROUP      "machine"

/* The last line: what goes before it, as a number that it gives. Of what was deleted, the lists say
 * what is to be kept of it, and a list that was cut says less. */
#define CHECK        "\ncheck="
#define CHECK_LENGTH 16

/* File names may be of any bytes, a key file's strings may not. */
static void
put_list (GKeyFile *file, const char *key, const char *const *list)
{
  g_autoptr (GStrvBuilder) escaped = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;

  for (guint i = 0; list[i] != NULL; i++)
    {
      g_autofree char *word = g_uri_escape_string (list[i], " /", TRUE);

      g_strv_builder_add (escaped, word);
    }
  words = g_strv_builder_end (escaped);
  if (words[0] != NULL)
    g_key_file_set_string_list (file, GROUP, key, (const char *const *)words,
                                g_strv_length (words));
}

static void
put_names (GKeyFile *file, const char *key, GHashTable *names)
{
  g_autofree gpointer *list = g_hash_table_get_keys_as_array (names, NULL);

  put_list (file, key, (const char *const *)list);
}

static char *
dup_sum (const char *text, gsize length)
{
  g_autofree char *sum =
      g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)text, length);

  return g_strndup (sum, CHECK_LENGTH);
}

gboolean
vmh_bundle_save_state (VmhBundle *bundle, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL;
  g_autofree char *whole = NULL;
  g_autofree char *sum = NULL;
  gsize length;

  g_key_file_set_uint64 (file, GROUP, "owner", bundle->owner);
  g_key_file_set_string (file, GROUP, "folder", bundle->path);
  if (bundle->guest_uid != 0)
    g_key_file_set_uint64 (file, GROUP, "guest-uid", bundle->guest_uid);
  if (bundle->crash != NULL)
    g_key_file_set_string (file, GROUP, "crash", bundle->crash);
  put_names (file, "created", bundle->created);
  put_names (file, "making", bundle->making);
  put_list (file, "kept", (const char *const *)bundle->kept);
  put_list (file, "erased", (const char *const *)bundle->erased);
  text = g_key_file_to_data (file, &length, NULL);
  sum = dup_sum (text, length);
  whole = g_strdup_printf ("%s%s%s\n", text, &CHECK[1], sum);
  return vmh_bundle_save (bundle, STATE_FILE, whole, -1, VMH_BUNDLE_SYNC, error);
}

static gboolean
is_whole (GBytes *bytes)
{
  gsize length, tail = strlen (CHECK) + CHECK_LENGTH + 1;
  const char *text = g_bytes_get_data (bytes, &length);
  const char *check = length > tail ? text + length - tail : NULL;
  g_autofree char *sum = check ? dup_sum (text, (gsize)(check + 1 - text)) : NULL;

  return sum != NULL && memcmp (check, CHECK, strlen (CHECK)) == 0 &&
         memcmp (check + strlen (CHECK), sum, CHECK_LENGTH) == 0 && text[length - 1] == '\n';
}

/* A list that is not there is empty; one that cannot be read is not: what it protects would go. */
static gboolean
load_list (GKeyFile *file, const char *key, GStrv *out_list)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) list = g_key_file_get_string_list (file, GROUP, key, NULL, &error);

  if (list == NULL && !g_error_matches (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND))
    return FALSE;
  for (guint i = 0; list != NULL && list[i] != NULL; i++)
    {
      g_autofree char *name = g_uri_unescape_string (list[i], NULL);

      if (name == NULL)
        return FALSE;
      g_strv_builder_add (names, name);
    }
  g_strfreev (*out_list);
  *out_list = g_strv_builder_end (names);
  return TRUE;
}

static gboolean
load_names (GKeyFile *file, const char *key, GHashTable *names)
{
  g_auto (GStrv) list = NULL;

  if (!load_list (file, key, &list))
    return FALSE;
  for (guint i = 0; list[i] != NULL; i++)
    g_hash_table_add (names, g_strdup (list[i]));
  return TRUE;
}

/* Anything else than a uid would read as root's. */
static gboolean
load_owner (GKeyFile *file, uid_t *out_owner)
{
  g_autoptr (GError) error = NULL;
  guint64 owner = g_key_file_get_uint64 (file, GROUP, "owner", &error);

  if (error != NULL || owner >= (uid_t)-1)
    return FALSE;
  *out_owner = (uid_t)owner;
  return TRUE;
}

gboolean
vmh_bundle_load_state (VmhBundle *bundle, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GBytes) bytes = vmh_bundle_load (bundle, STATE_FILE, STATE_MAX, error);
  g_autofree char *folder = NULL;
  uid_t owner;

  if (bytes == NULL)
    return FALSE;
  if ((g_str_has_prefix (bundle->entry, VMH_STORE_TRASH) && !is_whole (bytes)) ||
      !g_key_file_load_from_bytes (file, bytes, G_KEY_FILE_NONE, NULL) ||
      !load_owner (file, &owner) || !load_names (file, "created", bundle->created) ||
      !load_names (file, "making", bundle->making) || !load_list (file, "kept", &bundle->kept) ||
      !load_list (file, "erased", &bundle->erased))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO,
                   _ ("“%s/state” is damaged. Restore it from a backup."), bundle->path);
      return FALSE;
    }
  /* A session's machines are its user's, wherever their folders came from. */
  if (vmh_store_is_system ())
    bundle->owner = owner;
  vmh_bundle_adopt_uid (bundle, g_key_file_get_uint64 (file, GROUP, "guest-uid", NULL));
  bundle->crash = g_key_file_get_string (file, GROUP, "crash", NULL);
  folder = g_key_file_get_string (file, GROUP, "folder", NULL);
  if (folder != NULL && g_path_is_absolute (folder) && !g_str_equal (folder, bundle->path))
    bundle->moved_from = g_steal_pointer (&folder);
  return TRUE;
}

const char *
vmh_bundle_get_crash (VmhBundle *bundle)
{
  return bundle->crash;
}

gboolean
vmh_bundle_set_crash (VmhBundle *bundle, const char *crash, GError **error)
{
  if (g_strcmp0 (bundle->crash, crash) == 0)
    return TRUE;
  g_free (bundle->crash);
  bundle->crash = g_strdup (crash);
  return vmh_bundle_save_state (bundle, error);
}

gboolean
vmh_bundle_is_created (VmhBundle *bundle, const char *name)
{
  return g_hash_table_contains (bundle->created, name);
}

gboolean
vmh_bundle_add_making (VmhBundle *bundle, const char *name, GError **error)
{
  g_hash_table_add (bundle->making, g_strdup (name));
  if (vmh_bundle_save_state (bundle, error))
    return TRUE;
  g_hash_table_remove (bundle->making, name);
  return FALSE;
}

GStrv
vmh_bundle_dup_making (VmhBundle *bundle)
{
  g_autofree gpointer *names = g_hash_table_get_keys_as_array (bundle->making, NULL);

  return g_strdupv ((char **)names);
}

gboolean
vmh_bundle_keep_made (VmhBundle *bundle, GError **error)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, bundle->making);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_hash_table_add (bundle->created, name);
    }
  return vmh_bundle_save_state (bundle, error);
}

/* One that came back after a power cut, when the list does not name it any more, would stay. */
static gboolean
remove_for_good (VmhBundle *bundle, const char *name, GError **error)
{
  int folder = vmh_open_beneath (bundle->fd, VMH_DISKS, O_DIRECTORY | O_RDONLY, error);
  gboolean good;

  if (folder < 0)
    return FALSE;
  good = (unlinkat (bundle->fd, name, 0) == 0 || errno == ENOENT) && fsync (folder) == 0;
  if (!good)
    vmh_set_errno (error, errno, name);
  close (folder);
  return good;
}

gboolean
vmh_bundle_unmake (VmhBundle *bundle, const char *name, GError **error)
{
  if (!g_hash_table_contains (bundle->making, name))
    return TRUE;
  if (!remove_for_good (bundle, name, error))
    return FALSE;
  g_hash_table_remove (bundle->making, name);
  return vmh_bundle_save_state (bundle, error);
}

const char *const *
vmh_bundle_get_kept (VmhBundle *bundle)
{
  return (const char *const *)bundle->kept;
}

const char *const *
vmh_bundle_get_erased (VmhBundle *bundle)
{
  return (const char *const *)bundle->erased;
}

gboolean
vmh_bundle_set_fate (VmhBundle *bundle,
                     const char *const *kept,
                     const char *const *erased,
                     GError **error)
{
  g_strfreev (bundle->kept);
  g_strfreev (bundle->erased);
  bundle->kept = g_strdupv ((char **)kept);
  bundle->erased = g_strdupv ((char **)erased);
  return vmh_bundle_save_state (bundle, error);
}

const char *
vmh_bundle_get_moved_from (VmhBundle *bundle)
{
  return bundle->moved_from;
}

gboolean
vmh_bundle_note_place (VmhBundle *bundle, GError **error)
{
  return vmh_bundle_save_state (bundle, error);
}
