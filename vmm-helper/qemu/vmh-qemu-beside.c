/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns what runs beside a guest as the machine's owner, with no right that the owner has not: what
 * shares a folder, and what has a smart card. Each is in a room of its own, is on record, and ends
 * with its connection to QEMU. */
#include "qemu/vmh-qemu-private.h"

#include "core/vmh-memory-file.h"
#include "core/vmh-spawn.h"
#include "host/vmh-host.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-runtime.h"
#include "qemu/vmh-sandbox.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Numbers in the program. */
enum
{
  FD_SOCKET = 3,
  FD_MORE, /* of virtiofsd its filter, of vmm-card itself */
};

/* What there is to say to bwrap, to the program, and to pass. */
typedef struct
{
  VmhSandbox room;
  char **command;
  int more; /* -1: none */
} Recipe;

/* ---- its connection ---- */

void
vmh_qemu_clear_beside (gpointer data)
{
  VmhBeside *beside = data;

  vmh_clear_fd (&beside->socket);
}

/* virtiofsd wants a socket that listens. QEMU has connected to it before it has begun: answers that
 * end. */
static int
connect_listener (VmhBundle *bundle, VmhBeside *beside, GError **error)
{
  int connected;

  beside->socket = vmh_runtime_listen (bundle, VMH_SHARE_SOCKET, SOCK_STREAM, error);
  connected =
      beside->socket < 0 ? -1 : vmh_runtime_connect (bundle, VMH_SHARE_SOCKET, SOCK_STREAM, error);
  vmh_bundle_remove_runtime (bundle, VMH_SHARE_SOCKET);
  if (connected >= 0)
    fcntl (connected, F_SETFL, fcntl (connected, F_GETFL) & ~O_NONBLOCK);
  return connected;
}

static int
connect_pair (VmhBeside *beside, GError **error)
{
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "socketpair: %s", g_strerror (errno));
      return -1;
    }
  beside->socket = pair[1];
  return pair[0];
}

int
vmh_qemu_connect_beside (VmhBundle *bundle, VmhBeside *beside, GError **error)
{
  int connected = beside->fd->type == VMH_PLAN_FD_SHARE ? connect_listener (bundle, beside, error)
                                                        : connect_pair (beside, error);

  if (connected < 0)
    vmh_qemu_clear_beside (beside);
  return connected;
}

/* ---- the programs ---- */

/* virtiofsd begins by giving up its groups and ends where it cannot; in a room that its user has
 * made nobody can. They are the owner's, and may stay: it is told that they are gone. */
static int
make_filter (GError **error)
{
  static const struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_setgroups, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  int fd = vmh_memory_file ("filter", filter, sizeof filter, error);

  if (fd >= 0)
    lseek (fd, 0, SEEK_SET);
  return fd;
}

static void
describe_share (const VmhPlanFd *fd, Recipe *recipe, GError **error)
{
  recipe->room.folder = fd->path;
  recipe->room.share = TRUE;
  recipe->room.readonly = !fd->writable;
  recipe->room.filter_fd = FD_MORE;
  recipe->command = vmh_host_dup_virtiofsd (vmh_host_get_default (), VMH_SANDBOX_FOLDER, FD_SOCKET);
  recipe->more = make_filter (error);
}

/* With certificates it has their database, without them this computer's readers. */
static void
describe_card (const VmhPlanFd *fd, Recipe *recipe, GError **error)
{
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_autofree char *socket = g_strdup_printf ("%d", FD_SOCKET);
  g_auto (GStrv) certificates = g_strsplit (fd->kind ? fd->kind : "", "\n", -1);

  recipe->room.folder = fd->path;
  recipe->room.readonly = TRUE;
  recipe->room.readers = !fd->path;
  recipe->room.program_fd = FD_MORE;
  g_strv_builder_add_many (command, VMH_SANDBOX_PROGRAM, socket, NULL);
  g_strv_builder_addv (command, (const char **)certificates);
  recipe->command = g_strv_builder_end (command);
  recipe->more = vmh_sandbox_open_program (VMH_CARD_PROGRAM, error);
}

/* ---- its start ---- */

/* Of those that have ended with their connection. */
static void
forget_ended (GArray *shares)
{
  for (guint i = shares->len; i > 0; i--)
    {
      VMH_AUTOFD fd = vmh_pid_open (&g_array_index (shares, VmhPid, i - 1));

      if (fd < 0)
        g_array_remove_index (shares, i - 1);
    }
}

/* Between fork and exec: whatever happens to us from here on, the next helper knows it. */
static gboolean
on_forked (pid_t number, gpointer data, GError **error)
{
  VmhQemu *qemu = data;
  VmhPid pid;

  forget_ended (qemu->record->shares);
  if (!vmh_pid_look (number, &pid))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_FAILED,
                   _ ("A program beside the machine ended before it began."));
      return FALSE;
    }
  g_array_append_val (qemu->record->shares, pid);
  return vmh_record_save (qemu->record, qemu->bundle, error);
}

static gboolean
start (VmhQemu *qemu, const Recipe *recipe, int socket, GError **error)
{
  uid_t owner = vmh_bundle_get_owner (qemu->bundle);
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func (g_free);
  VMH_AUTOFD log = vmh_bundle_open_file (qemu->bundle, "log/qemu.log", O_WRONLY | O_APPEND, error);
  g_autoptr (VmhSpawn) program = NULL;
  g_autoptr (VmhProcess) process = NULL;

  if (log < 0)
    return FALSE;
  vmh_sandbox_add_args (&recipe->room, args);
  program = vmh_spawn_new (args->pdata[0], owner);
  vmh_spawn_become_person (program, owner);
  for (guint i = 1; i < args->len; i++)
    vmh_spawn_add_arg (program, args->pdata[i]);
  for (char **arg = recipe->command; *arg; arg++)
    vmh_spawn_add_arg (program, *arg);
  vmh_spawn_pass_fd (program, STDERR_FILENO, log);
  vmh_spawn_pass_fd (program, FD_MORE, recipe->more);
  vmh_spawn_pass_fd (program, FD_SOCKET, socket);
  process = vmh_spawn_start (program, on_forked, qemu, error);
  return process != NULL;
}

gboolean
vmh_qemu_start_beside (VmhQemu *qemu, const VmhBeside *beside, GError **error)
{
  Recipe recipe = { .more = -1 };
  gboolean started;

  if (beside->fd->type == VMH_PLAN_FD_SHARE)
    describe_share (beside->fd, &recipe, error);
  else
    describe_card (beside->fd, &recipe, error);
  started = recipe.more >= 0 && start (qemu, &recipe, beside->socket, error);
  g_strfreev (recipe.command);
  vmh_clear_fd (&recipe.more);
  return started;
}

int
vmh_qemu_run_beside (VmhQemu *qemu, const VmhPlanFd *fd, GError **error)
{
  VmhBeside beside = { fd, -1 };
  VMH_AUTOFD connected = vmh_qemu_connect_beside (qemu->bundle, &beside, error);
  const gboolean started = connected >= 0 && vmh_qemu_start_beside (qemu, &beside, error);

  vmh_qemu_clear_beside (&beside);
  return started ? vmh_steal_fd (&connected) : -1;
}

void
vmh_qemu_end_beside (const VmhRecord *record)
{
  for (guint i = 0; record->shares && i < record->shares->len; i++)
    vmh_pid_kill_family (&g_array_index (record->shares, VmhPid, i));
}
