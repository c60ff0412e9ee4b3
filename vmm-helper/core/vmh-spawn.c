/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the spawn server as the helper sees it, and what a child is told. */
#include "vmh-spawn-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "shared/inn-errors.h"
#include "vmh-wire.h"

/* The server does nothing but fork: only a computer that hardly moves is so slow. */
#define FORK_WAIT_MS 10000
#define END_WAIT_MS  500

typedef struct
{
  gint32 number;
  int fd;
} Slot;

struct _VmhSpawn
{
  VmhSpawnOrder order;
  uid_t user;
  gboolean bound;
  int program; /* -1: a path */
  GByteArray *texts;
  GArray *slots; /* Slot */
  int captured;  /* number; 0: none */
  gsize most;
};

static struct
{
  gboolean begun;
  pid_t pid;
  int control; /* -1: none, or lost */
  guint source, idle;
  GHashTable *processes; /* pid → VmhProcess, owned: not reaped yet */
  GQueue news;           /* VmhSpawnNews, of ends that came while a fork was waited for */
  void (*on_lost) (gpointer data);
  gpointer on_lost_data;
} server = { .control = -1, .news = G_QUEUE_INIT };

/* ---- the server ---- */

static void
lose (void)
{
  GHashTableIter iter;
  gpointer process;

  if (server.control < 0)
    return;
  g_warning ("The process that starts others has died. Nothing can be started any more.");
  close (server.control);
  server.control = -1;
  g_clear_handle_id (&server.source, g_source_remove);
  /* How they end nobody will know. */
  g_hash_table_iter_init (&iter, server.processes);
  while (g_hash_table_iter_next (&iter, NULL, &process))
    vmh_process_ended (process, -1);
  g_hash_table_remove_all (server.processes);
  if (server.on_lost != NULL)
    server.on_lost (server.on_lost_data);
}

static void
see_end (const VmhSpawnNews *news)
{
  gpointer pid = GINT_TO_POINTER (news->pid);
  VmhProcess *process = g_hash_table_lookup (server.processes, pid);

  if (process == NULL)
    return;
  g_hash_table_steal (server.processes, pid);
  vmh_process_ended (process, news->status);
  vmh_process_unref (process);
}

/* One packet; FALSE where there is none now, or no server. */
static gboolean
receive (VmhSpawnNews *news, int *out_fd)
{
  ssize_t n = vmh_wire_receive (server.control, news, sizeof *news, out_fd,
                                MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

  if (n < 0 && errno == EAGAIN)
    return FALSE;
  if (n != sizeof *news)
    {
      lose ();
      return FALSE;
    }
  return TRUE;
}

static gboolean
on_control (int fd, GIOCondition condition, gpointer data)
{
  VmhSpawnNews news;
  int pidfd;

  while (server.control >= 0 && receive (&news, &pidfd))
    see_end (&news);
  return server.control >= 0;
}

static gboolean
on_old_news (gpointer data)
{
  VmhSpawnNews *news;

  server.idle = 0;
  while ((news = g_queue_pop_head (&server.news)) != NULL)
    {
      see_end (news);
      g_free (news);
    }
  return G_SOURCE_REMOVE;
}

gboolean
vmh_spawn_begin (GError **error)
{
  int ends[2];
  pid_t pid;

  if (server.begun)
    return TRUE;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_LIMIT, "%s", g_strerror (errno));
      return FALSE;
    }
  pid = fork ();
  if (pid == 0)
    vmh_spawn_serve (ends[1]);
  close (ends[1]);
  if (pid < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_LIMIT, "%s", g_strerror (errno));
      close (ends[0]);
      return FALSE;
    }
  server.begun = TRUE;
  server.pid = pid;
  server.control = ends[0];
  server.processes = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)vmh_process_unref);
  server.source = g_unix_fd_add (server.control, G_IO_IN | G_IO_HUP, on_control, NULL);
  return TRUE;
}

void
vmh_spawn_on_lost (void (*func) (gpointer data), gpointer data)
{
  server.on_lost = func;
  server.on_lost_data = data;
}

void
vmh_spawn_entrust (int fd)
{
  if (server.control >= 0 && vmh_wire_send (server.control, VMH_SPAWN_KEEP, 1, fd, 0) < 0)
    lose ();
}

void
vmh_spawn_end (void)
{
  g_clear_handle_id (&server.source, g_source_remove);
  g_clear_handle_id (&server.idle, g_source_remove);
  if (server.control >= 0)
    {
      int pidfd = (int)syscall (SYS_pidfd_open, server.pid, 0);
      struct pollfd end = { .fd = pidfd, .events = POLLIN };

      close (server.control);
      /* What is bound to us is gone before we are, unless the kernel holds it. */
      if (pidfd >= 0)
        {
          poll (&end, 1, END_WAIT_MS);
          close (pidfd);
        }
    }
  server.control = -1;
  g_queue_clear_full (&server.news, g_free);
  g_clear_pointer (&server.processes, g_hash_table_unref);
}

/* ---- what is to be started ---- */

static VmhSpawn *
spawn_new (VmhSpawnAct act, uid_t user)
{
  VmhSpawn *spawn = g_new0 (VmhSpawn, 1);

  spawn->order.act = act;
  spawn->order.flags = -1;
  spawn->user = user;
  spawn->program = -1;
  spawn->texts = g_byte_array_new ();
  spawn->slots = g_array_new (FALSE, FALSE, sizeof (Slot));
  return spawn;
}

VmhSpawn *
vmh_spawn_new (const char *program, uid_t user)
{
  VmhSpawn *spawn = spawn_new (VMH_SPAWN_RUN, user);

  vmh_spawn_add_args (spawn, program, program, NULL);
  return spawn;
}

VmhSpawn *
vmh_spawn_new_for_fd (int fd, uid_t user)
{
  VmhSpawn *spawn = spawn_new (VMH_SPAWN_RUN, user);

  spawn->program = fd;
  return spawn;
}

VmhSpawn *
vmh_spawn_new_errand (VmhSpawnAct act, uid_t user, int flags)
{
  VmhSpawn *spawn = spawn_new (act, user);

  spawn->order.flags = flags;
  if (user != geteuid () && act != VMH_SPAWN_LOCKED)
    {
      spawn->order.who = VMH_SPAWN_PERSON;
      spawn->order.uid = user;
    }
  return spawn;
}

void
vmh_spawn_free (VmhSpawn *spawn)
{
  g_byte_array_unref (spawn->texts);
  g_array_unref (spawn->slots);
  g_free (spawn);
}

void
vmh_spawn_add_arg (VmhSpawn *spawn, const char *arg)
{
  g_byte_array_append (spawn->texts, (const guint8 *)arg, (guint)strlen (arg) + 1);
  spawn->order.n_texts++;
}

void
vmh_spawn_add_args (VmhSpawn *spawn, ...)
{
  const char *arg;
  va_list args;

  va_start (args, spawn);
  while ((arg = va_arg (args, const char *)) != NULL)
    vmh_spawn_add_arg (spawn, arg);
  va_end (args);
}

void
vmh_spawn_pass_fd (VmhSpawn *spawn, int number, int fd)
{
  Slot slot = { number, fd };

  g_return_if_fail (number >= 0 && fd >= 0);
  g_array_append_val (spawn->slots, slot);
}

void
vmh_spawn_become (VmhSpawn *spawn, uid_t uid, gid_t gid)
{
  if (geteuid () != 0 || uid == 0)
    return;
  spawn->order.who = VMH_SPAWN_NUMBER;
  spawn->order.uid = uid;
  spawn->order.gid = gid;
}

void
vmh_spawn_become_person (VmhSpawn *spawn, uid_t uid)
{
  if (uid == geteuid ())
    return;
  spawn->order.who = VMH_SPAWN_PERSON;
  spawn->order.uid = uid;
}

void
vmh_spawn_add_group (VmhSpawn *spawn, gid_t group)
{
  if (spawn->order.who == VMH_SPAWN_NUMBER)
    spawn->order.group = group;
}

void
vmh_spawn_limit_memory (VmhSpawn *spawn, guint64 limit)
{
  spawn->order.memory = limit;
}

void
vmh_spawn_lock_memory (VmhSpawn *spawn, guint64 bytes)
{
  spawn->order.locks = bytes;
}

void
vmh_spawn_bind (VmhSpawn *spawn)
{
  spawn->bound = TRUE;
}

void
vmh_spawn_capture (VmhSpawn *spawn, int number, gsize most)
{
  spawn->captured = number;
  spawn->most = most;
}

/* ---- starting ---- */

static void
set_fork_error (GError **error, int code)
{
  g_set_error (error, INN_ERROR, INN_ERROR_LIMIT,
               _ ("Cannot start another process: %s. End some programs and try again."),
               g_strerror (code));
}

static void
set_lost (GError **error)
{
  g_set_error_literal (error, INN_ERROR, INN_ERROR_FAILED,
                       _ ("The part of the helper that starts programs has died, and the helper "
                          "begins anew. Try again in a moment; machines that run go on."));
}

/* A child that waits at the other end of @channel: its pid, or 0. */
static pid_t
request (const char *what, int child_end, int *out_pidfd, GError **error)
{
  VmhSpawnNews news;

  if (vmh_wire_send (server.control, what, 1, child_end, 0) < 0)
    lose ();
  while (server.control >= 0)
    {
      struct pollfd waiting = { .fd = server.control, .events = POLLIN };
      int ready = poll (&waiting, 1, FORK_WAIT_MS);

      if (ready == 0)
        lose ();
      if (ready <= 0 || !receive (&news, out_pidfd))
        continue;
      if (!news.ended && news.pid != 0 && *out_pidfd >= 0)
        return news.pid;
      if (!news.ended)
        {
          /* A child whose pidfd found no room here could not be ended; its socket's end ends it. */
          set_fork_error (error, news.pid == 0 ? news.status : EMFILE);
          return 0;
        }
      /* Not now: who is told might start something itself. */
      g_queue_push_tail (&server.news, g_memdup2 (&news, sizeof news));
      if (server.idle == 0)
        server.idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_old_news, NULL, NULL);
    }
  set_lost (error);
  return 0;
}

static int
compare_slots (gconstpointer a, gconstpointer b)
{
  return ((const Slot *)a)->number - ((const Slot *)b)->number;
}

static gboolean
send_part (int channel, gconstpointer bytes, gsize size, int fd)
{
  return vmh_wire_send (channel, bytes, size, fd, 0) == (ssize_t)size;
}

/* The child reads as fast as it can; the socket's own time limit is for one that somebody stops. */
static gboolean
send_order (VmhSpawn *spawn, int channel)
{
  GArray *slots = spawn->slots;
  g_autofree gint32 *numbers = g_new (gint32, slots->len + 1);

  for (guint i = 0; i < slots->len; i++)
    numbers[i] = g_array_index (slots, Slot, i).number;
  spawn->order.n_fds = slots->len;
  spawn->order.n_bytes = spawn->texts->len;
  if (!send_part (channel, &spawn->order, sizeof spawn->order, -1))
    return FALSE;
  for (guint at = 0; at < spawn->texts->len; at += VMH_SPAWN_FRAME)
    if (!send_part (channel, spawn->texts->data + at, MIN (spawn->texts->len - at, VMH_SPAWN_FRAME),
                    -1))
      return FALSE;
  if (slots->len > 0 && !send_part (channel, numbers, slots->len * sizeof numbers[0], -1))
    return FALSE;
  for (guint i = 0; i < slots->len; i++)
    if (!send_part (channel, "", 1, g_array_index (slots, Slot, i).fd))
      return FALSE;
  return TRUE;
}

static void
close_pair (int *ends)
{
  for (int i = 0; i < 2; i++)
    if (ends[i] >= 0)
      close (ends[i]);
}

/* The program's own fd comes after all others. */
static gboolean
prepare (VmhSpawn *spawn, int *pipe_ends, GError **error)
{
  int last = 2;

  if (spawn->texts->len > VMH_SPAWN_MAX_BYTES || spawn->order.n_texts > VMH_SPAWN_MAX_TEXTS ||
      spawn->slots->len + 2 > VMH_SPAWN_MAX_FDS)
    {
      g_set_error_literal (error, INN_ERROR, INN_ERROR_LIMIT,
                           _ ("The machine has too many devices. Remove some."));
      return FALSE;
    }
  if (spawn->captured != 0)
    {
      if (pipe2 (pipe_ends, O_CLOEXEC) < 0)
        {
          set_fork_error (error, errno);
          return FALSE;
        }
      vmh_spawn_pass_fd (spawn, spawn->captured, pipe_ends[1]);
    }
  for (guint i = 0; i < spawn->slots->len; i++)
    last = MAX (last, g_array_index (spawn->slots, Slot, i).number);
  if (spawn->program >= 0)
    {
      spawn->order.flags = last + 1;
      vmh_spawn_pass_fd (spawn, last + 1, spawn->program);
    }
  g_array_sort (spawn->slots, compare_slots);
  return TRUE;
}

VmhProcess *
vmh_spawn_start (VmhSpawn *spawn, VmhSpawnFunc func, gpointer data, GError **error)
{
  const struct timeval patience = { .tv_sec = FORK_WAIT_MS / 1000 };
  int ends[2] = { -1, -1 }, pipe_ends[2] = { -1, -1 };
  g_autoptr (VmhProcess) process = NULL;
  int pidfd = -1;
  pid_t pid = 0;

  if (!vmh_spawn_begin (error) || !vmh_stuck_check (spawn->user, error) ||
      !prepare (spawn, pipe_ends, error))
    return NULL;
  if (server.control < 0)
    set_lost (error);
  else if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    set_fork_error (error, errno);
  else
    {
      setsockopt (ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      pid = request (spawn->bound ? VMH_SPAWN_BIND : VMH_SPAWN_FORK, ends[1], &pidfd, error);
    }
  if (pid == 0)
    {
      close_pair (ends);
      close_pair (pipe_ends);
      return NULL;
    }
  close (ends[1]);
  process = vmh_process_new (pid, pidfd, ends[0], spawn->user);
  g_hash_table_insert (server.processes, GINT_TO_POINTER (pid), vmh_process_ref (process));
  if (func == NULL || func (pid, data, error))
    {
      if (send_order (spawn, ends[0]))
        {
          if (spawn->captured != 0)
            {
              close (pipe_ends[1]);
              vmh_process_take_pipe (process, pipe_ends[0], spawn->most);
            }
          return g_steal_pointer (&process);
        }
      set_fork_error (error, errno);
    }
  close_pair (pipe_ends);
  vmh_process_kill (process);
  return NULL;
}
