/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how a QEMU comes to be ours: started from a plan, or found by its record. */
#include "qemu/vmh-qemu-private.h"

#include "host/vmh-host.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-launch.h"
#include "qemu/vmh-runtime.h"
#include "qemu/vmh-sandbox.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

/* Numbers in the shim; those of the plan begin at VMH_PLAN_FIRST_FD, the shim's ends of the lines
 * come after them. */
enum
{
  FD_ERRORS = 2,
  FD_CONTROL,
  FD_EXIT,
  FD_LOG,
  FD_OLD_LOG,
  FD_INFO,
  FD_HOLD,
};
G_STATIC_ASSERT (FD_HOLD < VMH_PLAN_FIRST_FD);

#define END_TIMEOUT_MS 1000 /* what was killed ends within milliseconds, unless its disk hangs */

typedef struct
{
  VmhBundle *bundle;
  const VmhQemuStart *start;
  VmhLaunch *launch;
  VmhSandbox sandbox;
  VmhQemu *qemu;
  int next_fd;
  int screen;     /* vmm-screen's number, before those of its sockets; 0: there is none */
  GArray *beside; /* VmhBeside: programs that are to be started */
} Spawn;

static void G_GNUC_PRINTF (2, 3) add_arg (Spawn *spawn, const char *format, ...)
{
  g_autofree char *arg = NULL;
  va_list args;

  va_start (args, format);
  arg = g_strdup_vprintf (format, args);
  va_end (args);
  vmh_launch_add_arg (spawn->launch, arg);
}

/* A file of ours that the shim writes. */
static gboolean
add_file (Spawn *spawn, const char *option, int number, int fd)
{
  if (fd < 0)
    return FALSE;
  vmh_launch_set_fd (spawn->launch, number, fd);
  add_arg (spawn, "%s", option);
  add_arg (spawn, "%d", number);
  return TRUE;
}

static gboolean
add_shim_options (Spawn *spawn, GError **error)
{
  const int log_flags = O_RDWR | O_CREAT | O_TRUNC;
  int errors;

  vmh_launch_add_arg (spawn->launch, "vmm-shim");
  add_arg (spawn, "--peer");
  add_arg (spawn, "%u", (guint)geteuid ());
  if (!add_file (spawn, "--control", FD_CONTROL,
                 vmh_runtime_listen (spawn->bundle, "shim", SOCK_SEQPACKET, error)) ||
      !add_file (spawn, "--exit", FD_EXIT,
                 vmh_bundle_open_runtime (spawn->bundle, "exit", log_flags, error)) ||
      !add_file (spawn, "--log", FD_LOG,
                 vmh_bundle_open_file (spawn->bundle, "log/qemu.log", log_flags, error)) ||
      !add_file (spawn, "--old-log", FD_OLD_LOG,
                 vmh_bundle_open_file (spawn->bundle, "log/qemu.log.1", log_flags, error)))
    return FALSE;
  errors = vmh_bundle_open_file (spawn->bundle, "log/qemu.log", O_WRONLY | O_APPEND, error);
  if (errors < 0)
    return FALSE;
  vmh_launch_set_fd (spawn->launch, FD_ERRORS, errors);
  if (spawn->start->note && write (errors, spawn->start->note, strlen (spawn->start->note)) < 0)
    g_info ("%s", spawn->start->note); /* a full disk costs log lines */
  return TRUE;
}

/* A line or a network card has QEMU's end at the number in the plan, and the shim's after all of
 * those. */
static gboolean
add_pair (Spawn *spawn, const char *option, const VmhPlanFd *fd, GError **error)
{
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "socketpair: %s", g_strerror (errno));
      return FALSE;
    }
  vmh_launch_set_fd (spawn->launch, fd->number, pair[0]);
  vmh_launch_set_fd (spawn->launch, spawn->next_fd, pair[1]);
  add_arg (spawn, "%s", option);
  add_arg (spawn, "%s", fd->name);
  add_arg (spawn, "%d", spawn->next_fd++);
  return TRUE;
}

static void
add_beside_args (Spawn *spawn, char **args)
{
  for (char **arg = args; *arg; arg++)
    {
      add_arg (spawn, "--beside-arg");
      vmh_launch_add_arg (spawn->launch, *arg);
    }
}

/* A file for the program beside the guest that was named last, at the number that is answered. */
static int
add_beside_fd (Spawn *spawn, int fd)
{
  vmh_launch_set_fd (spawn->launch, spawn->next_fd, fd);
  add_arg (spawn, "--beside-fd");
  add_arg (spawn, "%d", spawn->next_fd);
  return spawn->next_fd++;
}

/* The chip is a program in a room of its own, in which there is nothing but its state. */
static gboolean
add_tpm (Spawn *spawn, const VmhPlanFd *fd, int *folder, GError **error)
{
  g_autofree char *path = g_build_filename (vmh_bundle_get_path (spawn->bundle), VMH_TPM, NULL);
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) command = NULL;
  VmhSandbox room = { 0 };
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "socketpair: %s", g_strerror (errno));
      return FALSE;
    }
  vmh_launch_set_fd (spawn->launch, fd->number, pair[0]);
  add_arg (spawn, "--beside");
  add_arg (spawn, "%s", fd->name);
  command = vmh_host_dup_swtpm (fd->kind, VMH_SANDBOX_FOLDER, add_beside_fd (spawn, pair[1]));
  if (*folder >= 0)
    room.folder_fd = add_beside_fd (spawn, vmh_steal_fd (folder));
  else
    room.folder = path;
  vmh_sandbox_add_args (&room, args);
  g_ptr_array_add (args, NULL);
  add_beside_args (spawn, (char **)args->pdata);
  add_beside_args (spawn, command);
  spawn->qemu->record->beside = TRUE;
  return TRUE;
}

/* QEMU's end of what a program of the owner's does, which is started when QEMU is. */
static gboolean
add_beside (Spawn *spawn, const VmhPlanFd *fd, GError **error)
{
  VmhBeside beside = { fd, -1 };
  int connected = vmh_qemu_connect_beside (spawn->bundle, &beside, error);

  if (connected < 0)
    return FALSE;
  g_array_append_val (spawn->beside, beside);
  vmh_launch_set_fd (spawn->launch, fd->number, connected);
  return TRUE;
}

static gboolean
add_plan_fd (Spawn *spawn, const VmhPlanFd *fd, int *file, GError **error)
{
  int socket;

  switch (fd->type)
    {
    case VMH_PLAN_FD_LINE:
      return add_pair (spawn, "--line", fd, error);
    case VMH_PLAN_FD_NET:
      return add_pair (spawn, "--net", fd, error);
    case VMH_PLAN_FD_LISTEN:
      socket = vmh_runtime_listen (spawn->bundle, fd->name, SOCK_STREAM, error);
      if (socket < 0)
        return FALSE;
      vmh_launch_set_fd (spawn->launch, fd->number, socket);
      return TRUE;
    case VMH_PLAN_FD_TPM:
      return add_tpm (spawn, fd, file, error);
    case VMH_PLAN_FD_SHARE:
    case VMH_PLAN_FD_CARD:
      return add_beside (spawn, fd, error);
    case VMH_PLAN_FD_FILE:
    case VMH_PLAN_FD_LUN:
      g_return_val_if_fail (*file >= 0, FALSE);
      vmh_launch_set_file (spawn->launch, fd->number, vmh_steal_fd (file),
                           vmh_bundle_get_owner (spawn->bundle));
      return TRUE;
    case VMH_PLAN_FD_SHMEM:
      spawn->sandbox.proc = TRUE;
      g_return_val_if_fail (*file >= 0, FALSE);
      vmh_launch_set_fd (spawn->launch, fd->number, vmh_steal_fd (file));
      return TRUE;
    case VMH_PLAN_FD_COPY:
      g_return_val_if_fail (spawn->sandbox.n_copies < VMH_SANDBOX_MAX_COPIES, FALSE);
      spawn->sandbox.copies[spawn->sandbox.n_copies].fd = fd->number;
      spawn->sandbox.copies[spawn->sandbox.n_copies++].name = fd->name;
      G_GNUC_FALLTHROUGH;
    case VMH_PLAN_FD_VSOCK:
    case VMH_PLAN_FD_CHIP:
    case VMH_PLAN_FD_USB:
    case VMH_PLAN_FD_TAP:
    case VMH_PLAN_FD_NVRAM:
    default:
      g_return_val_if_fail (*file >= 0, FALSE);
      vmh_launch_set_fd (spawn->launch, fd->number, vmh_steal_fd (file));
      return TRUE;
    }
}

static gboolean
add_plan_fds (Spawn *spawn, GError **error)
{
  GPtrArray *fds = vmh_plan_get_fds (spawn->start->plan);

  spawn->next_fd = VMH_PLAN_FIRST_FD + (int)fds->len;
  for (guint i = 0; i < fds->len; i++)
    if (!add_plan_fd (spawn, fds->pdata[i], &g_array_index (spawn->start->files, int, i), error))
      return FALSE;
  return TRUE;
}

/* The best comes first. */
static void
add_display (VmhRecord *record, const char *protocol)
{
  g_autoptr (GStrvBuilder) displays = g_strv_builder_new ();

  g_strv_builder_add (displays, protocol);
  g_strv_builder_addv (displays, (const char **)record->displays);
  g_strfreev (record->displays);
  record->displays = g_strv_builder_end (displays);
}

/* QEMU's D-Bus display has one viewer, which it must see in its own room to believe who it is: the
 * program that begins QEMU. Where there is none, there is VNC. */
static void
add_screen (Spawn *spawn)
{
  static const char *const names[] = { VMH_SCREEN_VIEWERS, VMH_SCREEN_QEMU };
  g_autoptr (GError) error = NULL;
  int fds[] = { -1, -1, -1 };

  if (!vmh_plan_has_display (spawn->start->plan, "dbus"))
    return;
  fds[0] = vmh_sandbox_open_program ("vmm-screen", &error);
  for (guint i = 0; i < G_N_ELEMENTS (names) && fds[i] >= 0; i++)
    fds[i + 1] = vmh_runtime_listen (spawn->bundle, names[i], SOCK_SEQPACKET, &error);
  if (fds[2] < 0)
    {
      g_warning ("%s", error->message);
      for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
        vmh_clear_fd (&fds[i]);
      return;
    }
  spawn->screen = spawn->next_fd;
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    vmh_launch_set_fd (spawn->launch, spawn->next_fd++, fds[i]);
  spawn->sandbox.program_fd = spawn->screen;
  add_display (spawn->qemu->record, "frames");
}

static void
add_command (Spawn *spawn)
{
  g_autoptr (GPtrArray) sandbox = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) argv = vmh_plan_dup_argv (spawn->start->plan);

  for (char **arg = spawn->start->network_command; arg && *arg; arg++)
    {
      add_arg (spawn, "--net-command");
      vmh_launch_add_arg (spawn->launch, *arg);
    }
  add_arg (spawn, "--");
  vmh_sandbox_add_args (&spawn->sandbox, sandbox);
  for (guint i = 0; i < sandbox->len; i++)
    vmh_launch_add_arg (spawn->launch, sandbox->pdata[i]);
  if (spawn->screen > 0)
    {
      vmh_launch_add_arg (spawn->launch, VMH_SANDBOX_PROGRAM);
      add_arg (spawn, "%d", spawn->screen + 1);
      add_arg (spawn, "%d", spawn->screen + 2);
    }
  for (char **arg = argv; *arg; arg++)
    vmh_launch_add_arg (spawn->launch, *arg);
}

static VmhRecord *
make_record (const VmhQemuStart *start)
{
  VmhRecord *record = g_new0 (VmhRecord, 1);
  GPtrArray *fds = vmh_plan_get_fds (start->plan);
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) displays = g_strv_builder_new ();

  for (guint i = 0; i < fds->len; i++)
    {
      const VmhPlanFd *fd = fds->pdata[i];
      g_autofree char *line = g_strdup_printf ("%s=%s", fd->name, fd->kind);

      if (fd->type == VMH_PLAN_FD_LINE)
        g_strv_builder_add (lines, line);
    }
  if (vmh_plan_has_display (start->plan, "vnc"))
    g_strv_builder_add (displays, "vnc");
  record->starting = TRUE;
  record->shares = g_array_new (FALSE, FALSE, sizeof (VmhPid));
  record->accelerator = g_strdup (start->accelerator);
  record->reason = g_strdup (start->reason);
  record->user_network = g_strdup (vmh_plan_get_user_network (start->plan));
  record->lines = g_strv_builder_end (lines);
  record->displays = g_strv_builder_end (displays);
  return record;
}

/* Between fork and exec: whatever happens to us from here on, the next helper knows the shim. */
static gboolean
on_forked (pid_t pid, gpointer data, GError **error)
{
  Spawn *spawn = data;
  VmhRecord *record = spawn->qemu->record;

  if (!vmh_pid_look (pid, &record->shim) || !vmh_qemu_watch_shim (spawn->qemu))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_FAILED, _ ("The shim ended before it began."));
      return FALSE;
    }
  return vmh_record_save (record, spawn->bundle, error);
}

static gboolean
launch (Spawn *spawn, GError **error)
{
  uid_t uid = vmh_bundle_get_guest_uid (spawn->bundle, error);
  int program = uid == (uid_t)-1 ? -1 : vmh_sandbox_open_program ("vmm-shim", error);
  int info[2];

  if (program < 0)
    return FALSE;
  spawn->launch = vmh_launch_new (program, uid, vmh_sandbox_get_gid (&spawn->sandbox, uid));
  if (spawn->sandbox.render)
    vmh_launch_add_group (spawn->launch, spawn->sandbox.render->group);
  vmh_launch_lock_memory (spawn->launch, vmh_plan_locked_bytes (spawn->start->plan));
  if (!add_shim_options (spawn, error) || !add_plan_fds (spawn, error))
    return FALSE;
  if (pipe2 (info, O_CLOEXEC) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "pipe: %s", g_strerror (errno));
      return FALSE;
    }
  vmh_qemu_watch_info (spawn->qemu, info[0]);
  vmh_launch_set_fd (spawn->launch, FD_INFO, info[1]);
  /* When we are killed, bwrap must not die of a closed pipe: its child, which waits for it, would
   * be nobody's, and no next helper would find it. */
  if (!add_file (spawn, "--hold", FD_HOLD, fcntl (info[0], F_DUPFD_CLOEXEC, 3)))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO, "pipe: %s", g_strerror (errno));
      return FALSE;
    }
  add_screen (spawn);
  add_command (spawn);
  return vmh_launch_run (spawn->launch, on_forked, spawn, error) > 0;
}

static gboolean
start_beside (Spawn *spawn, GError **error)
{
  for (guint i = 0; i < spawn->beside->len; i++)
    if (!vmh_qemu_start_beside (spawn->qemu, &g_array_index (spawn->beside, VmhBeside, i), error))
      return FALSE;
  return TRUE;
}

/* Started and never finished, or not yet ended: the helper was killed in between. Waited for,
 * because what it had open would be in the next start's way. */
static void
end_unfinished (const VmhRecord *record)
{
  vmh_pid_end_family (&record->shim, END_TIMEOUT_MS);
  vmh_pid_end_family (&record->qemu, END_TIMEOUT_MS); /* where its shim was dead already */
  vmh_qemu_end_beside (record);
}

VmhQemu *
vmh_qemu_spawn (VmhBundle *bundle, const VmhQemuStart *start, GError **error)
{
  g_autoptr (VmhQemu) qemu = vmh_qemu_new (bundle, make_record (start));
  Spawn spawn = { .bundle = bundle,
                  .start = start,
                  .qemu = qemu,
                  .sandbox = { .kvm = g_str_equal (start->accelerator, "kvm"),
                               .network =
                                   g_str_equal (vmh_plan_get_user_network (start->plan), "slirp"),
                               .localtime = start->localtime,
                               .vfio = start->vfio,
                               .render = start->render,
                               .info_fd = FD_INFO } };
  gboolean done;

  spawn.beside = g_array_new (FALSE, FALSE, sizeof (VmhBeside));
  g_array_set_clear_func (spawn.beside, vmh_qemu_clear_beside);
  done = launch (&spawn, error) && start_beside (&spawn, error);
  g_array_unref (spawn.beside);
  g_clear_pointer (&spawn.launch, vmh_launch_free);
  if (done)
    return g_steal_pointer (&qemu);
  end_unfinished (qemu->record);
  vmh_record_remove (bundle, NULL);
  return NULL;
}

/* The record is damaged, or of another guest: whoever runs here is not known, cannot be commanded,
 * and would be in the way of every start. */
static void
end_unknown (VmhBundle *bundle, const VmhRecord *record)
{
  VmhRecord found = { 0 };

  if (!vmh_runtime_find_shim (bundle, &found.shim) ||
      (record && record->shim.pid == found.shim.pid && record->shim.start == found.shim.start))
    return;
  g_warning ("What runs as %s is not on record, and is ended.", vmh_bundle_get_uuid (bundle));
  end_unfinished (&found);
}

VmhQemu *
vmh_qemu_find (VmhBundle *bundle)
{
  g_autoptr (VmhRecord) record = vmh_record_load (bundle);
  g_autoptr (VmhQemu) qemu = NULL;

  end_unknown (bundle, record);
  if (!record)
    return NULL;
  if (record->starting || record->ending || record->qemu.pid == 0)
    {
      end_unfinished (record);
      vmh_record_remove (bundle, NULL);
      return NULL;
    }
  qemu = vmh_qemu_new (bundle, g_steal_pointer (&record));
  if (!vmh_qemu_watch (qemu))
    return NULL;
  vmh_qemu_watch_shim (qemu);
  return g_steal_pointer (&qemu);
}
