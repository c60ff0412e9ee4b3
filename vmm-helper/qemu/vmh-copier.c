/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* See vmh-copier.h. */

#include "qemu/vmh-copier.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/vmh-spawn.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-pid.h"
#include "qemu/vmh-sandbox.h"
#include "shared/inn-errors.h"

/* Opening an image is quick; an image that keeps QEMU busy for longer is made for that. */
#define CALL_TIMEOUT_MS 20000u

/* For QEMU with all its libraries, and a qcow2's tables. */
#define MEMORY_LIMIT (G_GUINT64_CONSTANT (4) << 30)

#define NOBODY 65534

/* The fds in the child: the two images, its monitor. */
#define SOURCE_FD  3
#define TARGET_FD  4
#define MONITOR_FD 5

struct _VmhCopier
{
  VmhProcess *process;
  VmhPid room; /* bubblewrap's process */
  VmhQmp *qmp;
};

VmhCopier *
vmh_copier_new (void)
{
  return g_new0 (VmhCopier, 1);
}

void
vmh_copier_free (VmhCopier *copier)
{
  /* Both bwrap and QEMU: see probe_free() in vmh-caps.c. */
  vmh_pid_kill_family (&copier->room);
  if (copier->process != NULL)
    vmh_process_kill (copier->process);
  if (copier->qmp != NULL)
    vmh_qmp_close (copier->qmp);
  g_clear_object (&copier->qmp);
  g_clear_pointer (&copier->process, vmh_process_unref);
  g_free (copier);
}

/* In a room as a guest's, though it lives no longer than the helper. */
static VmhSpawn *
new_spawn (const char *emulator, uid_t user)
{
  const VmhSandbox room = { .die_with_parent = TRUE };
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  VmhSpawn *spawn;

  vmh_sandbox_add_args (&room, argv);
  spawn = vmh_spawn_new (argv->pdata[0], user);
  for (guint i = 1; i < argv->len; i++)
    vmh_spawn_add_arg (spawn, argv->pdata[i]);
  vmh_spawn_add_args (
      spawn, emulator, "-machine", "none", "-nodefaults", "-no-user-config", "-display", "none",
      "-S", "-sandbox", VMH_SANDBOX_SECCOMP, "-add-fd", "fd=" G_STRINGIFY (SOURCE_FD) ",set=1",
      "-add-fd", "fd=" G_STRINGIFY (TARGET_FD) ",set=2", "-chardev",
      "socket,id=qmp,fd=" G_STRINGIFY (MONITOR_FD), "-mon", "chardev=qmp,mode=control", NULL);
  return spawn;
}

static gboolean
start (VmhCopier *copier,
       const char *emulator,
       uid_t user,
       int source_fd,
       int target_fd,
       int monitor_fd,
       GError **error)
{
  g_autoptr (VmhSpawn) spawn = new_spawn (emulator, user);

  vmh_spawn_bind (spawn);
  vmh_spawn_become (spawn, NOBODY, NOBODY);
  vmh_spawn_limit_memory (spawn, MEMORY_LIMIT);
  vmh_spawn_pass_fd (spawn, STDERR_FILENO, STDERR_FILENO);
  vmh_spawn_pass_fd (spawn, SOURCE_FD, source_fd);
  vmh_spawn_pass_fd (spawn, TARGET_FD, target_fd);
  vmh_spawn_pass_fd (spawn, MONITOR_FD, monitor_fd);
  copier->process = vmh_spawn_start (spawn, NULL, NULL, error);
  if (copier->process == NULL)
    return FALSE;
  if (!vmh_pid_look (vmh_process_get_pid (copier->process), &copier->room))
    copier->room.pid = 0; /* it has ended */
  return TRUE;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  VmhCopier *copier = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  copier->qmp = vmh_qmp_open_finish (result, &error);
  if (copier->qmp != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, INN_ERROR,
                             g_cancellable_is_cancelled (g_task_get_cancellable (task))
                                 ? INN_ERROR_CANCELLED
                                 : INN_ERROR_QEMU,
                             _ ("The program that copies disk images did not start (%s). See the "
                                "helper's log for what it said."),
                             error->message);
}

void
vmh_copier_start_async (VmhCopier *copier,
                        const char *emulator,
                        uid_t user,
                        int source_fd,
                        int target_fd,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  GError *error = NULL;
  int ends[2];

  g_task_set_source_tag (task, vmh_copier_start_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, copier, NULL);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_LIMIT, "%s", g_strerror (errno));
      g_object_unref (task);
      return;
    }
  if (start (copier, emulator, user, source_fd, target_fd, ends[1], &error))
    vmh_qmp_open_async (vmh_steal_fd (&ends[0]), cancellable, on_opened, g_object_ref (task));
  else
    g_task_return_error (task, error);
  vmh_clear_fd (&ends[0]);
  vmh_clear_fd (&ends[1]);
  g_object_unref (task);
}

static gboolean
finish_call (VmhCopier *copier, GAsyncResult *result, GError **error)
{
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (copier->qmp, result, error);

  return reply != NULL;
}

static void
call (VmhCopier *copier,
      const char *command,
      JsonObject *arguments,
      GCancellable *cancellable,
      GAsyncReadyCallback callback,
      gpointer data)
{
  vmh_qmp_call_async (copier->qmp, command, arguments, -1, CALL_TIMEOUT_MS, cancellable, callback,
                      data);
}

/* {"driver": …, "node-name": …, "read-only": …}; @name NULL for a child without one. */
static JsonObject *
node_new (const char *driver, const char *name, gboolean read_only)
{
  JsonObject *node = json_object_new ();

  json_object_set_string_member (node, "driver", driver);
  if (name != NULL)
    json_object_set_string_member (node, "node-name", name);
  json_object_set_boolean_member (node, "read-only", read_only);
  return node;
}

/* Locks are ours to look at (vmh_image_in_use()): QEMU could not take them in an fd set. */
static JsonObject *
file_node_new (const char *driver, const char *name, const char *fdset, gboolean read_only)
{
  JsonObject *node = node_new (driver, name, read_only);

  json_object_set_string_member (node, "filename", fdset);
  json_object_set_string_member (node, "locking", "off");
  return node;
}

void
vmh_copier_open_source_async (VmhCopier *copier,
                              const char *format,
                              gboolean block_device,
                              gboolean read_only,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  JsonObject *node = node_new (format, "source", TRUE);

  json_object_set_object_member (
      node, "file",
      file_node_new (block_device ? "host_device" : "file", NULL, "/dev/fdset/1", read_only));
  if (g_str_equal (format, "qcow2") || g_str_equal (format, "vmdk"))
    json_object_set_null_member (node, "backing");
  call (copier, "blockdev-add", node, cancellable, callback, data);
}

gboolean
vmh_copier_open_source_finish (VmhCopier *copier, GAsyncResult *result, GError **error)
{
  return finish_call (copier, result, error);
}

void
vmh_copier_get_size_async (VmhCopier *copier,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer data)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_boolean_member (arguments, "flat", TRUE);
  call (copier, "query-named-block-nodes", arguments, cancellable, callback, data);
}

/* The size of the node "source" in what query-named-block-nodes says; 0 if it is not there. */
static guint64
find_size (JsonNode *reply)
{
  JsonArray *nodes = JSON_NODE_HOLDS_ARRAY (reply) ? json_node_get_array (reply) : NULL;

  for (guint i = 0; nodes != NULL && i < json_array_get_length (nodes); i++)
    {
      JsonNode *element = json_array_get_element (nodes, i);
      JsonObject *node = JSON_NODE_HOLDS_OBJECT (element) ? json_node_get_object (element) : NULL;

      if (g_str_equal (vmh_qmp_string (node, "node-name"), "source"))
        return (guint64)vmh_qmp_int (vmh_qmp_object (node, "image"), "virtual-size", 0);
    }
  return 0;
}

gboolean
vmh_copier_get_size_finish (VmhCopier *copier,
                            GAsyncResult *result,
                            guint64 *out_size,
                            GError **error)
{
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (copier->qmp, result, error);

  if (reply == NULL)
    return FALSE;
  *out_size = find_size (reply);
  return TRUE;
}

void
vmh_copier_open_target_async (VmhCopier *copier,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  JsonObject *node = file_node_new ("file", "file", "/dev/fdset/2", FALSE);

  json_object_set_string_member (node, "discard", "unmap");
  call (copier, "blockdev-add", node, cancellable, callback, data);
}

gboolean
vmh_copier_open_target_finish (VmhCopier *copier, GAsyncResult *result, GError **error)
{
  return finish_call (copier, result, error);
}

void
vmh_copier_format_async (VmhCopier *copier,
                         const char *format,
                         guint64 size,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  JsonObject *arguments, *options;

  if (g_str_equal (format, "raw"))
    {
      g_autoptr (GTask) task = g_task_new (copier->qmp, cancellable, callback, data);

      g_task_return_boolean (task, TRUE);
      return;
    }
  arguments = json_object_new ();
  options = json_object_new ();
  json_object_set_string_member (options, "driver", format);
  json_object_set_string_member (options, "file", "file");
  json_object_set_int_member (options, "size", (gint64)size);
  json_object_set_object_member (arguments, "options", options);
  vmh_qmp_run_job_async (copier->qmp, "blockdev-create", arguments, NULL, NULL, cancellable,
                         callback, data);
}

gboolean
vmh_copier_format_finish (VmhCopier *copier, GAsyncResult *result, GError **error)
{
  return vmh_qmp_run_job_finish (copier->qmp, result, error);
}

void
vmh_copier_open_format_async (VmhCopier *copier,
                              const char *format,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer data)
{
  JsonObject *node = node_new (format, "target", FALSE);

  json_object_set_string_member (node, "file", "file");
  json_object_set_string_member (node, "discard", "unmap");
  json_object_set_string_member (node, "detect-zeroes", "unmap");
  call (copier, "blockdev-add", node, cancellable, callback, data);
}

gboolean
vmh_copier_open_format_finish (VmhCopier *copier, GAsyncResult *result, GError **error)
{
  return finish_call (copier, result, error);
}

void
vmh_copier_resize_async (VmhCopier *copier,
                         guint64 size,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "node-name", "target");
  json_object_set_int_member (arguments, "size", (gint64)size);
  call (copier, "block_resize", arguments, cancellable, callback, data);
}

gboolean
vmh_copier_resize_finish (VmhCopier *copier, GAsyncResult *result, GError **error)
{
  return finish_call (copier, result, error);
}

/* Seen here: a mirror is as quick as qemu-img convert and leaves holes as holes; a backup is half
 * as quick and fills a raw target. */
void
vmh_copier_copy_async (VmhCopier *copier,
                       VmhQmpProgress progress,
                       gpointer progress_data,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_string_member (arguments, "device", "source");
  json_object_set_string_member (arguments, "target", "target");
  json_object_set_string_member (arguments, "sync", "full");
  json_object_set_boolean_member (arguments, "auto-dismiss", FALSE);
  vmh_qmp_run_job_async (copier->qmp, "blockdev-mirror", arguments, progress, progress_data,
                         cancellable, callback, data);
}

gboolean
vmh_copier_copy_finish (VmhCopier *copier, GAsyncResult *result, GError **error)
{
  return vmh_qmp_run_job_finish (copier->qmp, result, error);
}

static void
on_quit (GObject *source, GAsyncResult *result, gpointer data)
{
  /* It may end before it answers; how it ended is what counts. */
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, NULL);
}

void
vmh_copier_quit_async (VmhCopier *copier,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  vmh_process_wait_async (copier->process, 0, cancellable, callback, data);
  vmh_qmp_call_async (copier->qmp, "quit", NULL, -1, CALL_TIMEOUT_MS, NULL, on_quit, NULL);
}

gboolean
vmh_copier_quit_finish (VmhCopier *copier, GAsyncResult *result, GError **error)
{
  return vmh_process_wait_finish (copier->process, result, error);
}
