/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the question what a QEMU can do, and the file that keeps the answer. */
#include "qemu/vmh-caps.h"

#include "core/vmh-save.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-launch.h"
#include "qemu/vmh-pid.h"
#include "qemu/vmh-qmp-commands.h"
#include "qemu/vmh-sandbox.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define MONITOR_FD  16
#define MAX_CACHE   (1024 * 1024)
#define KEY_VERSION "2 " /* of what is asked */

typedef struct
{
  char *emulator, *cache, *key;
  uid_t uid;
  VmhPid bwrap;
  VmhQmp *qmp;
} Probe;

static void
probe_free (Probe *probe)
{
  if (probe->qmp)
    vmh_qmp_close (probe->qmp);
  g_clear_object (&probe->qmp);
  /* A "quit" is lost if we hang up behind it. Both, for bwrap's child asks to die with it only
   * after it has begun. */
  vmh_pid_kill_family (&probe->bwrap);
  g_free (probe->emulator);
  g_free (probe->cache);
  g_free (probe->key);
  g_free (probe);
}

/* Changes when the binary does, or a module of it comes or goes, or what we ask for. */
static char *
make_key (const char *emulator)
{
  const char *const paths[] = { emulator,
                                "/usr/lib/x86_64-linux-gnu/qemu",
                                "/usr/lib/aarch64-linux-gnu/qemu",
                                "/usr/lib64/qemu",
                                "/usr/lib64/qemu-kvm",
                                "/usr/lib/qemu" };
  GString *key = g_string_new (KEY_VERSION);

  g_string_append (key, emulator);

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      struct stat facts = { 0 };

      if (stat (paths[i], &facts) == 0)
        g_string_append_printf (key, " %lld.%09ld/%lld", (long long)facts.st_mtim.tv_sec,
                                facts.st_mtim.tv_nsec, (long long)facts.st_size);
    }
  return g_string_free (key, FALSE);
}

static VmhCaps *
caps_new (char **types)
{
  VmhCaps *caps = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (char **type = types; *type; type++)
    if (**type)
      g_hash_table_add (caps, g_strdup (*type));
  return caps;
}

/* The key is the first line, types follow. */
static VmhCaps *
load_cache (const Probe *probe)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gsize length;

  if (!g_file_get_contents (probe->cache, &text, &length, NULL) || length > MAX_CACHE)
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  return g_strcmp0 (lines[0], probe->key) == 0 ? caps_new (lines + 1) : NULL;
}

/* Not to have the cache costs 0.1 s at the next start, nothing else. */
static void
save_cache (const Probe *probe, const char *text)
{
  g_autofree char *path = g_path_get_dirname (probe->cache);
  g_autofree char *name = g_path_get_basename (probe->cache);
  VMH_AUTOFD folder = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (folder < 0 || !vmh_save (folder, name, text, strlen (text), FALSE))
    g_info ("%s: %s", probe->cache, g_strerror (errno));
}

/* QEMU without a machine, in the same room as every guest. */
static int
spawn (Probe *probe, GError **error)
{
  static const char *const options[] = { "-nodefaults", "-no-user-config",
                                         "-machine",    "none",
                                         "-display",    "none",
                                         "-sandbox",    VMH_SANDBOX_SECCOMP,
                                         "-chardev",    "socket,id=monitor,fd=16",
                                         "-mon",        "chardev=monitor,mode=control",
                                         NULL };
  VmhSandbox sandbox = { .die_with_parent = TRUE };
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (VmhLaunch) launch = NULL;
  VMH_AUTOFD ours = -1;
  int fds[2], program;
  pid_t pid;

  vmh_sandbox_add_args (&sandbox, argv);
  program = open (argv->pdata[0], O_RDONLY | O_CLOEXEC);
  if (program < 0 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "%s: %s", (char *)argv->pdata[0],
                   g_strerror (errno));
      if (program >= 0)
        close (program);
      return -1;
    }
  ours = fds[0];
  launch = vmh_launch_new (program, probe->uid, (gid_t)probe->uid);
  vmh_launch_bind (launch);
  vmh_launch_set_fd (launch, MONITOR_FD, fds[1]);
  for (guint i = 0; i < argv->len; i++)
    vmh_launch_add_arg (launch, argv->pdata[i]);
  vmh_launch_add_arg (launch, probe->emulator);
  for (const char *const *option = options; *option; option++)
    vmh_launch_add_arg (launch, *option);
  pid = vmh_launch_run (launch, NULL, NULL, error);
  if (pid == 0)
    return -1;
  if (!vmh_pid_look (pid, &probe->bwrap))
    probe->bwrap.pid = 0; /* it has ended */
  return vmh_steal_fd (&ours);
}

static void
on_types (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Probe *probe = g_task_get_task_data (task);
  GError *error = NULL;
  g_auto (GStrv) types = vmh_qmp_query_types_finish (probe->qmp, result, &error);
  g_autofree char *list = NULL;
  g_autofree char *text = NULL;

  if (!types)
    {
      g_task_return_error (task, error);
      return;
    }
  list = g_strjoinv ("\n", types);
  text = g_strconcat (probe->key, "\n", list, NULL);
  save_cache (probe, text);
  g_task_return_pointer (task, caps_new (types), (GDestroyNotify)g_hash_table_unref);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Probe *probe = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  probe->qmp = vmh_qmp_open_finish (result, &error);
  if (!probe->qmp)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_QEMU,
                               _ ("%s cannot be started in its sandbox (%s). Look whether "
                                  "unprivileged user namespaces are allowed on this computer."),
                               probe->emulator, error->message);
      g_error_free (error);
      return;
    }
  vmh_qmp_query_types_async (probe->qmp, cancellable, on_types, g_steal_pointer (&task));
}

void
vmh_caps_load_async (const char *emulator,
                     const char *folder,
                     uid_t uid,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autofree char *name = g_path_get_basename (emulator);
  g_autofree char *file = g_strconcat ("caps-", name, NULL);
  Probe *probe = g_new0 (Probe, 1);
  GError *error = NULL;
  VmhCaps *caps;
  int fd;

  g_task_set_source_tag (task, vmh_caps_load_async);
  g_task_set_task_data (task, probe, (GDestroyNotify)probe_free);
  probe->emulator = g_strdup (emulator);
  probe->cache = g_build_filename (folder, file, NULL);
  probe->key = make_key (emulator);
  probe->uid = uid;
  caps = load_cache (probe);
  if (caps)
    {
      g_task_return_pointer (task, caps, (GDestroyNotify)g_hash_table_unref);
      return;
    }
  fd = spawn (probe, &error);
  if (fd < 0)
    g_task_return_error (task, error);
  else
    vmh_qmp_open_async (fd, cancellable, on_opened, g_steal_pointer (&task));
}

VmhCaps *
vmh_caps_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
vmh_caps_has (const char *type, gpointer caps)
{
  return g_hash_table_contains (caps, type);
}
