/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Looks at a foreign image: vmm-inspect does, in a sandbox; here it is started, limited in time,
 * and what it says is taken apart. */

#include "vmh-image-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "inspect/inspect-format.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

/* Seconds that an image may take, whatever it is on. */
#define WALL_LIMIT 5

/* vmm-inspect prints less than 8 KiB. */
#define MAX_OUTPUT 16384

typedef struct
{
  int fd;
  char *name;
  GCancellable *stop; /* ends the thread: the time is over, or the caller has lost interest */
} Work;

static void
work_free (Work *work)
{
  vmh_clear_fd (&work->fd);
  g_free (work->name);
  g_object_unref (work->stop);
  g_free (work);
}

/* What one call needs besides its thread. */
typedef struct
{
  GCancellable *stop;
  gulong cancelled;
  guint timeout;
  gboolean timed_out;
  char *name;
} Watch;

static void
watch_free (Watch *watch)
{
  g_clear_handle_id (&watch->timeout, g_source_remove);
  g_object_unref (watch->stop);
  g_free (watch->name);
  g_free (watch);
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

/* All that the program says, until its end, the limit or the cancel; "" on any trouble. */
static char *
read_output (int fd, GCancellable *stop)
{
  g_autoptr (GString) output = g_string_new (NULL);
  struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
                          { .fd = g_cancellable_get_fd (stop), .events = POLLIN } };

  for (;;)
    {
      char buffer[4096];
      gssize got;

      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno != EINTR)
        break;
      if (g_cancellable_is_cancelled (stop))
        break;
      if (fds[0].revents == 0)
        continue;
      got = read (fd, buffer, sizeof buffer);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0 || output->len + (gsize)got > MAX_OUTPUT)
        break;
      g_string_append_len (output, buffer, got);
    }
  g_cancellable_release_fd (stop);
  return g_string_free (g_steal_pointer (&output), FALSE);
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
parse_output (const char *output, const char *name, GError **error)
{
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

/* In a thread, for all of it can hang where a file system does: starting the program too, for the
 * image is closed on the way. */
static void
inspect_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  g_autofree char *program = vmh_image_program ("vmm-inspect");
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  VmhImageInfo *info;
  GInputStream *pipe;

  g_subprocess_launcher_set_environ (launcher, (char *[]){ NULL });
  g_subprocess_launcher_take_stdin_fd (launcher, vmh_steal_fd (&work->fd));
  process = g_subprocess_launcher_spawn (launcher, &error, program, NULL);
  if (process == NULL)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_FAILED,
                               _ ("Innkeeper's program %s cannot be run (%s). Install Innkeeper "
                                  "again."),
                               program, error->message);
      return;
    }
  pipe = g_subprocess_get_stdout_pipe (process);
  output = read_output (g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (pipe)), work->stop);
  g_subprocess_force_exit (process); /* nothing, if it has ended */
  info = parse_output (output, work->name, &error);
  if (info != NULL)
    g_task_return_pointer (task, info, (GDestroyNotify)vmh_image_info_free);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static gboolean
on_wall_limit (gpointer data)
{
  Watch *watch = data;

  watch->timeout = 0;
  watch->timed_out = TRUE;
  g_cancellable_cancel (watch->stop);
  return G_SOURCE_REMOVE;
}

static void
on_caller_cancelled (GCancellable *cancellable, gpointer data)
{
  g_cancellable_cancel (data);
}

static void
on_inspected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Watch *watch = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (GError) error = NULL;
  VmhImageInfo *info = g_task_propagate_pointer (G_TASK (result), &error);

  g_cancellable_disconnect (cancellable, watch->cancelled);
  if (info != NULL)
    g_task_return_pointer (task, info, (GDestroyNotify)vmh_image_info_free);
  else if (watch->timed_out)
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_BAD_IMAGE,
                             _ ("“%s” could not be read within %d seconds. Check the disk or "
                                "network connection it is on."),
                             watch->name, WALL_LIMIT);
  else if (g_cancellable_is_cancelled (cancellable))
    g_task_return_new_error (task, INN_ERROR, INN_ERROR_CANCELLED,
                             _ ("Looking at “%s” was cancelled."), watch->name);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
vmh_image_inspect_async (int fd,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GTask) thread = NULL;
  Watch *watch;
  Work *work;
  GError *error = NULL;

  g_task_set_source_tag (task, vmh_image_inspect_async);
  g_task_set_check_cancellable (task, FALSE); /* on_inspected() says it in our words */
  if (!vmh_image_check_fd (fd, FALSE, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  watch = g_new0 (Watch, 1);
  watch->stop = g_cancellable_new ();
  watch->name = vmh_image_describe (fd);
  watch->timeout = g_timeout_add_seconds (WALL_LIMIT, on_wall_limit, watch);
  g_task_set_task_data (task, watch, (GDestroyNotify)watch_free);
  if (cancellable != NULL)
    watch->cancelled = g_cancellable_connect (cancellable, G_CALLBACK (on_caller_cancelled),
                                              g_object_ref (watch->stop), g_object_unref);

  work = g_new0 (Work, 1);
  work->fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  work->name = g_strdup (watch->name);
  work->stop = g_object_ref (watch->stop);
  thread = g_task_new (NULL, watch->stop, on_inspected, g_steal_pointer (&task));
  g_task_set_task_data (thread, work, (GDestroyNotify)work_free);
  /* The answer does not wait for a thread that hangs in the kernel. */
  g_task_set_return_on_cancel (thread, TRUE);
  g_task_run_in_thread (thread, inspect_thread);
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
