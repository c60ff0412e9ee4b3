/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns a running QEMU's connections and how its end is seen. */
#include "qemu/vmh-qemu-private.h"

#include "qemu/vmh-fd.h"
#include "qemu/vmh-runtime.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#define LAST_WORDS_MS 1000 /* from QEMU's death to its shim's, which has written down why */

G_DEFINE_FINAL_TYPE (VmhQemu, vmh_qemu, G_TYPE_OBJECT)

enum
{
  SIGNAL_EVENT,
  SIGNAL_ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* ---- the end ---- */

/* Whoever loses interest in it, it stays until nothing of it runs: its record has to go. */
static void
hold (VmhQemu *qemu)
{
  if (!qemu->held)
    g_object_ref (qemu);
  qemu->held = TRUE;
}

static void
release (VmhQemu *qemu)
{
  if (!qemu->held || !qemu->ended || qemu->shim_pidfd >= 0)
    return;
  qemu->held = FALSE;
  g_object_unref (qemu);
}

static void
finish_end (VmhQemu *qemu)
{
  if (qemu->ended)
    return;
  qemu->ended = TRUE;
  qemu->clean = vmh_record_load_end (qemu->bundle, &qemu->words);
  g_object_ref (qemu);
  g_clear_handle_id (&qemu->end_timeout, g_source_remove);
  vmh_qemu_fail_connect (
      qemu, g_error_new_literal (INN_ERROR, INN_ERROR_QEMU, _ ("QEMU did not start.")));
  if (qemu->monitor)
    vmh_qmp_close (qemu->monitor);
  if (qemu->events)
    vmh_qmp_close (qemu->events);
  vmh_qemu_end_beside (qemu->record);
  vmh_record_remove (qemu->bundle, qemu->record);
  g_signal_emit (qemu, signals[SIGNAL_ENDED], 0, qemu->clean);
  release (qemu);
  g_object_unref (qemu);
}

static gboolean
on_end_timeout (gpointer data)
{
  g_autoptr (VmhQemu) qemu = g_object_ref (data);

  qemu->end_timeout = 0;
  finish_end (qemu);
  return G_SOURCE_REMOVE;
}

/* When we killed it nobody waits for a reason, but who has said so, and for what ran beside it;
 * else the shim is about to write it down. */
static void
see_death (VmhQemu *qemu)
{
  if (qemu->dead)
    return;
  qemu->dead = TRUE;
  qemu->record->qemu.pid = 0;
  if ((qemu->killed && !qemu->wanted && !qemu->record->beside) || qemu->shim_pidfd < 0)
    finish_end (qemu);
  else
    {
      g_clear_handle_id (&qemu->end_timeout, g_source_remove);
      qemu->end_timeout = g_timeout_add (LAST_WORDS_MS, on_end_timeout, qemu);
    }
}

static gboolean
on_qemu_gone (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (VmhQemu) qemu = g_object_ref (data);

  qemu->pidfd_source = 0;
  vmh_clear_fd (&qemu->pidfd);
  see_death (qemu);
  return G_SOURCE_REMOVE;
}

static gboolean
on_shim_gone (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (VmhQemu) qemu = g_object_ref (data);

  qemu->shim_source = 0;
  vmh_clear_fd (&qemu->shim_pidfd);
  if (qemu->dead)
    finish_end (qemu);
  else if (qemu->pidfd < 0) /* before its pid was known: it never ran */
    see_death (qemu);
  release (qemu);
  return G_SOURCE_REMOVE;
}

gboolean
vmh_qemu_watch_shim (VmhQemu *qemu)
{
  qemu->shim_pidfd = vmh_pid_open (&qemu->record->shim);
  if (qemu->shim_pidfd < 0)
    return FALSE;
  hold (qemu);
  qemu->shim_source = g_unix_fd_add (qemu->shim_pidfd, G_IO_IN, on_shim_gone, qemu);
  return TRUE;
}

gboolean
vmh_qemu_watch (VmhQemu *qemu)
{
  qemu->pidfd = vmh_pid_open (&qemu->record->qemu);
  if (qemu->pidfd < 0)
    return FALSE;
  hold (qemu);
  /* Before anything else: a dead guest answers nothing. */
  qemu->pidfd_source =
      g_unix_fd_add_full (G_PRIORITY_HIGH, qemu->pidfd, G_IO_IN, on_qemu_gone, qemu, NULL);
  return TRUE;
}

/* ---- connecting ---- */

void
vmh_qemu_fail_connect (VmhQemu *qemu, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&qemu->connecting);

  if (task)
    g_task_return_error (task, error);
  else
    g_error_free (error);
}

static void
check_connected (VmhQemu *qemu)
{
  g_autoptr (GTask) task = NULL;

  if (!qemu->connecting || !qemu->monitor || !qemu->events || qemu->pidfd < 0)
    return;
  task = g_steal_pointer (&qemu->connecting);
  g_task_return_boolean (task, TRUE);
}

static void
on_monitor_event (VmhQmp *qmp,
                  const char *name,
                  JsonObject *data,
                  gint64 micros,
                  gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_EVENT], 0, name, data);
}

/* The process is what counts: it is dead, or about to be, or does not obey us any more. */
static void
on_monitor_closed (VmhQmp *qmp, const GError *error, gpointer user_data)
{
  VmhQemu *qemu = user_data;

  if (!qemu->ended && !qemu->killed && !qemu->dead)
    g_info ("a monitor is closed: %s", error->message);
}

static void
on_monitor_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhQemu) qemu = data;
  GError *error = NULL;

  qemu->monitor = vmh_qmp_open_finish (result, &error);
  if (!qemu->monitor)
    {
      vmh_qemu_fail_connect (qemu, error);
      return;
    }
  g_signal_connect_object (qemu->monitor, "closed", G_CALLBACK (on_monitor_closed), qemu, 0);
  check_connected (qemu);
}

static void
on_events_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (VmhQemu) qemu = data;
  GError *error = NULL;

  qemu->events = vmh_qmp_open_finish (result, &error);
  if (!qemu->events)
    {
      vmh_qemu_fail_connect (qemu, error);
      return;
    }
  g_signal_connect_object (qemu->events, "closed", G_CALLBACK (on_monitor_closed), qemu, 0);
  g_signal_connect_object (qemu->events, "event", G_CALLBACK (on_monitor_event), qemu, 0);
  check_connected (qemu);
}

static gboolean
on_shim_hangs (gpointer data)
{
  VmhQemu *qemu = data;

  qemu->end_timeout = 0;
  vmh_pid_kill_family (&qemu->record->shim);
  return G_SOURCE_REMOVE;
}

/* Whatever the shim has begun. It ends itself when it has written down why, or is ended. */
static void
kill_unknown (VmhQemu *qemu)
{
  vmh_pid_kill_children (&qemu->record->shim);
  if (qemu->end_timeout == 0)
    qemu->end_timeout = g_timeout_add (LAST_WORDS_MS, on_shim_hangs, qemu);
}

/* It is gone already, or we cannot look at it: then it must not stay. */
static void
forget_pid (VmhQemu *qemu)
{
  qemu->record->qemu.pid = 0;
  kill_unknown (qemu);
}

static void
see_pid (VmhQemu *qemu, pid_t number)
{
  g_autoptr (GError) error = NULL;
  VmhPid pid;

  if (!vmh_pid_look (number, &pid))
    {
      forget_pid (qemu); /* the shim's end tells why */
      return;
    }
  qemu->record->qemu = pid;
  if (!vmh_qemu_watch (qemu))
    {
      forget_pid (qemu);
      return;
    }
  if (!vmh_record_save (qemu->record, qemu->bundle, &error))
    vmh_qemu_fail_connect (qemu, g_steal_pointer (&error));
  if (qemu->killed) /* before we knew whom to kill */
    vmh_pidfd_kill (qemu->pidfd);
  else
    check_connected (qemu);
}

/* bwrap writes {"child-pid": N, and then more, as soon as there is a child with QEMU's room around
 * it. All is read: bwrap would die of a closed pipe. */
static gboolean
on_info (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (VmhQemu) qemu = g_object_ref (data);
  char text[512] = { 0 };
  ssize_t n = read (fd, text, sizeof text - 1);
  const char *at = n > 0 ? strstr (text, "\"child-pid\":") : NULL;

  if (at && qemu->record->qemu.pid == 0 && !qemu->dead)
    see_pid (qemu, (pid_t)g_ascii_strtoll (at + strlen ("\"child-pid\":"), NULL, 10));
  if (n > 0 || (n < 0 && errno == EINTR))
    return G_SOURCE_CONTINUE;
  qemu->info_source = 0;
  vmh_clear_fd (&qemu->info);
  if (qemu->pidfd < 0 && !qemu->dead)
    forget_pid (qemu); /* it did not come that far */
  return G_SOURCE_REMOVE;
}

void
vmh_qemu_watch_info (VmhQemu *qemu, int fd)
{
  qemu->info = fd;
  qemu->info_source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_info, qemu);
}

void
vmh_qemu_connect_async (VmhQemu *qemu,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer data)
{
  g_autoptr (GTask) task = g_task_new (qemu, cancellable, callback, data);
  VMH_AUTOFD monitor = -1;
  VMH_AUTOFD events = -1;
  GError *error = NULL;

  g_task_set_source_tag (task, vmh_qemu_connect_async);
  g_task_set_check_cancellable (task, FALSE);
  monitor = vmh_runtime_connect (qemu->bundle, "monitor", SOCK_STREAM, &error);
  if (monitor >= 0)
    events = vmh_runtime_connect (qemu->bundle, "events", SOCK_STREAM, &error);
  if (events < 0)
    {
      g_task_return_error (task, error);
      return;
    }
  qemu->connecting = g_steal_pointer (&task);
  vmh_qmp_open_async (vmh_steal_fd (&monitor), cancellable, on_monitor_opened, g_object_ref (qemu));
  vmh_qmp_open_async (vmh_steal_fd (&events), cancellable, on_events_opened, g_object_ref (qemu));
}

gboolean
vmh_qemu_connect_finish (VmhQemu *qemu, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- the object ---- */

static void
vmh_qemu_dispose (GObject *object)
{
  VmhQemu *qemu = VMH_QEMU (object);

  g_clear_handle_id (&qemu->pidfd_source, g_source_remove);
  g_clear_handle_id (&qemu->shim_source, g_source_remove);
  g_clear_handle_id (&qemu->info_source, g_source_remove);
  g_clear_handle_id (&qemu->end_timeout, g_source_remove);
  vmh_clear_fd (&qemu->pidfd);
  vmh_clear_fd (&qemu->shim_pidfd);
  vmh_clear_fd (&qemu->info);
  if (qemu->monitor)
    vmh_qmp_close (qemu->monitor);
  if (qemu->events)
    vmh_qmp_close (qemu->events);
  g_clear_object (&qemu->monitor);
  g_clear_object (&qemu->events);
  G_OBJECT_CLASS (vmh_qemu_parent_class)->dispose (object);
}

static void
vmh_qemu_finalize (GObject *object)
{
  VmhQemu *qemu = VMH_QEMU (object);

  g_clear_pointer (&qemu->words, g_bytes_unref);
  vmh_bundle_unref (qemu->bundle);
  vmh_record_free (qemu->record);
  G_OBJECT_CLASS (vmh_qemu_parent_class)->finalize (object);
}

static void
vmh_qemu_class_init (VmhQemuClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = vmh_qemu_dispose;
  object_class->finalize = vmh_qemu_finalize;
  signals[SIGNAL_EVENT] = g_signal_new ("event", VMH_TYPE_QEMU, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 2, G_TYPE_STRING, JSON_TYPE_OBJECT);
  signals[SIGNAL_ENDED] = g_signal_new ("ended", VMH_TYPE_QEMU, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                        NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
vmh_qemu_init (VmhQemu *qemu)
{
  qemu->info = qemu->pidfd = qemu->shim_pidfd = -1;
}

VmhQemu *
vmh_qemu_new (VmhBundle *bundle, VmhRecord *record)
{
  VmhQemu *qemu = g_object_new (VMH_TYPE_QEMU, NULL);

  qemu->bundle = vmh_bundle_ref (bundle);
  qemu->record = record;
  return qemu;
}

VmhQmp *
vmh_qemu_get_monitor (VmhQemu *qemu)
{
  return qemu->monitor;
}

pid_t
vmh_qemu_get_pid (VmhQemu *qemu)
{
  return qemu->pidfd >= 0 ? qemu->record->qemu.pid : 0;
}

void
vmh_qemu_list_pids (VmhQemu *qemu, GArray *pids)
{
  vmh_pid_list_family (&qemu->record->shim, pids);
}

const char *
vmh_qemu_get_accelerator (VmhQemu *qemu)
{
  return qemu->record->accelerator;
}

const char *
vmh_qemu_get_reason (VmhQemu *qemu)
{
  return qemu->record->reason;
}

const char *
vmh_qemu_get_user_network (VmhQemu *qemu)
{
  return qemu->record->user_network ? qemu->record->user_network : "";
}

const char *const *
vmh_qemu_get_displays (VmhQemu *qemu)
{
  return (const char *const *)qemu->record->displays;
}

const char *const *
vmh_qemu_get_lines (VmhQemu *qemu)
{
  return (const char *const *)qemu->record->lines;
}

/* The next helper, if we are killed now, takes its end for what it is. */
static void
note_kill (VmhQemu *qemu)
{
  g_autoptr (GError) error = NULL;

  qemu->record->ending = TRUE;
  if (!vmh_record_save (qemu->record, qemu->bundle, &error))
    g_info ("%s", error->message);
}

void
vmh_qemu_kill (VmhQemu *qemu)
{
  gboolean again = qemu->killed;

  qemu->killed = TRUE;
  if (qemu->pidfd >= 0 && !again && !qemu->wanted)
    note_kill (qemu);
  if (qemu->pidfd >= 0)
    vmh_pidfd_kill (qemu->pidfd);
  else if (qemu->info < 0 && !qemu->dead)
    kill_unknown (qemu);
}

void
vmh_qemu_want_words (VmhQemu *qemu)
{
  qemu->wanted = TRUE;
}

GBytes *
vmh_qemu_get_words (VmhQemu *qemu)
{
  return qemu->words;
}

gboolean
vmh_qemu_has_ended (VmhQemu *qemu, gboolean *clean)
{
  *clean = qemu->clean;
  return qemu->ended;
}

gboolean
vmh_qemu_set_ready (VmhQemu *qemu, GError **error)
{
  qemu->record->starting = FALSE;
  return vmh_record_save (qemu->record, qemu->bundle, error);
}
