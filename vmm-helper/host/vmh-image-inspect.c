/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Looks at a foreign image: vmm-inspect does, in a sandbox; here it is started, limited in time,
 * and what it says is taken apart. */

#include "vmh-image-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

#include "core/vmh-spawn.h"
#include "inspect/inspect-format.h"
#include "shared/inn-errors.h"

#define PROGRAM "vmm-inspect"

/* Seconds that an image may take, whatever it is on. */
#define WALL_LIMIT 5

/* vmm-inspect prints less than 8 KiB. */
#define MAX_OUTPUT 16384

/* One look at an image. */
typedef struct
{
  char *name;
  VmhProcess *process;
} Look;

static void
look_free (Look *look)
{
  g_clear_pointer (&look->process, vmh_process_unref);
  g_free (look->name);
  g_free (look);
}

void
vmh_image_info_free (VmhImageInfo *info)
{
  if (info == NULL)
    return;
  g_free (info->format);
  g_free (info->backing_file);
  g_free (info->data_file);
  g_free (info->label);
  g_free (info->packed);
  g_free (info);
}

static char *
get_text (GHashTable *facts, const char *key)
{
  const char *coded = g_hash_table_lookup (facts, key);
  g_autofree char *raw = coded != NULL ? g_uri_unescape_string (coded, NULL) : NULL;

  if (coded == NULL)
    return NULL;
  return raw != NULL ? g_utf8_make_valid (raw, -1) : g_strdup ("");
}

static guint64
get_number (GHashTable *facts, const char *key)
{
  const char *text = g_hash_table_lookup (facts, key);

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;
}

static void
set_problem (GError **error, const char *problem, const char *format, const char *name)
{
  if (g_str_equal (problem, inspect_problem_name (INSPECT_READ_ERROR)))
    g_set_error (error, INN_ERROR, INN_ERROR_IO,
                 _ ("“%s” cannot be read. Check the disk or network connection it is on."), name);
  else if (g_str_equal (problem, inspect_problem_name (INSPECT_TRUNCATED)))
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” ends too early: it was not copied or downloaded completely. Get it "
                    "again."),
                 name);
  else if (g_str_equal (problem, inspect_problem_name (INSPECT_UNSUPPORTED)))
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” uses a version or feature of the format %s that cannot be read here. "
                    "Convert it with the program that made it."),
                 name, format);
  else if (g_str_equal (problem, inspect_problem_name (INSPECT_SNAPSHOTS)))
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” has more than %u snapshots inside. Delete some with the program that "
                    "made them."),
                 name, INSPECT_MAX_SNAPSHOTS);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is damaged: its header says something impossible. Get it again."), name);
}

static VmhImageInfo *
parse_output (GBytes *bytes, const char *name, GError **error)
{
  gsize size;
  const char *start = g_bytes_get_data (bytes, &size);
  g_autofree char *output = g_strndup (start != NULL ? start : "", size);
  g_auto (GStrv) words = g_strsplit_set (output, " \n", -1);
  g_autoptr (GHashTable) facts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (VmhImageInfo) info = NULL;
  const char *problem, *format;

  for (char **word = words; *word != NULL; word++)
    {
      char *equal = strchr (*word, '=');

      if (equal == NULL)
        continue;
      *equal = '\0';
      g_hash_table_insert (facts, *word, equal + 1);
    }
  problem = g_hash_table_lookup (facts, "problem");
  format = g_hash_table_lookup (facts, "format");
  /* Without the end it was killed: by its own filter, its limits, or us. */
  if (g_hash_table_lookup (facts, "end") == NULL || problem == NULL || format == NULL)
    problem = inspect_problem_name (INSPECT_DAMAGED);
  if (!g_str_equal (problem, inspect_problem_name (INSPECT_OK)))
    {
      set_problem (error, problem, format != NULL ? format : "", name);
      return NULL;
    }
  info = g_new0 (VmhImageInfo, 1);
  info->format = g_strdup (format);
  info->virtual_size = get_number (facts, "virtual-size");
  info->file_size = get_number (facts, "file-size");
  info->allocated_size = get_number (facts, "allocated-size");
  info->backing_file = get_text (facts, "backing-file");
  info->data_file = get_text (facts, "data-file");
  info->label = get_text (facts, "label");
  info->packed = get_text (facts, "packed");
  info->encrypted = get_number (facts, "encrypted") != 0;
  info->snapshots = (guint)get_number (facts, "snapshots");
  info->block_device = get_number (facts, "block-device") != 0;
  return g_steal_pointer (&info);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Look *look = g_task_get_task_data (task);
  g_autoptr (GBytes) output = vmh_process_get_output (look->process);
  g_autoptr (GError) failure = NULL;
  GError *error = NULL;
  VmhImageInfo *info = NULL;

  vmh_process_wait_finish (look->process, result, &failure);
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_set_error (&error, INN_ERROR, INN_ERROR_IO,
                 _ ("“%s” could not be read within %d seconds. Check the disk or network "
                    "connection it is on."),
                 look->name, WALL_LIMIT);
  else if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_set_error (&error, INN_ERROR, INN_ERROR_CANCELLED, _ ("Looking at “%s” was cancelled."),
                 look->name);
  else if (failure != NULL && failure->domain == G_IO_ERROR)
    g_set_error (&error, INN_ERROR, INN_ERROR_FAILED,
                 _ ("Innkeeper's program %s cannot be run (%s). Install Innkeeper again."), PROGRAM,
                 failure->message);
  else /* however it ended, what it has said counts */
    info = parse_output (output, look->name, &error);
  if (info != NULL)
    g_task_return_pointer (task, info, (GDestroyNotify)vmh_image_info_free);
  else
    g_task_return_error (task, error);
}

void
vmh_image_inspect_async (int fd,
                         uid_t user,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autofree char *program = vmh_image_program (PROGRAM);
  g_autoptr (VmhSpawn) spawn = NULL;
  GError *error = NULL;
  Look *look;

  g_task_set_source_tag (task, vmh_image_inspect_async);
  g_task_set_check_cancellable (task, FALSE); /* on_ended() says it in our words */
  if (!vmh_image_check_fd (fd, FALSE, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  look = g_new0 (Look, 1);
  look->name = vmh_image_describe (fd);
  g_task_set_task_data (task, look, (GDestroyNotify)look_free);
  spawn = vmh_spawn_new (program, user);
  vmh_spawn_bind (spawn);
  vmh_spawn_pass_fd (spawn, STDIN_FILENO, fd);
  vmh_spawn_capture (spawn, STDOUT_FILENO, MAX_OUTPUT);
  look->process = vmh_spawn_start (spawn, NULL, NULL, &error);
  if (look->process != NULL)
    vmh_process_wait_async (look->process, WALL_LIMIT, cancellable, on_ended,
                            g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

VmhImageInfo *
vmh_image_inspect_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
vmh_image_info_check (const VmhImageInfo *info,
                      const char *name,
                      const char *format,
                      GError **error)
{
  if (format != NULL && !g_str_equal (format, "raw") && !g_str_equal (format, info->format))
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is said to be a %s image, but it is %s. Choose its format again."), name,
                 format, info->format);
  else if (format != NULL && g_str_equal (format, "raw") && info->packed == NULL)
    return TRUE; /* taken byte for byte, whatever its bytes say */
  else if (info->backing_file != NULL || info->data_file != NULL)
    {
      const char *other = info->backing_file != NULL ? info->backing_file : info->data_file;

      g_set_error (error, INN_ERROR, INN_ERROR_FOREIGN_BACKING,
                   _ ("“%s” is only a part: the rest of its data is in another file%s%s%s, which "
                      "is not opened. Merge the two with the program that made them, then choose "
                      "the result."),
                   name, *other != '\0' ? " (“" : "", other, *other != '\0' ? "”)" : "");
    }
  else if (info->encrypted)
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is encrypted. Decrypt it with the program that made it, then choose the "
                    "result."),
                 name);
  else if (info->packed != NULL)
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is packed (%s) and no disk image yet. Unpack it, then choose what was "
                    "inside."),
                 name, info->packed);
  else
    return TRUE;
  return FALSE;
}
