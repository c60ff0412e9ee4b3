/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-qmp-medium.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devices/vmh-json.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#define LOCKED_MS 3000 /* for a guest to let a drive go that it has locked */
#define AGAIN_MS  100

/* One command each, in order; what the new medium alone needs is left out where there is none. */
typedef enum
{
  STEP_LOOK,
  STEP_PASS,
  STEP_ADD_FILE,
  STEP_ADD_FORMAT,
  STEP_OPEN,
  STEP_REMOVE,
  STEP_INSERT,
  STEP_CLOSE,
  STEP_DELETE_FORMAT,
  STEP_DELETE_FILE,
  STEP_FORGET,
  STEP_DONE,
} Step;

typedef struct
{
  char *device, *format;
  int fd;
  Step step;
  char *file_node, *format_node;         /* of the new one */
  char *old_file_node, *old_format_node; /* NULL: the drive was empty */
  gint64 set, old_set;                   /* of fds in QEMU; -1: none */
  gint64 until;
  guint again_id;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_clear_handle_id (&change->again_id, g_source_remove);
  vmh_clear_fd (&change->fd);
  g_free (change->device);
  g_free (change->format);
  g_free (change->file_node);
  g_free (change->format_node);
  g_free (change->old_file_node);
  g_free (change->old_format_node);
  g_free (change);
}

static void
on_ignored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    g_info ("%s", error->message);
}

/* Where nobody waits for the answer. */
static void
tell (VmhQmp *qmp, const char *command, JsonObject *arguments)
{
  vmh_qmp_call_async (qmp, command, arguments, -1, VMH_QMP_TIMEOUT_MS, NULL, on_ignored, NULL);
}

static void
drop_nodes (VmhQmp *qmp, const char *format_node, const char *file_node, gint64 set)
{
  if (format_node)
    tell (qmp, "blockdev-del", vmh_json ("node-name=s", format_node, NULL));
  if (file_node)
    tell (qmp, "blockdev-del", vmh_json ("node-name=s", file_node, NULL));
  if (set >= 0)
    tell (qmp, "remove-fd", vmh_json ("fdset-id=i", set, NULL));
}

/* As it was before, as far as the step @change has failed at. */
static void
undo (VmhQmp *qmp, Change *change)
{
  if (change->step == STEP_INSERT)
    tell (qmp, "blockdev-open-tray", vmh_json ("id=s", change->device, NULL));
  if (change->step == STEP_INSERT && change->old_format_node)
    tell (qmp, "blockdev-insert-medium",
          vmh_json ("id=s", change->device, "node-name=s", change->old_format_node, NULL));
  if (change->step >= STEP_REMOVE)
    tell (qmp, "blockdev-close-tray", vmh_json ("id=s", change->device, NULL));
  drop_nodes (qmp, change->step > STEP_ADD_FORMAT ? change->format_node : NULL,
              change->step > STEP_ADD_FILE ? change->file_node : NULL, change->set);
}

/* The drive's own answer: what is in it, by the names that were given at the start or here. */
static gboolean
read_drive (Change *change, JsonNode *reply, GError **error)
{
  JsonArray *drives;

  if (!JSON_NODE_HOLDS_ARRAY (reply))
    return vmh_qmp_refuse_shape (error);
  drives = json_node_get_array (reply);
  for (guint i = 0; i < json_array_get_length (drives); i++)
    {
      JsonNode *node = json_array_get_element (drives, i);
      JsonObject *drive = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      JsonObject *medium = vmh_qmp_object (drive, "inserted");
      const char *name = vmh_qmp_string (medium, "node-name");
      const char *set = strstr (vmh_qmp_string (medium, "file"), "/dev/fdset/");

      if (!g_str_equal (vmh_qmp_string (drive, "qdev"), change->device))
        continue;
      if (medium && g_str_has_suffix (name, "-format"))
        {
          g_autofree char *stem = g_strndup (name, strlen (name) - strlen ("-format"));

          change->old_format_node = g_strdup (name);
          change->old_file_node = g_strconcat (stem, "-file", NULL);
        }
      if (set)
        change->old_set = g_ascii_strtoll (set + strlen ("/dev/fdset/"), NULL, 10);
      return TRUE;
    }
  g_set_error_literal (error, INN_ERROR, INN_ERROR_QEMU, "QEMU does not know this drive.");
  return FALSE;
}

static void run_step (GTask *task);

static gboolean
on_again (gpointer data)
{
  ((Change *)g_task_get_task_data (data))->again_id = 0;
  run_step (data);
  return G_SOURCE_REMOVE;
}

/* A tray that is locked opens when the guest, which blockdev-open-tray has asked, lets it; one that
 * is open the guest may shut. Answers FALSE where it has been waited for long enough. */
static gboolean
wait_for_guest (GTask *task, GError **error)
{
  Change *change = g_task_get_task_data (task);

  if ((change->step != STEP_REMOVE && change->step != STEP_INSERT) ||
      !strstr ((*error)->message, "is not open"))
    return FALSE;
  if (g_get_monotonic_time () < change->until)
    {
      if (change->step == STEP_INSERT)
        change->step = STEP_OPEN; /* what was in it has been taken out, which is done again */
      g_clear_error (error);
      change->again_id = g_timeout_add (AGAIN_MS, on_again, task);
      return TRUE;
    }
  (*error)->code = INN_ERROR_IN_USE;
  return FALSE;
}

static void
on_step (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);
  gboolean good = reply != NULL;

  if (good && change->step == STEP_LOOK)
    good = read_drive (change, reply, &error);
  else if (good && change->step == STEP_PASS && JSON_NODE_HOLDS_OBJECT (reply))
    change->set = vmh_qmp_int (json_node_get_object (reply), "fdset-id", -1);
  if (!good && wait_for_guest (task, &error))
    return;
  if (!good && change->step < STEP_CLOSE)
    {
      undo (VMH_QMP (source), change);
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  g_clear_error (&error); /* the new one is in it */
  change->step++;
  run_step (task);
}

/* As at the start: what the medium says of files behind it is not followed. */
static JsonObject *
make_format (const Change *change)
{
  JsonObject *node = vmh_json ("driver=s", change->format, "node-name=s", change->format_node,
                               "file=s", change->file_node, "read-only=b", TRUE, NULL);

  if (g_str_equal (change->format, "qcow2"))
    json_object_set_null_member (node, "backing");
  return node;
}

/* NULL: there is nothing to be done in this step. */
static JsonObject *
make_arguments (const Change *change, const char **command)
{
  static const char *const commands[] = {
    [STEP_LOOK] = "query-block",
    [STEP_PASS] = "add-fd",
    [STEP_ADD_FILE] = "blockdev-add",
    [STEP_ADD_FORMAT] = "blockdev-add",
    [STEP_OPEN] = "blockdev-open-tray",
    [STEP_REMOVE] = "blockdev-remove-medium",
    [STEP_INSERT] = "blockdev-insert-medium",
    [STEP_CLOSE] = "blockdev-close-tray",
    [STEP_DELETE_FORMAT] = "blockdev-del",
    [STEP_DELETE_FILE] = "blockdev-del",
    [STEP_FORGET] = "remove-fd",
  };
  gboolean new = change->fd >= 0, old = change->old_format_node != NULL;
  g_autofree char *file = g_strdup_printf ("/dev/fdset/%" G_GINT64_FORMAT, change->set);

  *command = commands[change->step];
  switch (change->step)
    {
    case STEP_LOOK:
      return json_object_new ();
    case STEP_PASS:
      return new ? json_object_new () : NULL;
    case STEP_ADD_FILE:
      return new ? vmh_json ("driver=s", "file", "node-name=s", change->file_node, "filename=s",
                             file, "read-only=b", TRUE, NULL)
                 : NULL;
    case STEP_ADD_FORMAT:
      return new ? make_format (change) : NULL;
    case STEP_OPEN:
    case STEP_REMOVE:
    case STEP_CLOSE:
      return vmh_json ("id=s", change->device, NULL);
    case STEP_INSERT:
      return new ? vmh_json ("id=s", change->device, "node-name=s", change->format_node, NULL)
                 : NULL;
    case STEP_DELETE_FORMAT:
      return old ? vmh_json ("node-name=s", change->old_format_node, NULL) : NULL;
    case STEP_DELETE_FILE:
      return old ? vmh_json ("node-name=s", change->old_file_node, NULL) : NULL;
    case STEP_FORGET:
      return change->old_set >= 0 ? vmh_json ("fdset-id=i", change->old_set, NULL) : NULL;
    case STEP_DONE:
    default:
      g_assert_not_reached ();
    }
}

static void
run_step (GTask *task)
{
  Change *change = g_task_get_task_data (task);
  const char *command;

  for (; change->step < STEP_DONE; change->step++)
    {
      JsonObject *arguments = make_arguments (change, &command);

      if (!arguments)
        continue;
      vmh_qmp_call_async (g_task_get_source_object (task), command, arguments,
                          change->step == STEP_PASS ? change->fd : -1, VMH_QMP_TIMEOUT_MS, NULL,
                          on_step, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
vmh_qmp_change_medium_async (VmhQmp *qmp,
                             const char *device,
                             const char *target,
                             int fd,
                             const char *format,
                             GAsyncReadyCallback callback,
                             gpointer data)
{
  static guint serial; /* of names in QEMU */
  GTask *task = g_task_new (qmp, NULL, callback, data);
  Change *change = g_new0 (Change, 1);
  g_autofree char *stem = g_strdup_printf ("%s-%d-%u", target, (int)getpid (), ++serial);

  g_task_set_source_tag (task, vmh_qmp_change_medium_async);
  change->device = g_strdup (device);
  change->format = g_strdup (format);
  change->fd = fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, 3) : -1;
  change->set = change->old_set = -1;
  change->file_node = g_strconcat (stem, "-file", NULL);
  change->format_node = g_strconcat (stem, "-format", NULL);
  change->until = g_get_monotonic_time () + LOCKED_MS * 1000;
  g_task_set_task_data (task, change, change_free);
  run_step (task);
}

gboolean
vmh_qmp_change_medium_finish (VmhQmp *qmp, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
